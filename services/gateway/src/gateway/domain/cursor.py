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
    """`scope` names the list with its filters and order: a cursor of another is refused."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"deskstream cursor v1" + secret.encode()).digest()

    def seal(self, scope: str, keys: Sequence[str]) -> str:
        body = json.dumps(list(keys), ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(scope, body) + body).decode().rstrip("=")

    def open(self, scope: str, cursor: str) -> list[str]:
        """The keys of the last row that was given out. Raises BadCursor."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadCursor from error
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(scope, body)):
            raise BadCursor
        keys: list[str] = json.loads(body)
        return keys

    def _mac(self, scope: str, body: bytes) -> bytes:
        return hmac.new(self._key, scope.encode() + b"\0" + body, hashlib.sha256).digest()[:_MAC_BYTES]
