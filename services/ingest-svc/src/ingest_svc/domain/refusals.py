"""What the doors and the ledger refuse, in words for the caller."""

from deskstream_chassis.refusals import Invalid, NotFound


class NoSuchEntry(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such entry in the ledger.")


class NoSuchMessage(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such message.")


class NoSuchAttachment(NotFound):
    def __init__(self) -> None:
        super().__init__("The message has no such attachment.")


class NoSuchForm(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such form.")


class NoSuchMailbox(Invalid):
    def __init__(self) -> None:
        super().__init__("There is no such mailbox.", pointer="mailbox")
