"""A delivery that failed is to be sent again."""

from dataclasses import dataclass, replace
from uuid import UUID

from deskstream_contracts.wire import Actor
from notify_svc.domain.addresses import address_id
from notify_svc.domain.deliveries import KeptDelivery, NoSuchDelivery, resend
from notify_svc.persistence.unit import NotifyUnit


@dataclass(frozen=True, slots=True)
class ResendDelivery:
    id: UUID
    by: Actor

    def needs(self, unit: NotifyUnit) -> None:
        unit.kept.need(self.id)

    def handle(self, unit: NotifyUnit) -> KeptDelivery:
        kept = unit.kept.get(self.id)
        if kept is None:
            raise NoSuchDelivery
        return resent(unit, kept, self.by)


def resent(unit: NotifyUnit, kept: KeptDelivery, by: Actor) -> KeptDelivery:
    """The delivery after it was queued again, or as it was where it is queued already. Raises CannotBeResent."""
    address = unit.addresses.get(address_id(kept.recipient))
    if not resend(kept, address.suppressed_because if address else None, unit.policy.desk.domain):
        return kept
    unit.requeue(kept, by)
    return replace(kept, status="queued")
