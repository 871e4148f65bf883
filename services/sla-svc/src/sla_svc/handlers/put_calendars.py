"""The calendars are put as a whole; the same again change nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from deskstream_contracts.wire import Actor
from sla_svc.domain.calendar import CalendarDefinition
from sla_svc.domain.configuring import put_calendars
from sla_svc.handlers.follow_configuration import PutInForce, let_open_tickets_follow
from sla_svc.persistence.unit import SlaUnit


@dataclass(frozen=True, slots=True)
class PutCalendars:
    calendars: Sequence[CalendarDefinition]
    note: str
    by: Actor
    expected_version: int | None = None
    follow: bool = False
    checked_against: int | None = None

    def needs(self, unit: SlaUnit) -> None:
        unit.configurations.need_for_configuring()

    def handle(self, unit: SlaUnit) -> PutInForce:
        current = unit.configurations.current
        configuration = put_calendars(current, self.calendars, self.expected_version, unit.compiler, self.checked_against)
        if configuration is not current:
            unit.put_in_force(configuration, self.note, self.by)
        return PutInForce(configuration, let_open_tickets_follow(unit, configuration, self.by) if self.follow else None)
