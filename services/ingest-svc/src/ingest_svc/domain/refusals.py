"""What the doors and the ledger refuse, in words for the caller."""

from deskstream_chassis.refusals import Gone, Invalid, NotFound


class NoSuchEntry(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such entry in the ledger.")


class NoSuchMessage(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such message.")


class RawMessageIsGone(Gone):
    """`days`: how long it was kept; 0 where the setting has changed since."""

    def __init__(self, days: int) -> None:
        kept = f"is kept for {days} days after its entry in the ledger was closed" if days else "was not kept for ever"
        super().__init__(f"The message as it was received, with its attachments, {kept}, and is gone. Its text is in the ticket.")


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
