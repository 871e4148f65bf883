"""Events of others as the domain has them: the translation on the way in."""

from deskstream_contracts.addressing import folded
from deskstream_contracts.events.tickets import (
    TicketCustomerRepliedV1,
    TicketMachineRepliedV1,
    TicketOpenedV1,
    TicketState,
)
from ingest_svc.domain.entries import TicketOutcome
from ingest_svc.domain.threading import TicketThread


def thread(ticket: TicketState) -> TicketThread:
    """The ticket's thread, and who takes part in it: the participants and the requester, in lower case."""
    addresses = (folded(address.strip()) for address in (*ticket.participants, ticket.requester.email))
    return TicketThread(ticket.thread_root, frozenset(filter(None, addresses)), ticket.id, ticket.number, ticket.version)


def outcome(event: TicketOpenedV1 | TicketCustomerRepliedV1 | TicketMachineRepliedV1) -> TicketOutcome | None:
    """What became of the message that the event is about; None where no message opened the ticket."""
    ticket = event.ticket
    if isinstance(event, TicketCustomerRepliedV1):
        remark = "reopened" if event.reopened else None
        return TicketOutcome(event.message_id, "appended", ticket.id, ticket.number, remark)
    if isinstance(event, TicketMachineRepliedV1):
        return TicketOutcome(event.message_id, "appended", ticket.id, ticket.number, "of a machine")
    return None if event.message_id is None else TicketOutcome(event.message_id, "opened", ticket.id, ticket.number)
