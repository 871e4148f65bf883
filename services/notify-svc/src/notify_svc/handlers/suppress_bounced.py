"""A mail bounced: it was not delivered. The address is not written to any more, or nothing automatic goes there for a while."""

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
        heard = bounce(self.event)
        unit.addresses.need(address_id(heard.email))
        if heard.about:
            unit.sent.need(heard.about)

    def handle(self, unit: NotifyUnit) -> None:
        heard = bounce(self.event)
        sent = unit.sent.find(heard.about or "", heard.email)
        if sent is not None and sent.status == "sent" and heard.action == "failed":
            unit.return_mail(sent, f"{heard.status} {heard.diagnostic or ''}".strip())
        address = unit.address(heard.email)
        after = addresses.bounced(address, heard, ours=unit.sent.was_sent(heard.about or "", heard.email))
        if after != address:
            unit.addresses.put(after)
