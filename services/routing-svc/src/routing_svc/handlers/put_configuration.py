"""The rules are put as a whole, and are in force from the next decision on; the same rules again change nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from deskstream_contracts.wire import Actor
from routing_svc.domain.configuring import configure
from routing_svc.domain.rules import Configuration, Rule
from routing_svc.persistence.unit import RoutingUnit


@dataclass(frozen=True, slots=True)
class PutConfiguration:
    rules: Sequence[Rule]
    note: str
    by: Actor
    expected_version: int | None = None

    def needs(self, unit: RoutingUnit) -> None:
        unit.staffing.need(for_configuring=True)

    def handle(self, unit: RoutingUnit) -> Configuration:
        current, workforce = unit.staffing.configuration, unit.staffing.roster.workforce
        configuration = configure(current, self.rules, self.expected_version, workforce, unit.expressions, unit.new_id)
        if configuration is not current:
            unit.put_in_force(configuration, self.note, self.by)
        return configuration
