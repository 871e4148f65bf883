"""The rules of an older version are put again, as a new version: history is not rewritten."""

from dataclasses import dataclass

from deskstream_contracts.wire import Actor
from routing_svc.domain.refusals import NoSuchConfiguration
from routing_svc.domain.rules import Configuration
from routing_svc.handlers.put_configuration import PutConfiguration
from routing_svc.persistence.unit import RoutingUnit


@dataclass(frozen=True, slots=True)
class RollBackConfiguration:
    version: int
    by: Actor
    expected_version: int | None = None

    def needs(self, unit: RoutingUnit) -> None:
        unit.staffing.need(for_configuring=True)
        unit.old_rules.need(self.version)

    def handle(self, unit: RoutingUnit) -> Configuration:
        rules = unit.old_rules.of(self.version)
        if rules is None:
            raise NoSuchConfiguration(self.version)
        return PutConfiguration(rules, f"Back to version {self.version}.", self.by, self.expected_version).handle(unit)
