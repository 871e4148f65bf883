"""What a ticket refuses, in words for the caller."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from deskstream_chassis.refusals import Conflict, Gone, Invalid, NotFound, OtherVersion


class NoSuchTicket(NotFound):
    def __init__(self, reference: str) -> None:
        super().__init__(f"There is no ticket {reference}.")


class AlreadyClosed(Conflict):
    def __init__(self, number: int) -> None:
        super().__init__(f"Ticket #{number} is closed; reopen it first.")


class NotResolvable(Conflict):
    def __init__(self, number: int, status: str, wanted: str) -> None:
        super().__init__(f"Ticket #{number} is {status} and cannot be {wanted}; reopen it first.")


class HasMoved(OtherVersion):
    def __init__(self, number: int, version: int) -> None:
        super().__init__(f"Ticket #{number} is at version {version} by now; look at it again.")


class SomethingNewer(Conflict):
    """`last_message` of the problem: what is to be seen before the ticket is answered."""

    title = "Something newer was said"
    type = "deskstream:problem:newer-message"

    def __init__(self, number: int, message: UUID | None) -> None:
        super().__init__(f"A message of ticket #{number} came in or went out since; look at it before you answer.")
        self.members = {"last_message": str(message)}


class NothingHeld(NotFound):
    def __init__(self, id_: UUID) -> None:
        super().__init__(f"Nothing is held under {id_}: it was sent, it was undone, or it was never there.")


class NotOpenedYet(NotFound):
    def __init__(self, number: int, opened_at: datetime) -> None:
        super().__init__(f"Ticket #{number} was opened at {opened_at.isoformat(timespec='seconds')}.")


class BeforeHistory(Gone):
    """`begins_at` of the problem: from then on it is known."""

    type = "deskstream:problem:before-history"

    def __init__(self, number: int, begins_at: datetime) -> None:
        super().__init__(f"How ticket #{number} was before {begins_at.isoformat(timespec='seconds')} is not kept.")
        self.members = {"begins_at": begins_at.isoformat()}


class UnknownType(Invalid):
    def __init__(self, name: str, types: Sequence[str]) -> None:
        super().__init__(f"{name!r} is not one of the ticket types: {', '.join(types)}.", pointer="#/ticket_type")
