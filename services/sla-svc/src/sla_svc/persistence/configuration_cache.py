"""Configurations by version, as this process has read them: policies compiled, calendars with the days worked out so far."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from sla_svc.domain.calendar import BusinessCalendar, CalendarDefinition, IsHoliday
from sla_svc.domain.policy import Policy, SlaConfiguration
from sla_svc.domain.sla import TicketSla

POLICIES: Final = TypeAdapter(tuple[Policy, ...])
CALENDARS: Final = TypeAdapter(tuple[CalendarDefinition, ...])
SLA: Final = TypeAdapter(TicketSla)
_KEPT = 50
_CONFIGURATIONS = text("""SELECT version, policies::text, calendars::text FROM configurations
    WHERE version = ANY(CAST(:versions AS integer[]))""")


class ConfigurationCache:
    """Shared by all units of a process. A version of the configuration never changes, so nothing here grows stale."""

    def __init__(self) -> None:
        self._configurations: dict[int, SlaConfiguration] = {}
        self._calendars: dict[CalendarDefinition, BusinessCalendar] = {}

    def get(self, version: int) -> SlaConfiguration:
        return self._configurations[version]

    async def read(self, connection: Connection, versions: Iterable[int]) -> None:
        """Makes sure that these versions are known."""
        wanted = set(versions)
        missing = wanted - self._configurations.keys()
        if not missing:
            return
        for version in [v for v in self._configurations if v not in wanted][: max(0, len(self._configurations) - _KEPT)]:
            del self._configurations[version]
        for version, policies, calendars in await connection.execute(_CONFIGURATIONS, {"versions": sorted(missing)}):
            configuration = self.compiled(version, POLICIES.validate_json(policies), CALENDARS.validate_json(calendars))
            self._configurations[version] = configuration

    def compiled(self, version: int, policies: tuple[Policy, ...], definitions: tuple[CalendarDefinition, ...]) -> SlaConfiguration:
        calendars: dict[str, BusinessCalendar] = {}
        for definition in definitions:
            calendar = self._calendars.get(definition)
            if calendar is None:
                calendar = self._calendars[definition] = BusinessCalendar(definition, is_holiday_of(definition))
            calendars[definition.name] = calendar
        return SlaConfiguration(version, policies, calendars, definitions)


def is_holiday_of(definition: CalendarDefinition) -> IsHoliday:
    """Raises NotImplementedError for a country or a subdivision that is not known."""
    if definition.country is None:
        return lambda _: False
    return _holidays(definition.country, definition.subdivision)


@lru_cache(maxsize=64)
def _holidays(country: str, subdivision: str | None) -> IsHoliday:
    # Here, because the package takes a while to load and most desks need one country of it.
    from holidays import country_holidays

    found = country_holidays(country, subdiv=subdivision)

    def is_holiday(when: date) -> bool:
        return when in found

    return is_holiday
