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


class UnsignedRouting(Invalid):
    """Where a mail goes is said outside of what is signed, so that anybody on the way could change it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is not signed: send it in the body, as JSON with mailbox, envelope_from and message.", pointer=name
        )


class NoSuchMailbox(Invalid):
    def __init__(self) -> None:
        super().__init__("There is no such mailbox.", pointer="mailbox")
