"""Signatures of webhooks: Standard Webhooks 1.0, symmetric (`v1`)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from deskstream_chassis.refusals import Unauthenticated

_PREFIX = "whsec_"


def verify(
    secrets: Sequence[str], id_: str, timestamp: str, signatures: str, body: bytes, now: datetime, window: timedelta
) -> None:
    """Raises Unauthenticated unless one of `signatures` (`v1,<base64>`, separated by spaces) is by one of `secrets`."""
    if not id_ or not timestamp or not signatures:
        raise Unauthenticated("The headers webhook-id, webhook-timestamp and webhook-signature are needed.")
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise Unauthenticated("webhook-timestamp is to be seconds since 1970.")
    if abs(now.timestamp() - int(timestamp)) > window.total_seconds():
        raise Unauthenticated("webhook-timestamp is too old, or too far ahead.")
    given = [s[3:] for s in signatures.split()[:20] if s.startswith("v1,")]
    for secret in secrets:
        expected = sign(secret, id_, int(timestamp), body)[3:].encode()
        # All are compared, so that the time taken does not tell which one was near.
        if any([hmac.compare_digest(expected, g.encode("utf-8", "replace")) for g in given]):  # noqa: C419
            return
    raise Unauthenticated("The webhook-signature is not valid.")


def sign(secret: str, id_: str, timestamp: int, body: bytes) -> str:
    """The signature of a request, as it stands in webhook-signature."""
    signed = f"{id_}.{timestamp}.".encode("utf-8", "replace") + body
    return "v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    text = secret.removeprefix(_PREFIX)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return text.encode()
