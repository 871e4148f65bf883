"""What takes an act back, and what stands in its way. Undoing restores what the act has changed, and is an event of its own."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

from deskstream_chassis.refusals import ChangedSince
from ticket_svc.domain.ticket import Assignee, Change, ClosingUndone, Priority, Status, Ticket, TicketAssigned, TicketPrioritised


@dataclass(frozen=True, slots=True)
class Assigned:
    """`event`: the id of the event that tells of the act; so in others."""

    event: UUID
    was: Assignee
    now: Assignee
    act: Literal["assign"] = "assign"


@dataclass(frozen=True, slots=True)
class Prioritised:
    event: UUID
    was: Priority
    now: Priority
    act: Literal["prioritise"] = "prioritise"


@dataclass(frozen=True, slots=True)
class Closed:
    event: UUID
    was: Status
    closed_at: datetime
    act: Literal["close"] = "close"


@dataclass(frozen=True, slots=True)
class Said:
    """An answer or a solution that is held under the id of the act."""

    act: Literal["reply", "resolve"]


Recorded = Assigned | Prioritised | Closed
"""Acts that an event has told of."""
Act = Recorded | Said


def undo(ticket: Ticket, act: Recorded, now: datetime) -> list[Change]:
    """Restores what the act has changed. Raises ChangedSince where that is not as the act has left it; the rest may be."""
    match act:
        case Assigned():
            _check(ticket, "assignee", ticket.assignee == act.now)
            return [TicketAssigned(act.was, now, undoes=act.event)]
        case Prioritised():
            _check(ticket, "priority", ticket.priority is act.now)
            return [TicketPrioritised(act.was, now, undoes=act.event)]
        case Closed():
            # Closed again, it is somebody's later closing.
            _check(ticket, "status", ticket.status is Status.CLOSED and ticket.closed_at == act.closed_at)
            return [ClosingUndone(act.was, now, act.event)]
        case _:
            assert_never(act)


def _check(ticket: Ticket, field: str, unchanged: bool) -> None:
    if not unchanged:
        raise ChangedSince(f"Ticket #{ticket.number} has another {field} by now; look at it again.", [field])
