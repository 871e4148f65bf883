"""Addresses and Message-IDs that lead a reply back to its thread: a format shared by who writes them and who reads them.

A reply address is `<mailbox>+r<token>@<domain>`, where the token is base32 (RFC 4648, lower case, no padding) of the thread root's
16 bytes and the first 10 of their HMAC-SHA256. A Message-ID of ours is `<root>.<notification>@<domain>`, both UUIDs in the same
base32; it is not signed, as a reference proves nothing without a participant.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from uuid import UUID

_PURPOSE = b"deskstream reply address v1"
_MAC_BYTES = 10
_REPLY_ADDRESS = re.compile(r"\A(?P<mailbox>[^+@]+)\+r(?P<token>[a-z2-7]{42})@(?P<domain>[^@]+)\Z")
_MESSAGE_ID = re.compile(r"\A<?(?P<root>[a-z2-7]{26})\.(?P<notification>[a-z2-7]{26})@(?P<domain>[^@>]+)>?\Z")


def folded(address: str) -> str:
    """An address as addresses are compared: in small letters.

    A sign beyond ASCII whose small letter is in ASCII (U+212A, the Kelvin sign) stays what it is: who has it in their address is
    somebody else than who has a k there.
    """
    if address.isascii():
        return address.lower()
    return "".join(sign if not sign.isascii() and sign.lower().isascii() else sign.lower() for sign in address)


def reply_address(mailbox: str, domain: str, root: UUID, secret: bytes) -> str:
    return f"{mailbox}+r{_encode(root.bytes + _mac(root, secret))}@{domain}"


def thread_of_reply_address(address: str, domain: str, secrets: Sequence[bytes]) -> UUID | None:
    """The thread root that a reply address names, or None where it is not one of ours. Any of `secrets` may have signed it."""
    match = _REPLY_ADDRESS.match(address.lower())
    if match is None or match["domain"] != domain.lower():
        return None
    raw = _decode(match["token"])
    if len(raw) != 16 + _MAC_BYTES:
        return None
    root = UUID(bytes=raw[:16])
    if any(hmac.compare_digest(raw[16:], _mac(root, secret)) for secret in secrets):
        return root
    return None


def message_id(root: UUID, notification: UUID, domain: str) -> str:
    """The Message-ID (RFC 5322 §3.6.4, with its angle brackets) of a notification: the same each time it is sent."""
    return f"<{_encode(root.bytes)}.{_encode(notification.bytes)}@{domain}>"


def thread_of_message_id(value: str, domain: str) -> UUID | None:
    """The thread root that a Message-ID of ours names, or None where it is not one of ours."""
    match = _MESSAGE_ID.match(value.strip().lower())
    if match is None or match["domain"] != domain.lower():
        return None
    raw = _decode(match["root"])
    return UUID(bytes=raw) if len(raw) == 16 else None


def _mac(root: UUID, secret: bytes) -> bytes:
    return hmac.new(secret, _PURPOSE + root.bytes, hashlib.sha256).digest()[:_MAC_BYTES]


def _encode(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _decode(text: str) -> bytes:
    return base64.b32decode(text.upper() + "=" * (-len(text) % 8))
