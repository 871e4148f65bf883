"""What is said to a customer is held for some seconds, in which it can be taken back, and recorded only when it is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deskstream_contracts.wire import Actor, File
from ticket_svc.domain import decisions
from ticket_svc.domain.refusals import SomethingNewer
from ticket_svc.domain.ticket import AgentReplied, Change, Status, Ticket
from ticket_svc.domain.undoing import Said


@dataclass(frozen=True, slots=True)
class Held:
    """An answer to the customer (`answers`), the solution that resolves the ticket (`resolves`), or both in one.

    Nothing of it is recorded before `due_at`: no event, no clock and no mail has to be taken back. What happens until then:
    - it is undone: it is gone, and its files are free again;
    - it is sent now, by whoever may answer;
    - the ticket is closed: what was said before it was closed goes out before, so that the history is in the order of the acts;
    - the customer writes: it goes out still, and the conversation says that something newer came;
    - whoever wrote it has left the desk: it goes out, as it was given by somebody who could give it;
    - the ticket goes to another requester: it goes to whom the ticket is of when it is due. To merge a ticket into another is to
      send what it holds first, as closing does.
    """

    id: UUID
    ticket_id: UUID
    by: Actor
    text: str
    cc: tuple[str, ...]
    files: tuple[File, ...]
    answers: bool
    resolves: bool
    held_at: datetime
    due_at: datetime
    correlation_id: str
    traceparent: str
    refused: str | None = None
    """Why it could not be sent when it was due; it stays until it is taken back, or sent by hand."""


def act_of(held: Held) -> Said:
    """What is undone where it is taken back."""
    return Said("reply" if held.answers else "resolve")


def accept(ticket: Ticket, held: Held, now: datetime) -> list[Change]:
    """What it would do now. Raises AlreadyClosed; nothing where the ticket is resolved with this solution already."""
    changes: list[Change] = []
    if held.answers:
        changes += decisions.agent_replies(ticket, held.id, held.text, held.cc, now, held.files)
    if held.resolves:
        changes += decisions.resolve(ticket, held.text, now)
    return changes


def send(ticket: Ticket, held: Held, now: datetime) -> list[Change]:
    """What it does when it is due. It was accepted, so it goes out whatever has become of the ticket: one that was closed
    meanwhile, by a process of an older release, is answered and stays closed.
    """
    if ticket.status is not Status.CLOSED:
        return accept(ticket, held, now)
    return [AgentReplied(held.id, held.text, held.cc, now, held.files)] if held.answers else []


def check_seen(ticket: Ticket, held: Sequence[Held], by: Actor, seen: UUID) -> None:
    """Whoever answers has seen what was said last. Raises SomethingNewer: a message came or went, or another's answer is held."""
    if held and held[-1].id == seen:
        return
    others = [one for one in held if one.by.id != by.id]
    if others:
        raise SomethingNewer(ticket.number, others[-1].id)
    if ticket.last_message not in (None, seen):
        raise SomethingNewer(ticket.number, ticket.last_message)
