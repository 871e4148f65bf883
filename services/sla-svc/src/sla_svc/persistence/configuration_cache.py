"""Configurations by version, as this process has read them: policies compiled, calendars with the days worked out so far."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from sla_svc.domain.calendar import BusinessCalendar, CalendarDefinition, IsHoliday
from sla_svc.domain.policy import Policy, SlaConfiguration
from sla_svc.domain.ticket_sla import TicketSla

POLICIES: Final = TypeAdapter(tuple[Policy, ...])
CALENDARS: Final = TypeAdapter(tuple[CalendarDefinition, ...])
SLA: Final = TypeAdapter(TicketSla)
_KEPT = 50
_CALENDARS_KEPT: Final = 500
_CONFIGURATIONS = text("""SELECT version, policies::text, calendars::text FROM configurations
    WHERE version = ANY(CAST(:versions AS integer[]))""")


class ConfigurationCache:
    """Shared by all units of a process. A version of the configuration never changes, so nothing here grows stale."""

    def __init__(self, is_holiday_of: Callable[[CalendarDefinition], IsHoliday]) -> None:
        self.is_holiday_of = is_holiday_of
        self._configurations: dict[int, SlaConfiguration] = {}
        # Also of what was only tried: so the least used go.
        self._calendar = lru_cache(_CALENDARS_KEPT)(lambda definition: BusinessCalendar(definition, is_holiday_of(definition)))

    def get(self, version: int) -> SlaConfiguration:
        """A version that was read. Raises KeyError for any other."""
        return self._configurations[version]

    async def read(self, connection: Connection, versions: Iterable[int]) -> None:
        """Makes sure that these versions can be had by `get`."""
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
        """Calendars that were compiled before are used again, with the days that they have worked out."""
        calendars = {definition.name: self._calendar(definition) for definition in definitions}
        return SlaConfiguration(version, policies, calendars, definitions)
