"""What the gateway itself refuses."""

from collections.abc import Sequence
from typing import ClassVar

from deskstream_chassis.refusals import Conflict, Invalid, NotFound, TooMany, Unavailable


class NoSuchTicket(NotFound):
    def __init__(self, reference: object) -> None:
        super().__init__(f"There is no ticket {reference}.")


class NoSuchMessage(NotFound):
    def __init__(self, id_: object) -> None:
        super().__init__(f"There is no message {id_}.")


class NoSuchJob(NotFound):
    def __init__(self, id_: object) -> None:
        super().__init__(f"There is no job {id_}.")


class NoSuchUndo(NotFound):
    def __init__(self, id_: object) -> None:
        super().__init__(f"There is nothing to undo under {id_}.")


class Unknown(Invalid):
    """A name or an id that a command gives, and that nobody has."""

    def __init__(self, what: str, name: str, pointer: str) -> None:
        super().__init__(f"There is no {what} {name!r}.", pointer=pointer)


class Ambiguous(Invalid):
    def __init__(self, what: str, name: str, pointer: str) -> None:
        super().__init__(f"More than one {what} is called {name!r}: give the id.", pointer=pointer)


class OwnerAway(Unavailable):
    says: ClassVar[str] = "does not answer now"

    def __init__(self, service: str) -> None:
        super().__init__(f"{service} {self.says}.")


class OwnerDistrusts(OwnerAway):
    """The owner did not take our internal token: keys or clocks do not fit. Nothing that the caller could mend."""

    status = 502
    title = "A service behind refused the gateway"
    says = "did not accept the gateway's token"


class NotThereYet(Unavailable):
    """`behind` of the problem: what the views do not have yet, of what was to be seen."""

    type = "deskstream:problem:not-there-yet"

    def __init__(self, behind: Sequence[str]) -> None:
        super().__init__(f"The lists do not have {', '.join(behind)} yet.")
        self.members = {"behind": list(behind)}


class RebuildRuns(Conflict):
    def __init__(self) -> None:
        super().__init__("The views are being rebuilt already.")


class NeverRebuilt(NotFound):
    def __init__(self) -> None:
        super().__init__("The views have never been rebuilt.")


class TooManyReads(TooMany):
    title = "Too many requests at a time"


class TooManyStreams(TooMany):
    title = "Too many live streams"
