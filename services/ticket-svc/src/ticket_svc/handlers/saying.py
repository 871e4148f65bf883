"""What is said to the customer is held, or sent at once where nothing is held; shared by the use cases that say something."""

from collections.abc import Sequence
from uuid import UUID

from deskstream_contracts.wire import Actor, File
from ticket_svc.domain import decisions
from ticket_svc.domain import held as holding
from ticket_svc.domain.held import Held
from ticket_svc.domain.message import TicketChanged
from ticket_svc.domain.ticket import Ticket
from ticket_svc.persistence.unit import TicketUnit


def say(
    unit: TicketUnit,
    ticket: Ticket,
    id_: UUID,
    by: Actor,
    text: str,
    *,
    answers: bool,
    resolves: bool,
    cc: Sequence[str] = (),
    files: Sequence[File] = (),
) -> TicketChanged:
    """Raises AlreadyClosed, FieldMissing. Nothing is said where the ticket is resolved with this solution already."""
    if resolves:
        decisions.check_resolvable(ticket, unit.fields)
    held = Held(
        id=id_,
        ticket_id=ticket.id,
        by=by,
        text=text,
        cc=tuple(cc),
        files=tuple(files),
        answers=answers,
        resolves=resolves,
        held_at=unit.now,
        due_at=unit.held_until,
        correlation_id=unit.cause.correlation_id,
        traceparent=unit.cause.traceparent,
    )
    if not holding.accept(ticket, held, unit.now):
        return TicketChanged(ticket)
    if held.due_at <= unit.now:
        return TicketChanged(unit.send(ticket, held))
    return TicketChanged(ticket, held.due_at, unit.hold(ticket, held))
