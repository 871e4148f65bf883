"""Public holidays, by the `holidays` package."""

from datetime import date
from functools import lru_cache

from sla_svc.domain.calendar import CalendarDefinition, IsHoliday, UnknownHolidays


def is_holiday_of(definition: CalendarDefinition) -> IsHoliday:
    """Whether a date is a holiday where a calendar is kept. Raises UnknownHolidays for a country or subdivision that it lacks."""
    if definition.country is None:
        return lambda _: False
    try:
        return _holidays(definition.country, definition.subdivision)
    except (NotImplementedError, KeyError, AttributeError) as unknown:
        raise UnknownHolidays from unknown


@lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str | None) -> IsHoliday:
    # Here, because the package takes a while to load and most desks need one country of it.
    from holidays import country_holidays

    found = country_holidays(country, subdiv=subdivision)
    # Years are worked out when they are first asked for; what cannot be is to be known before a calendar is taken.
    _ = date(2026, 1, 1) in found

    def is_holiday(when: date) -> bool:
        return when in found

    return is_holiday
