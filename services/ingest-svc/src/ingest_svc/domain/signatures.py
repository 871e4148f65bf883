"""Signatures of webhooks: Standard Webhooks 1.0, symmetric (`v1`). Signed are webhook-id, webhook-timestamp and the body."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from deskstream_chassis.digits import whole_number
from deskstream_chassis.refusals import Unauthenticated
from deskstream_chassis.run.misconfigured import Misconfigured

_PREFIX = "whsec_"
_SHORTEST = 24
_LONGEST_ID = 255


def key_of(secret: str) -> bytes:
    """The key that a secret (`whsec_` and base64) stands for. Raises ValueError for one that is not, or is too short to be one."""
    text = secret.strip().removeprefix(_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a webhook's secret is whsec_ and base64 (Standard Webhooks 1.0)") from error
    if len(key) < _SHORTEST:
        raise ValueError(f"a webhook's secret has {_SHORTEST} bytes or more (Standard Webhooks 1.0)")
    return key


def separate(doors: Mapping[str, Sequence[str]]) -> None:
    """Raises Misconfigured where two doors share a secret: what is signed for one would be taken at the other.

    The form is named by the path, which a signature does not hold.
    """
    holder: dict[bytes, str] = {}
    for door, of_door in doors.items():
        for secret in of_door:
            other = holder.setdefault(key_of(secret), door)
            if other != door:
                raise Misconfigured(f"{other} and {door} have the same webhook secret; each needs one of its own")


def verify(
    secrets: Sequence[str], id_: str, timestamp: str, signatures: str, body: bytes, now: datetime, window: timedelta
) -> None:
    """Raises Unauthenticated unless one of `signatures` (`v1,<base64>`, separated by spaces) is by one of `secrets`."""
    if not id_ or not timestamp or not signatures:
        raise Unauthenticated("The headers webhook-id, webhook-timestamp and webhook-signature are needed.")
    if len(id_) > _LONGEST_ID:
        raise Unauthenticated(f"A webhook-id has {_LONGEST_ID} characters at most.")
    seconds = whole_number(timestamp, 12)
    if seconds is None:
        raise Unauthenticated("webhook-timestamp is to be seconds since 1970.")
    if abs(now.timestamp() - seconds) > window.total_seconds():
        raise Unauthenticated("webhook-timestamp is too old, or too far ahead.")
    given = [s[3:] for s in signatures.split()[:20] if s.startswith("v1,")]
    for secret in secrets:
        expected = sign(secret, id_, seconds, body)[3:].encode()
        # All are compared, so that the time taken does not tell which one was near.
        if any([hmac.compare_digest(expected, g.encode("utf-8", "replace")) for g in given]):  # noqa: C419
            return
    raise Unauthenticated("The webhook-signature is not valid.")


def sign(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """The signature of a request, as it stands in webhook-signature."""
    signed = f"{id_}.{timestamp}.".encode("utf-8", "replace") + body
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()
