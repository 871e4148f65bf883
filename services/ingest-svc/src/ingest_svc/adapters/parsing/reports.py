"""Delivery status notifications (RFC 3464): which recipients, what happened, and about which message."""

from email.message import Message
from typing import Any, Literal, get_args

from deskstream_contracts.addressing import folded
from ingest_svc.adapters.parsing import headers
from ingest_svc.adapters.parsing.structure import as_it_stands
from ingest_svc.domain.mail import Bounce
from ingest_svc.domain.texts import cut, one_line

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
_ACTIONS = frozenset(get_args(Action))
_MAX_RECIPIENTS = 50
RETURNED = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers"}
)
"""The media types of what comes back with a report."""
_ADDRESS_OCTETS = 320

Mime = Message


def is_report(message: Mime) -> bool:
    """Whether it is a delivery status notification (RFC 3464, RFC 6522)."""
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return False
    return any(isinstance(p, Message) and p.get_content_type() == "message/delivery-status" for p in message.get_payload())


def read_report(message: Mime) -> tuple[list[Bounce], str | None]:
    """The recipients that a report is about, and the Message-ID of what was returned."""
    bounces: list[Bounce] = []
    for part in message.get_payload():
        if not isinstance(part, Message):
            continue
        kind = part.get_content_type()
        if kind == "message/delivery-status":
            blocks = part.get_payload()
            # The first block is about the message, each further one about a recipient (RFC 3464 §2.1).
            about_recipients = blocks[1 : _MAX_RECIPIENTS + 1] if isinstance(blocks, list) else []
            bounces += [b for block in about_recipients if isinstance(block, Message) and (b := _bounce(block)) is not None]
    about = returned_id(message)
    return bounces, about


def returned_id(message: Mime) -> str | None:
    """The Message-ID of the first mail, or header of one, among the parts of a report."""
    for part in message.get_payload() if message.is_multipart() else []:
        if isinstance(part, Message) and part.get_content_type() in RETURNED and (found := _returned_id(part)) is not None:
            return found
    return None


def _bounce(block: Mime) -> Bounce | None:
    fields = {name.lower(): headers.text(str(value), 1000) for name, value in reversed(list(block.raw_items()))}
    recipient = (fields.get("final-recipient") or fields.get("original-recipient") or "").rpartition(";")[2].strip().strip("<>")
    action = fields.get("action", "failed").strip().lower()
    if not recipient or action not in _ACTIONS:
        return None
    return Bounce(
        recipient=cut(folded(recipient), _ADDRESS_OCTETS)[0],
        action=action,  # type: ignore[arg-type]
        status=fields.get("status", "")[:20] or "5.0.0",
        diagnostic=fields.get("diagnostic-code") or None,
    )


def _returned_id(part: Mime) -> str | None:
    if part.is_multipart():
        returned: Any = part.get_payload(0)
        source = "\n".join(f"{name}: {value}" for name, value in returned.raw_items())
    else:
        source = as_it_stands(part)
    for line in source.splitlines()[:500]:
        if line.lower().startswith("message-id:"):
            found = headers.message_ids(one_line(line, 1000))
            return found[0] if found else None
    return None
