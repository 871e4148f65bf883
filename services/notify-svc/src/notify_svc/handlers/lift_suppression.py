"""An address that bounced is to be written to again."""

from dataclasses import dataclass

from deskstream_contracts.wire import Actor
from notify_svc.domain import addresses
from notify_svc.domain.addresses import Address, address_id
from notify_svc.persistence.unit import NotifyUnit


@dataclass(frozen=True, slots=True)
class LiftSuppression:
    email: str
    by: Actor

    def needs(self, unit: NotifyUnit) -> None:
        unit.addresses.need(address_id(self.email))

    def handle(self, unit: NotifyUnit) -> Address:
        lifted = addresses.lift(unit.address(self.email), unit.now)
        unit.addresses.put(lifted)
        return lifted
