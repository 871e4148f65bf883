"""A message whose sender is known: it opens a ticket, or is appended to the one its thread names."""

from dataclasses import dataclass

from deskstream_contracts.events.customers import RequesterIdentifiedV1
from deskstream_contracts.wire import Actor
from ticket_svc.domain import decisions
from ticket_svc.messaging.heard import request
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class TakeMessage:
    event: RequesterIdentifiedV1

    def needs(self, unit: TicketUnit) -> None:
        unit.tickets.need_by("thread_root", self.event.thread.root)
        unit.numbers.need(self.event.thread.root)

    def handle(self, unit: TicketUnit) -> None:
        message, who = self.event.message, self.event.requester
        by = Actor(kind="customer", id=str(who.customer_id), name=who.name or who.email)
        ticket = unit.tickets.find("thread_root", self.event.thread.root)
        if ticket is None:
            opened = decisions.open_ticket(request(self.event), unit.new_id(), unit.numbers.take(), unit.types, unit.now)
            ticket = unit.open(opened, by)
        else:
            unit.change(ticket, decisions.customer_replies(ticket, message.id, message.rfc_message_id, unit.now), by)
        unit.keep_received(message, ticket)
