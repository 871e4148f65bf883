"""Something happened to a ticket: whoever is to know of it gets a mail, or it is withheld; once, however often it is told.

A mail that awaits more of what happened is completed by it, as long as it has not been tried.
"""

from dataclasses import dataclass

from deskstream_contracts.events.tickets import TicketEvent, TicketOpenedV1
from notify_svc.domain import notices
from notify_svc.domain.addresses import Address, address_id
from notify_svc.messaging.heard import notices_of
from notify_svc.persistence.unit import NotifyUnit


@dataclass(frozen=True, slots=True)
class Notify:
    event: TicketEvent

    def needs(self, unit: NotifyUnit) -> None:
        for notice in notices_of(self.event):
            unit.people.need(notice.ticket.customer_id)
            unit.addresses.need(address_id(notice.to.email))
            unit.need_notified(notice.id)

    def handle(self, unit: NotifyUnit) -> None:
        for notice in notices_of(self.event):
            person = unit.people.get(notice.ticket.customer_id)
            if unit.has_notified(notice.id):
                if notice.completes:
                    unit.complete(notices.put_into_words(notice, person, None, unit.policy, unit.now))
                continue
            address = self._address(unit, notice.to.email)
            counted, withheld = notices.admit(notice, address, unit.policy, unit.now)
            if counted != address:
                unit.addresses.put(counted)
            unit.keep(notices.put_into_words(notice, person, withheld, unit.policy, unit.now))

    def _address(self, unit: NotifyUnit, email: str) -> Address:
        """Of who wrote the message that opened the ticket it is known that it lives."""
        event = self.event
        if not isinstance(event, TicketOpenedV1) or event.message_id is None:
            return unit.address(email)
        return unit.hear_from(email, proven=bool(event.sender_proven), at=event.ticket.opened_at)
