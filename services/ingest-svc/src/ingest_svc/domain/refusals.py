"""What the doors and the ledger refuse, in words for the caller."""

from deskstream_chassis.refusals import Gone, Invalid, NotFound
from ingest_svc.domain.receipts import RawGone


class NoSuchEntry(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such entry in the ledger.")


class NoSuchMessage(NotFound):
    def __init__(self) -> None:
        super().__init__("There is no such message.")


class RawMessageIsGone(Gone):
    """`days`: how long it was kept; 0 where the setting has changed since. Of a message in quarantine nothing else is left."""

    def __init__(self, days: int, why: RawGone, quarantined: bool) -> None:
        kept = f"is kept for {days} days after its entry in the ledger was closed" if days else "was not kept for ever"
        if why == "room":
            kept = "had to make room, as too much of its sender or of all was in quarantine"
        left = "It was quarantined, and only its entry is left." if quarantined else "Its text is in the ticket."
        super().__init__(f"The message as it was received, with its attachments, {kept}, and is gone. {left}")


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
