"""Mails that break readers, each named by what is wrong with it, and whether it must be a ticket (else quarantine will do as well).

Beside these: `desk.traffic.hostile`."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import Final

_SUPPORT: Final = b"support@desk.localhost"


def _mail(
    *header: bytes, body: bytes = b"Content-Type: text/plain\r\n\r\nIt does not work.\r\n", without: tuple[bytes, ...] = ()
) -> bytes:
    """Usual fields, but for those in `without`; `header` stands above them, and `body` begins with its own fields."""
    name = secrets.token_hex(6).encode()
    usual = (
        b"From: Eve <eve." + name + b"@broken.example>",
        b"To: " + _SUPPORT,
        b"Subject: Broken " + name,
        b"Message-ID: <" + name + b"@broken.example>",
        b"Date: Sun, 22 Nov 2026 10:00:00 +0000",
        b"MIME-Version: 1.0",
    )
    kept = (line for line in usual if not line.lower().startswith(without or (b"\0",)))
    return b"".join(line + b"\r\n" for line in (*header, *kept)) + body


def _from(value: bytes) -> bytes:
    return _mail(b"From: " + value, without=(b"from:",))


def _parts(*parts: bytes, close: bool = True) -> bytes:
    body = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return _mail(body=body + (b"--b--\r\n" if close else b""))


def _nested(depth: int) -> bytes:
    body = b"Content-Type: text/plain\r\n\r\nSo deep.\r\n"
    for level in range(depth):
        body = b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n' % (level, level, body, level)
    return _mail(body=body)


def _html(source: bytes) -> bytes:
    return _mail(body=b"Content-Type: text/html; charset=utf-8\r\n\r\n" + source + b"\r\n")


def _text(charset: bytes, text: bytes) -> bytes:
    return _mail(body=b"Content-Type: text/plain; charset=" + charset + b"\r\n\r\n" + text + b"\r\n")


def _encoded(megabytes: int, media_type: bytes) -> bytes:
    content = base64.encodebytes(bytes(megabytes * 2**20)).replace(b"\n", b"\r\n")
    return _mail(body=b"Content-Type: " + media_type + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + content)


_IN_A_MESSAGE: Final = b"Content-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\n"
_PLAIN: Final = b"Content-Type: text/plain\r\n\r\nHello\r\n"
_TNEF: Final = b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgA="

KINDS: Final[dict[str, tuple[Callable[[], bytes], bool]]] = {
    "nested 30 deep": (lambda: _nested(30), True),
    "nested 90 deep": (lambda: _nested(90), True),
    "300 divs": (lambda: _html(b"<div>" * 300 + b"deep" + b"</div>" * 300), True),
    "divs that are never closed": (lambda: _html(b"<div><table><tr><td>" * 3000 + b"deep"), True),
    "no closing boundary": (lambda: _parts(_PLAIN, close=False), True),
    "a boundary that never comes": (lambda: _mail(body=b"Content-Type: multipart/mixed; boundary=b\r\n\r\nHello\r\n"), True),
    "an unknown charset": (lambda: _text(b"klingon-8", b"Gr\xfc\xdfe"), True),
    "another charset than it says": (lambda: _text(b"utf-8", b"Gr\xfc\xdfe aus K\xf6ln"), True),
    "half a surrogate pair": (lambda: _text(b"utf-16", b"\x00\xd8A\x00"), True),
    "several From": (lambda: _mail(b"From: mallory@elsewhere.example"), False),
    "several addresses in From": (lambda: _from(b"a@broken.example, b@broken.example"), False),
    "an empty From": (lambda: _from(b""), False),
    "empty brackets in From": (lambda: _from(b"<>"), False),
    "no From": (lambda: _mail(without=(b"from:",)), False),
    "the longest address": (lambda: _from(b"l" * 64 + b"@" + b".".join([secrets.token_hex(30).encode()] * 4) + b".example"), True),
    "a group in From": (lambda: _from(b"undisclosed-recipients:;"), False),
    "no Message-ID": (lambda: _mail(without=(b"message-id:",)), True),
    "neither Message-ID nor Date": (lambda: _mail(without=(b"message-id:", b"date:")), True),
    "a Message-ID without brackets": (lambda: _mail(b"Message-ID: broken", without=(b"message-id:",)), True),
    "winmail.dat": (lambda: _parts(_TNEF), True),
    "a NUL in every field": (lambda: _mail(b"Cc: v\0x@bank.example", b"Subject: a\0b", without=(b"subject:",)), True),
    "control characters in addresses": (lambda: _mail(b"Cc: a\x01\x1fb@bank.example", b"Reply-To: r\x7f@bank.example"), True),
    "a line in the header that is no field": (lambda: _mail(b"this is no field"), False),
    "a raw umlaut in the header": (lambda: _mail(b"Subject: K\xfchlschrank", without=(b"subject:",)), True),
    "a date beyond all dates": (lambda: _mail(b"Date: Fri, 31 Dec 9999 23:59:59 -2359", without=(b"date:",)), True),
    "base64 that is none": (
        lambda: _mail(body=b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=%%%AAA\xff\r\n"),
        True,
    ),
    "bare line feeds": (lambda: _mail().replace(b"\r\n", b"\n") + b"\r\n", True),
    "a report of nothing": (
        lambda: _mail(body=b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b--\r\n"),
        True,
    ),
    "only NULs": (lambda: bytes(500) + b"\r\n", False),
    "only line ends": (lambda: b"\r\n\r\n\r\n", False),
    "messages in messages": (lambda: _mail(body=_IN_A_MESSAGE * 150 + _PLAIN), True),
    "a file of 16 MB": (lambda: _encoded(16, b"application/octet-stream; name=zero.bin"), True),
    "a text of 12 MB": (lambda: _encoded(12, b"text/plain"), True),
    "HTML of 8 MB": (lambda: _html(b"<p>Line after line.</p>\r\n" * 340_000), True),
    "soft line breaks without end": (
        lambda: _mail(body=b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\r\n" * 10**6),
        True,
    ),
}  # fmt: skip
