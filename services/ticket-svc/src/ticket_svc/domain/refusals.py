"""What a ticket refuses, in words for the caller."""

from collections.abc import Sequence
from uuid import UUID

from deskstream_chassis.refusals import Conflict, Invalid, NotFound


class NoSuchTicket(NotFound):
    def __init__(self, reference: str) -> None:
        super().__init__(f"There is no ticket {reference}.")


class AlreadyClosed(Conflict):
    def __init__(self, number: int) -> None:
        super().__init__(f"Ticket #{number} is closed; reopen it first.")


class NotResolvable(Conflict):
    def __init__(self, number: int, status: str, wanted: str) -> None:
        super().__init__(f"Ticket #{number} is {status} and cannot be {wanted}; reopen it first.")


class HasMoved(Conflict):
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


class UnknownType(Invalid):
    def __init__(self, name: str, types: Sequence[str]) -> None:
        super().__init__(f"{name!r} is not one of the ticket types: {', '.join(types)}.", pointer="#/ticket_type")
