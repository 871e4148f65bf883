"""What a request asks of a ticket, as a use case."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from deskstream_chassis.web.subjects import Subject, actor
from deskstream_contracts import commands as bodies
from deskstream_contracts.addressing import folded
from ticket_svc.domain.reference import TicketReference
from ticket_svc.domain.ticket import Assignee, Classification, Priority
from ticket_svc.handlers.add_note import AddNote
from ticket_svc.handlers.assign_ticket import AssignTicket
from ticket_svc.handlers.classify_ticket import ClassifyTicket
from ticket_svc.handlers.close_ticket import CloseTicket
from ticket_svc.handlers.prioritise_ticket import PrioritiseTicket
from ticket_svc.handlers.reopen_ticket import ReopenTicket
from ticket_svc.handlers.reply_to_customer import ReplyToCustomer
from ticket_svc.handlers.resolve_ticket import ResolveTicket
from ticket_svc.handlers.send_now import SendNow
from ticket_svc.handlers.start_ticket import StartTicket
from ticket_svc.handlers.undo_act import UndoAct

Reference = Annotated[str, Path(description="A ticket's id, or its number.", pattern=r"^([0-9]{1,15}|[0-9a-fA-F-]{36})$")]


def reply(reference: Reference, body: bodies.Reply, by: Subject) -> ReplyToCustomer:
    """Copies go to each address once, in lower case."""
    cc = sorted({folded(str(email)) for email in body.cc})
    ticket = TicketReference.of(reference)
    return ReplyToCustomer(ticket, actor(by), by.visibility, body.text, cc, body.resolve, body.last_message, body.files)


def note(reference: Reference, body: bodies.Note, by: Subject) -> AddNote:
    """The customer never gets to see it."""
    return AddNote(TicketReference.of(reference), actor(by), by.visibility, body.text, body.expected_version, body.files)


def assign(reference: Reference, body: bodies.Assign, by: Subject) -> AssignTicket:
    """The whole new assignment: what is left out is nobody."""
    assignee = Assignee(body.team_id, body.team_name, body.agent_id, body.agent_name)
    return AssignTicket(TicketReference.of(reference), actor(by), by.visibility, assignee, body.expected_version)


def prioritise(reference: Reference, body: bodies.SetPriority, by: Subject) -> PrioritiseTicket:
    """Asks for a priority by hand, which rules may change again."""
    ticket = TicketReference.of(reference)
    return PrioritiseTicket(ticket, actor(by), by.visibility, Priority(body.priority), body.expected_version)


def classify(reference: Reference, body: bodies.Classify, by: Subject) -> ClassifyTicket:
    """What is left out stays as it is; a custom field without a value goes."""
    external_id = body.external_id or "" if "external_id" in body.model_fields_set else None
    wanted = Classification(body.ticket_type, external_id, body.tags)
    ticket = TicketReference.of(reference)
    return ClassifyTicket(ticket, actor(by), by.visibility, wanted, body.expected_version, body.custom_fields)


def start(reference: Reference, body: bodies.Command, by: Subject) -> StartTicket:
    """Open → in progress; the assignment stays as it is."""
    return StartTicket(TicketReference.of(reference), actor(by), by.visibility, body.expected_version)


def resolve(reference: Reference, body: bodies.Resolve, by: Subject) -> ResolveTicket:
    """The solution is what the customer is told."""
    return ResolveTicket(TicketReference.of(reference), actor(by), by.visibility, body.solution, body.expected_version)


def reopen(reference: Reference, body: bodies.Reopen, by: Subject) -> ReopenTicket:
    """Of a resolved or a closed ticket, with the reason for the history."""
    return ReopenTicket(TicketReference.of(reference), actor(by), by.visibility, body.reason, body.expected_version)


def close(reference: Reference, body: bodies.Close, by: Subject) -> CloseTicket:
    """Ends a ticket in whatever state it is; only reopening it, or a reply of the customer, opens it again."""
    return CloseTicket(TicketReference.of(reference), actor(by), by.visibility, body.reason, body.expected_version)


def send_now(reference: Reference, held: UUID, by: Subject) -> SendNow:
    """Of what is held, by the id of its message."""
    return SendNow(TicketReference.of(reference), held, by.visibility)


def undo(id_: UUID, by: Subject) -> UndoAct:
    """Of any command that has answered `undo`."""
    return UndoAct(id_, actor(by), by.visibility)
