"""A mail as the parser understood it: plain facts, without any knowledge of this desk. Crosses processes as JSON."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from deskstream_contracts.wire import Address, Attachment


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bounce(_Fact):
    """One recipient's fields of a delivery status notification (RFC 3464 §2.3)."""

    recipient: str
    action: Literal["failed", "delayed", "delivered", "relayed", "expanded"]
    status: str
    diagnostic: str | None = None


class DmarcVerdict(_Fact):
    """One DMARC result of our own relay (RFC 8601 §2.7), and the From domains that it was about, in lower case."""

    result: str
    domains: list[str] = []


class ParsedMail(_Fact):
    """`sender` is None where the mail has no single usable From; `no_sender` then says why, in words. `sender_sure` is False where
    somebody else could read another address there: then nobody's word proves it.

    `reply_text` is what is new in `text`; None where that is all of it.
    `references` are Message-IDs with their brackets, the likeliest parent first. `facts` are the header fields that
    classification looks at, by lower-case name, the first of each; `dmarc` is what our own relay says of the sender.

    `is_delivery_report` is one by RFC 3464, `is_bounce` any report of a mail system, in its words too.
    `absence` is where it says in words that somebody is away; the text alone is no proof.
    `content_hash` is None where the mail has neither Message-ID nor Date, as nothing then tells a repetition from a second mail.
    """

    sender: Address | None = None
    sender_sure: bool = True
    no_sender: str = ""
    to: list[Address] = []
    cc: list[Address] = []
    reply_to: list[Address] = []
    subject: str = ""
    text: str = ""
    reply_text: str | None = None
    html: str | None = None
    sent_at: datetime | None = None
    message_id: str | None = None
    references: list[str] = []
    dmarc: list[DmarcVerdict] = []
    facts: dict[str, str] = {}
    absence: Literal["", "subject", "text"] = ""
    received_hops: int = 0
    is_delivery_report: bool = False
    is_bounce: bool = False
    bounces: list[Bounce] = []
    bounced_message_id: str | None = None
    attachments: list[Attachment] = []
    defects: list[str] = []
    content_hash: str | None = None
