"""What becomes of a file that cannot be taken, or given out."""

from deskstream_chassis.refusals import Conflict, Gone, Invalid, NotFound, Refusal, TooLarge, Unavailable


class FileTooLarge(TooLarge):
    def __init__(self, most: int) -> None:
        super().__init__(f"A file has at most {most} bytes here.")


class TooMuchUnclaimed(TooLarge):
    """Of one account; what is claimed does not count."""

    def __init__(self, most: int) -> None:
        super().__init__(f"Your files that belong to nothing yet would have more than {most} bytes together.")


class TooMuchTogether(TooLarge):
    def __init__(self, most: int) -> None:
        super().__init__(f"The files of one message have at most {most} bytes together.")


class CutOff(Invalid):
    """Less came than was said, or more, or something else."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"What came is not what was sent: {detail}. Nothing of it is kept.")


class NoSuchFile(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such file.")


class NotYours(Invalid):
    """A file that is not there, or that somebody else has uploaded: which of the two is not said."""

    def __init__(self, pointer: str) -> None:
        super().__init__("You have uploaded no such file, or it was too long ago.", pointer=pointer)


class ClaimedBefore(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"The file {name!r} belongs to another message by now: upload it again.")


class ContentIsGone(Gone):
    def __init__(self) -> None:
        super().__init__("What was in the file is no longer there.")


class StoreIsAway(Unavailable):
    """Where large files lie cannot be reached, or cannot be written to."""

    def __init__(self) -> None:
        super().__init__("Files cannot be reached now.")


class NoRoom(Refusal):
    """RFC 4918 §11.5."""

    status = 507
    title = "Insufficient storage"

    def __init__(self) -> None:
        super().__init__("There is no room left for files.")
