"""The policies are put as a whole; the same again change nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from deskstream_contracts.wire import Actor
from sla_svc.domain.configuring import put_policies
from sla_svc.domain.policy import Policy
from sla_svc.handlers.follow_configuration import PutInForce, let_open_tickets_follow
from sla_svc.persistence.unit import SlaUnit


@dataclass(frozen=True, slots=True)
class PutPolicies:
    policies: Sequence[Policy]
    note: str
    by: Actor
    expected_version: int | None = None
    follow: bool = False
    checked_against: int | None = None

    def needs(self, unit: SlaUnit) -> None:
        unit.configurations.need_for_configuring()

    def handle(self, unit: SlaUnit) -> PutInForce:
        current = unit.configurations.current
        configuration = put_policies(current, self.policies, self.expected_version, unit.compiler, self.checked_against)
        if configuration is not current:
            unit.put_in_force(configuration, self.note, self.by)
        return PutInForce(configuration, let_open_tickets_follow(unit, configuration, self.by) if self.follow else None)
