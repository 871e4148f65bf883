"""A mail bounced: an address that will never take mail is not written to any more."""

from dataclasses import dataclass

from deskstream_contracts.events.inbound import DeliveryBouncedV1
from notify_svc.domain import addresses
from notify_svc.domain.addresses import address_id
from notify_svc.messaging.heard import bounce
from notify_svc.persistence.unit import NotifyUnit


@dataclass(frozen=True, slots=True)
class SuppressBounced:
    event: DeliveryBouncedV1

    def needs(self, unit: NotifyUnit) -> None:
        unit.addresses.need(address_id(self.event.recipient))
        if self.event.original_rfc_message_id:
            unit.sent.need(self.event.original_rfc_message_id)

    def handle(self, unit: NotifyUnit) -> None:
        address = unit.address(self.event.recipient)
        ours = unit.sent.was_sent(self.event.original_rfc_message_id or "", self.event.recipient)
        after = addresses.bounced(address, bounce(self.event), ours)
        if after != address:
            unit.addresses.put(after)
