"""A mail that a relay hands in over HTTP, and where it goes: by what is signed, and by nothing else of the request. Pure.

Standard Webhooks sign the body alone. So the mailbox and the envelope's sender stand in the body, as JSON; a bare message/rfc822
goes where its own header says, and what the query says of it must agree.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any, Final

import orjson

from deskstream_chassis.refusals import Invalid
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.refusals import NoSuchMailbox, UnsignedRouting
from ingest_svc.domain.texts import clean

_HEADER_BYTES: Final = 64 * 1024
_NAMES: Final = (b"delivered-to", b"x-original-to", b"envelope-to", b"to", b"cc")
"""Fields that name the recipient: first what the last relay wrote, then what the sender wrote (RFC 5322 §3.6.3)."""
_ADDRESS: Final = re.compile(rb"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")


@dataclass(frozen=True, slots=True)
class HandedIn:
    """`mailbox`: a local part or an address of ours. `envelope_from` is None where nothing is known of the envelope."""

    raw: bytes
    mailbox: str
    envelope_from: str | None = None


def read_handed_in(body: bytes) -> HandedIn:
    """`{"mailbox": …, "envelope_from": …, "message": base64 of the mail}`. Raises Invalid, with a pointer (RFC 6901)."""
    try:
        given: Any = orjson.loads(body)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Invalid("The body is not JSON.", pointer="#") from error
    if not isinstance(given, dict):
        raise Invalid("The body is to be a JSON object.", pointer="#")
    for name in given.keys() - {"mailbox", "envelope_from", "message"}:
        raise Invalid("There are mailbox, envelope_from and message.", pointer=f"#/{clean(name)[:100]}")
    mailbox, envelope_from, message = given.get("mailbox"), given.get("envelope_from"), given.get("message")
    if not isinstance(mailbox, str) or not mailbox:
        raise Invalid("The name or the address of a mailbox is needed.", pointer="#/mailbox")
    if not isinstance(envelope_from, str | None):
        raise Invalid("This is an address, empty for the null sender, or null where it is not known.", pointer="#/envelope_from")
    if not isinstance(message, str) or not message:
        raise Invalid("The mail is needed, as base64.", pointer="#/message")
    try:
        raw = base64.b64decode(message, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("This is not base64 (RFC 4648 §4).", pointer="#/message") from error
    return HandedIn(raw, mailbox, None if envelope_from is None else clean(envelope_from).strip("<>"))


def bare_mail(raw: bytes, mailbox: str, envelope_from: str | None, desk: Desk) -> HandedIn:
    """A bare mail, of which only its own bytes are signed; `mailbox` (may be empty) and `envelope_from` are what the query says.

    Raises UnsignedRouting where they say what the mail does not, and NoSuchMailbox.
    """
    if mailbox:
        recipient(mailbox, desk)
    if envelope_from is not None:
        raise UnsignedRouting("envelope_from")
    named = _named(raw, desk)
    if named is None and len(desk.mailboxes) == 1:
        named = f"{next(iter(desk.mailboxes))}@{desk.domain}"
    if named is None and not mailbox:
        raise NoSuchMailbox
    if named is None or (mailbox and desk.mailbox_of(recipient(mailbox, desk)) != desk.mailbox_of(named)):
        raise UnsignedRouting("mailbox")
    return HandedIn(raw, named)


def recipient(mailbox: str, desk: Desk) -> str:
    """The address of a mailbox that is named by its local part or its address. Raises NoSuchMailbox."""
    address = mailbox if "@" in mailbox else f"{mailbox}@{desk.domain}"
    if desk.mailbox_of(address) is None:
        raise NoSuchMailbox
    return address


def _named(raw: bytes, desk: Desk) -> str | None:
    """The first address of ours in the fields that name recipients. Linear in the header, of which so much is looked at."""
    header = re.split(rb"\r?\n\r?\n", raw[:_HEADER_BYTES], maxsplit=1)[0]
    found: dict[bytes, list[str]] = {}
    name = b""
    for line in header.splitlines():
        if not line[:1].isspace():
            name, _, line = line.partition(b":")
            name = name.rstrip().lower()
        if name in _NAMES:
            ours = [a for match in _ADDRESS.findall(line) if desk.is_ours(a := match.decode())]
            found.setdefault(name, []).extend(ours)
    return next((found[name][0] for name in _NAMES if found.get(name)), None)
