"""Domain events as the contract has them: the only place where the two meet on the way out."""

from dataclasses import fields
from typing import Any, assert_never

import orjson
from pydantic import TypeAdapter

from deskstream_contracts import commands as bodies
from deskstream_contracts.events import tickets as wire
from deskstream_contracts.events.slas import Deadline
from deskstream_contracts.undo import Undone
from deskstream_contracts.wire import MAX_PARAGRAPH_CHARACTERS, Actor, Address
from ticket_svc.domain import ticket as domain
from ticket_svc.domain.message import MessageWritten, OutMessage, TicketChanged
from ticket_svc.domain.ticket import Ticket, TicketEvent

_TICKET = TypeAdapter(Ticket)


def state(ticket: Ticket) -> wire.TicketState:
    """The public state: the same names as the domain's, less what only ticket-svc needs."""
    found = _TICKET.dump_python(ticket)
    found["custom_fields"] = found["custom_fields"] or {}
    found["external_id"] = found["external_id"] or None
    found["requester"]["custom_fields"] = found["requester"]["custom_fields"] or {}
    return wire.TicketState.model_validate(found)


def written(message: MessageWritten) -> bodies.MessageWritten:
    """The answer to a command that wrote a message."""
    return bodies.MessageWritten(
        message_id=message.message_id, ticket=state(message.ticket), held_until=message.held_until, undo=message.undo
    )


def changed(done: TicketChanged) -> bodies.TicketAnswer:
    """The answer to a command that changed a ticket, or is held."""
    return bodies.TicketAnswer.model_validate({**dict(state(done.ticket)), "held_until": done.held_until, "undo": done.undo})


def undone(answer: Undone) -> Undone:
    """The answer to undoing, which is kept as it is."""
    return answer


def message_content(message: OutMessage) -> str:
    """A message of the staff as the conversation keeps it (JSON)."""
    content = {
        "author": {"id": message.author.id, "name": message.author.name},
        "text": message.text,
        "subject": message.subject,
        "to": list(message.to),
        "cc": list(message.cc),
        "files": [file.model_dump() for file in message.files],
    }
    return orjson.dumps(content).decode()


def published(event: TicketEvent, before: Ticket | None, after: Ticket, by: Actor) -> wire.TicketEvent:
    """The contract's event, with the state `after`; `before` is None where the ticket is opened."""
    common: dict[str, Any] = {
        "ticket": state(after),
        "by": by,
        "at": after.updated_at,
    }
    match event:
        case domain.TicketOpened():
            text = event.text[:MAX_PARAGRAPH_CHARACTERS]
            common |= {"message_id": after.opened_by_message, "sender_proven": after.sender_proven}
            common |= {"automatic": after.automatic}
            return wire.TicketOpenedV1(**common, rfc_message_id=event.rfc_message_id, text=text)
        case domain.CustomerReplied():
            return wire.TicketCustomerRepliedV1(
                **common, message_id=event.message_id, rfc_message_id=event.rfc_message_id, reopened=event.reopened
            )
        case domain.MachineReplied():
            return wire.TicketMachineRepliedV1(**common, message_id=event.message_id, automatic=event.automatic)
        case domain.AgentReplied():
            return wire.TicketAgentRepliedV1(
                **common,
                message_id=event.message_id,
                text=event.text,
                cc=[Address(email=email) for email in event.cc],
                in_reply_to=after.references[-1] if after.references else None,
                references=list(after.references),
                files=list(event.files),
            )
        case domain.TicketNoted():
            return wire.TicketNotedV1(**common, message_id=event.message_id, files=list(event.files))
        case domain.TicketAssigned():
            previous = wire.Assignee() if before is None else wire.Assignee.model_validate(before.assignee, from_attributes=True)
            return wire.TicketAssignedV1(**common, previous=previous, decision_id=event.decision_id, undoes=event.undoes)
        case domain.TicketPrioritised():
            assert before is not None
            common |= {"decision_id": event.decision_id, "undoes": event.undoes}
            return wire.TicketPrioritisedV1(**common, previous=before.priority.value)
        case domain.TicketClassified():
            return wire.TicketClassifiedV1(**common, changed=list(event.new.values()), decision_id=event.decision_id)
        case domain.TicketEscalated():
            notify = [Address(email=email, name=name) for email, name in event.notify]
            deadline = Deadline.model_validate(event.deadline, from_attributes=True) if event.deadline else None
            common |= {"decision_id": event.decision_id, "deadline": deadline}
            return wire.TicketEscalatedV1(**common, reason=event.reason, notify=notify)
        case domain.TicketTriaged():
            oldest = after.references[0] if after.references else None
            common |= {"decision_id": event.decision_id, "sender_proven": after.sender_proven, "automatic": after.automatic}
            return wire.TicketTriagedV1(**common, rfc_message_id=oldest)
        case domain.RequesterUpdated():
            assert before is not None
            names = [field.name for field in fields(domain.Requester) if field.name != "customer_version"]
            changed = [name for name in names if getattr(before.requester, name) != getattr(after.requester, name)]
            return wire.TicketRequesterUpdatedV1(**common, changed=changed)
        case domain.TicketStarted():
            return wire.TicketStartedV1(**common)
        case domain.TicketResolved():
            return wire.TicketResolvedV1(**common, solution=event.solution, automatic=after.automatic)
        case domain.TicketReopened():
            return wire.TicketReopenedV1(**common, reason=event.reason)
        case domain.TicketClosed():
            return wire.TicketClosedV1(**common, reason=event.reason)
        case domain.TicketArchived():
            return wire.TicketArchivedV1(**common)
        case domain.ClosingUndone():
            return wire.TicketReopenedV1(**common, reason="the closing was undone", undoes=event.undoes)
        case _:
            assert_never(event)
