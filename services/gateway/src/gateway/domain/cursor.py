"""Cursors of lists: where a page ended, sealed, so that what comes back is what was given out, for the same list."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Final

from deskstream_chassis.refusals import Invalid

_MAC_BYTES: Final = 12


class BadCursor(Invalid):
    def __init__(self) -> None:
        super().__init__("This cursor does not belong to this list, with these filters and this order.", pointer="#/query/cursor")


class Cursors:
    """`scope` names the list with its filters and order: a cursor of another is refused. The first of the secrets seals."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [hashlib.sha256(b"deskstream cursor v1" + secret.encode()).digest() for secret in secrets]

    def seal(self, scope: str, keys: Sequence[str]) -> str:
        """A cursor in URL-safe base64 (RFC 4648 §5). The keys can be read, but not changed."""
        body = json.dumps(list(keys), ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(_mac(self._keys[0], scope, body) + body).decode().rstrip("=")

    def open(self, scope: str, cursor: str) -> list[str]:
        """The keys of the last row that was given out. Raises BadCursor."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadCursor from error
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not any(hmac.compare_digest(mac, _mac(key, scope, body)) for key in self._keys):
            raise BadCursor
        keys: list[str] = json.loads(body)
        return keys


def _mac(key: bytes, scope: str, body: bytes) -> bytes:
    return hmac.new(key, scope.encode() + b"\0" + body, hashlib.sha256).digest()[:_MAC_BYTES]
