"""Mails as somebody sends them who wants the desk to stand still: each kind costs a naive reader much, or breaks who comes behind.

Run as a program it sends them at a rate, one after the other, until it is told to end: `hostile HOST PORT RATE hostile`, or plain
ones with `ordinary` in place of it. It prints how many were taken.
"""

from __future__ import annotations

import secrets
import signal
import smtplib
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle

_ID = "mx.desk.localhost"
Header = list[tuple[str, bytes]]


def _mail(header: Header, body: bytes = b"Hello\r\n", sender: bytes = b"") -> bytes:
    name = secrets.token_hex(6).encode()
    fields = [
        ("From", sender or b"h" + name + b"@hostile.example"),
        ("To", b"support@desk.localhost"),
        ("Message-ID", b"<" + name + b"@hostile.example>"),
        ("Subject", b"Hostile " + name),
    ]
    given = {n.lower() for n, _ in header}
    lines = [*header, *((n, v) for n, v in fields if n.lower() not in given)]
    return b"".join(n.encode() + b": " + v + b"\r\n" for n, v in lines) + b"\r\n" + body


def _results(value: str) -> bytes:
    return _mail([("Authentication-Results", value.encode())] * 20)


def _html(source: bytes) -> bytes:
    return _mail([("Content-Type", b"text/html"), ("MIME-Version", b"1.0")], source)


def _nested_parts(depth: int) -> bytes:
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return b"MIME-Version: 1.0\r\n" + head + b"\r\nHello\r\n"


KINDS: dict[str, Callable[[], bytes]] = {
    "results that a grammar backs out of": lambda: _results("other.example; " + "a=b " * 975 + "! " + _ID),
    "results with nested comments": lambda: _results("other.example (" + "(" * 1900 + _ID + ")" * 1901 + "; none"),
    "results of ours with nested comments": lambda: _results(f"{_ID}; " + "(" * 900 + ")" * 900 + " dmarc=pass"),
    "addresses without an end": lambda: _mail([("Cc", b"a <" * 5000), ("To", b'"' + b'\\"' * 8000), ("Reply-To", b"(" * 16000)]),
    "addresses in groups": lambda: _mail([("Cc", b"g:" * 4000), ("To", b"a@b," * 4000), ("Reply-To", b"a.b." * 4000 + b"@c")]),
    "a sender in comments": lambda: _mail([("From", b"(" * 8000 + b")" * 8000 + b" a@hostile.example")]),
    "blanks without end": lambda: _mail([("Cc", b"a" + b" " * 16000 + b"b@c.example"), ("To", b" " * 16000 + b"<")]),
    "encoded words": lambda: _mail([("Subject", b"=?x?q?" * 2700), ("Cc", b"=?utf-8?b?w7w=?= " * 900 + b"<a@b.example>")]),
    "unknown charsets": lambda: _mail([("Subject", b" ".join(b"=?x-%d?q?=e4=f6=fc?=" % n for n in range(700)))]),
    "parameters": lambda: _mail([("Content-Type", b'text/plain; a="' + b";" * 60_000), ("MIME-Version", b"1.0")]),
    "continued parameters": lambda: _mail(
        [("Content-Type", b"text/plain" + b"".join(b"; n*%d*=utf-8''x" % n for n in range(2500))), ("MIME-Version", b"1.0")]
    ),
    "header fields": lambda: _mail([(f"X-{n}", b"y" * 60) for n in range(3000)]),
    "nested parts": lambda: _mail([], b"").replace(b"\r\n\r\n", b"\r\n" + _nested_parts(600), 1),
    "parts": lambda: _mail(
        [("Content-Type", b"multipart/mixed; boundary=b"), ("MIME-Version", b"1.0")], b"--b\r\n\r\nx\r\n" * 9000
    ),
    "HTML": lambda: _html(b"<table><tr><td><b><i>" * 4000 + b"x"),
    "formatting": lambda: _mail(
        [("Content-Type", b"text/html"), ("MIME-Version", b"1.0")], b"<a><p><b><nobr>" * 5000 + b"</a>" * 5000
    ),
    "8-bit text": lambda: _mail([("Content-Type", b"text/plain; charset=x-none")], bytes(range(160, 255)) * 1200 + b"\r\n"),
    "a NUL in Cc": lambda: _mail([("Cc", b"v\0x@bank.example"), ("Reply-To", b"r\x01\x1f@bank.example")]),
    "half a character": lambda: _mail([("Cc", b"a\xed\xa0\x80b@bank.example"), ("Subject", b"\xed\xa0\x80")]),
    "an umlaut domain": lambda: _mail([("From", "Jörg <joerg@bücher.example>".encode())]),
    "an umlaut address": lambda: _mail([("From", "Jörg <jörg@hostile.example>".encode())]),
    "references": lambda: _mail([("References", b"<" * 16000), ("In-Reply-To", b"<" + b"a" * 15000 + b">")]),
    "a date": lambda: _mail([("Date", b"Fri, 31 Dec 9999 23:59:59 -1400"), ("Subject", b"[#" * 3000)]),
    "a long line": lambda: _mail([], b"x" * 100_000 + b"\r\n"),
}
"""What it does → a mail that does it, another each time."""


def plain() -> Iterator[tuple[str, bytes]]:
    """Mails that cost nobody anything beyond the usual, without end."""
    while True:
        yield "plain", _mail([])


def mails() -> Iterator[tuple[str, bytes]]:
    """One of each kind in turn, without end: its kind and the mail."""
    for kind in cycle(KINDS):
        yield kind, KINDS[kind]()


def main() -> None:
    """Sends until SIGTERM."""
    host, port, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    sent = mails() if sys.argv[4] == "hostile" else plain()
    ending = False

    def end(*_: object) -> None:
        nonlocal ending
        ending = True

    signal.signal(signal.SIGTERM, end)
    taken, began = 0, time.monotonic()
    with smtplib.SMTP(host, port, timeout=30) as smtp:
        smtp.ehlo()
        for number, (_, raw) in enumerate(sent):
            if ending:
                break
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            smtp.mail(f"{secrets.token_hex(4)}@hostile.example")
            smtp.rcpt("support@desk.localhost")
            taken += smtp.data(raw)[0] == 250
    print(taken)


if __name__ == "__main__":
    main()
