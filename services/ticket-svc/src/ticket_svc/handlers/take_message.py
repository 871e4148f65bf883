"""A message whose sender is known opens a ticket, or is appended to the one its thread names: once, however often it is told."""

from dataclasses import dataclass

from deskstream_contracts.events.customers import RequesterIdentifiedV1
from deskstream_contracts.wire import MACHINES
from ticket_svc.domain import decisions
from ticket_svc.messaging.heard import customer, request
from ticket_svc.persistence.unit import TicketUnit


@dataclass(frozen=True, slots=True)
class TakeMessage:
    event: RequesterIdentifiedV1

    def needs(self, unit: TicketUnit) -> None:
        unit.tickets.need_by("thread_root", self.event.thread.root)
        unit.numbers.need(self.event.thread.root)
        unit.need_received(self.event.message.id)

    def handle(self, unit: TicketUnit) -> None:
        message = self.event.message
        if unit.has_received(message.id):
            return
        by = customer(self.event.requester)
        ticket = unit.tickets.find("thread_root", self.event.thread.root)
        if ticket is None:
            opened = decisions.open_ticket(
                request(self.event, unit.fields), unit.new_id(), unit.numbers.take(), unit.types, unit.now
            )
            ticket = unit.open(opened, by)
        elif message.automatic in MACHINES:
            unit.change(ticket, decisions.machine_replies(message.id, message.automatic, unit.now), by)
        else:
            unit.change(ticket, decisions.customer_replies(ticket, message.id, message.rfc_message_id, unit.now), by)
        unit.keep_received(message, ticket)
