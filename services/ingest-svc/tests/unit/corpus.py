"""Hostile and broken mails, each named by what is wrong with it."""

import base64
from email.message import EmailMessage

HEAD = (
    b"From: Eve Example <eve@example.com>\r\nTo: support@desk.example\r\nSubject: broken\r\n"
    b"Message-ID: <broken@example.com>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n"
)
HELLO = b"Content-Type: text/plain\r\n\r\nHello\r\n"


def good(**fields: str) -> EmailMessage:
    """A mail as it should be; fields by name, `_` for `-`."""
    message = EmailMessage()
    defaults = {
        "From": "Alice Doe <Alice@Example.com>",
        "To": "support@desk.example",
        "Subject": "The printer is on fire",
        "Message_ID": "<first@example.com>",
        "Date": "Sun, 22 Nov 2026 10:00:00 +0100",
    }
    for name, value in {**defaults, **fields}.items():
        message[name.replace("_", "-")] = value
    message.set_content("It burns.\n")
    return message


def _nested(depth: int) -> bytes:
    body = HELLO
    for level in range(depth):
        b = f"b{level}".encode()
        body = b'Content-Type: multipart/mixed; boundary="' + b + b'"\r\n\r\n--' + b + b"\r\n" + body + b"\r\n--" + b + b"--\r\n"
    return HEAD + body


def _attached_messages(depth: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\nFrom: a@b.c\r\n" * depth + HELLO


def _html(body: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + body


def _mixed(*parts: bytes) -> bytes:
    return (
        HEAD
        + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        + b"".join(b"--b\r\n" + p + b"\r\n" for p in parts)
        + b"--b--\r\n"
    )


def _without(name: bytes) -> bytes:
    return b"\r\n".join(line for line in HEAD.split(b"\r\n") if not line.lower().startswith(name))


CORPUS: dict[str, bytes] = {
    "nothing at all": b"",
    "only line ends": b"\r\n\r\n\r\n",
    "only NULs": b"\0" * 500,
    "no header, only text": b"Hello, is anybody there?\r\n",
    "no empty line behind the header": HEAD + b"Hello\r\n",
    "nested 30 deep": _nested(30),
    "nested 300 deep": _nested(300),
    "nested 2000 deep": _nested(2000),
    "messages in messages, 200 deep": _attached_messages(200),
    "300 nested divs": _html(b"<div>" * 300 + b"deep" + b"</div>" * 300),
    "50,000 unclosed elements": _html(b"<b><i><font>" * 17_000 + b"deep"),
    "no closing boundary": HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n' + HELLO,
    "boundary that never comes": HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\nHello\r\n',
    "multipart without boundary": HEAD + b"Content-Type: multipart/mixed\r\n\r\n--b\r\n" + HELLO,
    "empty boundary": HEAD + b'Content-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n' + HELLO,
    "unknown charset": HEAD + b"Content-Type: text/plain; charset=klingon\r\n\r\nGr\xfc\xdfe\r\n",
    "charset that is no charset": HEAD + b"Content-Type: text/plain; charset=rot13\r\n\r\nHello\r\n",
    "charset with NUL": HEAD + b"Content-Type: text/plain; charset=utf\0-8\r\n\r\nHello \xff\r\n",
    "charset with NUL, and no empty line before 8-bit text": HEAD
    + b"Content-Type: text/plain; charset=utf\0-8\r\nno field \xff\r\n\r\nHello\r\n",
    "charset of RFC 2231 with NUL, in a part that is no base64": _mixed(
        b"Content-Type: text/plain; charset*=utf-8''%00\r\nContent-Transfer-Encoding: base64\r\n\r\n\xff=\r\n"
    ),
    "lies about its charset": HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\nGr\xfc\xdfe aus K\xf6ln\r\n",
    "several From": b"From: mallory@evil.example\r\n" + HEAD + HELLO,
    "several addresses in From": _without(b"from:") + b"From: a@example.com, b@example.com\r\n" + HELLO,
    "an address in the name of the From": _without(b"from:") + b'From: "boss@bank.example" <eve@example.com>\r\n' + HELLO,
    "a comment that hides an address": _without(b"from:") + b"From: eve@example.com(<boss@bank.example>)\r\n" + HELLO,
    "empty From": _without(b"from:") + b"From: \r\n" + HELLO,
    "empty brackets in From": _without(b"from:") + b"From: <>\r\n" + HELLO,
    "From is a group": _without(b"from:") + b"From: undisclosed-recipients:;\r\n" + HELLO,
    "NULs everywhere": (HEAD + HELLO).replace(b"broken", b"bro\0ken").replace(b"Hello", b"He\0llo"),
    "8-bit header": HEAD.replace(b"broken", "größer".encode("latin-1")) + HELLO,
    "8-bit UTF-8 header": HEAD.replace(b"broken", "größer".encode()) + HELLO,
    "broken encoded word": HEAD.replace(b"broken", b"=?utf-8?B?%%%?= =?klingon?Q?=FF?= =?utf-8?Q?=") + HELLO,
    "winmail.dat": _mixed(
        b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgA="
    ),
    "huge header field": HEAD + b"X-Spam: " + b"x" * 2_000_000 + b"\r\n" + HELLO,
    "20,000 header fields": HEAD + b"X-A: b\r\n" * 20_000 + HELLO,
    "group addresses": HEAD.replace(b"support@desk.example", b"Friends: a@example.com, B <b@example.com>;, c@example.com") + HELLO,
    "5,000 recipients": HEAD.replace(b"support@desk.example", b", ".join(b"u%d@example.com" % n for n in range(5000))) + HELLO,
    "RFC 2231 name": _mixed(
        HELLO,
        b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*0*=utf-8''%e2%82%ac%20;\r\n"
        b" filename*1*=rates.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD",
    ),
    "broken RFC 2231 name": _mixed(b"Content-Disposition: attachment; filename*=klingon'%%'%zz; filename*1*=x\r\n\r\nabc"),
    "a path for a name": _mixed(HELLO, b'Content-Disposition: attachment; filename="../../etc/pass\\\\wd"\r\n\r\nabc'),
    "base64 junk": HEAD + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!=%%%AAA\xff\r\n",
    "unknown transfer encoding": HEAD + b"Content-Transfer-Encoding: x-rot13\r\n" + HELLO,
    "uuencode junk": HEAD + b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n\xff\xff\r\n",
    "6,000 parts": _mixed(*([HELLO] * 6000)),
    "60,000 parts": _mixed(*([b"\r\n"] * 60_000)),
    "a date that is none": HEAD.replace(b"Sun, 22 Nov 2026 10:00:00 +0000", b"the day after tomorrow") + HELLO,
    "a date beyond all dates": HEAD.replace(b"22 Nov 2026", b"31 Dec 9999").replace(b"+0000", b"-2359") + HELLO,
    "a Message-ID without brackets": HEAD.replace(b"<broken@example.com>", b"broken") + HELLO,
    "a megabyte in one line": HEAD + b"Content-Type: text/plain\r\n\r\n" + b"a" * 1_000_000,
    "a quarter million of references": HEAD + b"References: " + b" <a@b>" * 40_000 + b"\r\n" + HELLO,
    "script in HTML": _html(
        b"<p>Hi<script>alert(1)</script><a href='javascript:x()' onclick='y()'>z</a><img src=http://t.example/p.gif>"
    ),
    "delivery report without fields": HEAD
    + b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
    b"Content-Type: message/delivery-status\r\n\r\n\r\n--b--\r\n",
    "half a surrogate": HEAD + b"Content-Type: text/plain; charset=utf-16\r\n\r\n\x00\xd8\x00\xd8",
    "escape sequences": HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B\xff\x1b(B\x1b[31mred\r\n",
    "bare carriage returns": (HEAD + HELLO).replace(b"\r\n", b"\r"),
    "cut in the middle of base64": _mixed(HELLO)[:-20]
    + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.b64encode(b"x" * 200)[:33],
}

NO_SENDER = {
    "nothing at all", "only line ends", "only NULs", "no header, only text", "several From", "several addresses in From",
    "empty From", "empty brackets in From", "From is a group",
}  # fmt: skip
"""Those that are quarantined: everything else in the corpus becomes a ticket."""
