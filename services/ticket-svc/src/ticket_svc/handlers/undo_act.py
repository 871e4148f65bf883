"""An act is undone: by a new one, with an event of its own; what was held is never sent."""

from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from deskstream_chassis.store.undo import NoSuchUndo, TooLateToUndo, Undoable
from deskstream_contracts.undo import Undone, Withdrawn, undo_id
from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor, Address
from ticket_svc.domain.reference import is_seen
from ticket_svc.domain.ticket import Ticket
from ticket_svc.domain.undoing import Assigned, Closed, Prioritised, Said, undo
from ticket_svc.persistence.unit import ACT, TicketUnit


@dataclass(frozen=True, slots=True)
class UndoAct:
    """Whoever may do such a thing may undo it, where they see the ticket; their own act also where they do not see it any more."""

    id: UUID
    by: Actor
    visibility: Visibility

    def needs(self, unit: TicketUnit) -> None:
        unit.undos.need(self.id)
        unit.held.need()

    def handle(self, unit: TicketUnit) -> Undone:
        """Undone before, it is answered as then. Raises NoSuchUndo, TooLateToUndo, ChangedSince."""
        found = unit.undos.existing(self.id)
        ticket = unit.tickets.get(found.subject)
        if ticket is None or not (found.is_of(self.by) or is_seen(ticket, self.visibility)):
            raise NoSuchUndo(undo_id("ticket", self.id))
        if found.outcome is not None:
            return Undone.model_validate_json(found.outcome)
        undone = self._undone(unit, found, ticket)
        unit.undos.finish(found, undone.model_dump_json())
        return undone

    def _undone(self, unit: TicketUnit, found: Undoable, ticket: Ticket) -> Undone:
        act = ACT.validate_json(found.act)
        answer = Undone(
            id=undo_id("ticket", self.id), act=act.act, subject=f"ticket/{ticket.id}", undone_at=unit.now, undone_by=self.by
        )
        match act:
            case Said():
                return answer.model_copy(update={"withdrawn": self._withdrawn(unit)})
            case Assigned() | Prioritised() | Closed():
                unit.undos.check_time(found, unit.now)
                unit.cause = replace(unit.cause, event_id=act.event)
                after = unit.change(ticket, undo(ticket, act, unit.now), self.by)
                return answer.model_copy(update={"version": after.version})
            case _:
                assert_never(act)

    def _withdrawn(self, unit: TicketUnit) -> Withdrawn:
        held = unit.held.get(self.id)
        if held is None:
            raise TooLateToUndo("It has been sent.")
        unit.held.remove(held)
        unit.files.release([file.id for file in held.files])
        return Withdrawn(text=held.text, cc=[Address(email=email) for email in held.cc], files=list(held.files))
