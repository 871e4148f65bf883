"""Whatever the structure of a mail, and whatever was done to its bytes: it is read, and what is told of it fits the contract."""

import random
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deskstream_contracts.wire import MAX_EVENT_BYTES
from ingest_svc.adapters.parsing.reader import read_mail
from ingest_svc.domain.mail import ParsedMail
from ingest_svc.domain.sorting import decide, examine
from ingest_svc.domain.threading import EarlierMail
from ingest_svc.messaging.published import published

from .corpus import CORPUS
from .given import DESK, a_receipt

_AUTHSERV_ID = "mx.desk.example"
_FIELDS = (
    b"From", b"From ", b"Sender", b"Reply-To", b"To", b"Cc", b"Subject", b"Date", b"Message-ID", b"In-Reply-To", b"References",
    b"Authentication-Results", b"Auto-Submitted", b"Precedence", b"List-Id", b"Received", b"X-Deskstream", b"Content-Type",
    b"Content-Disposition", b"Content-Transfer-Encoding", b"Content-ID", b"\xff", b"",
)  # fmt: skip
_VALUES = (
    b"eve@example.com", b"Eve <eve@example.com>", b'"a, b" <eve@example.com>', b"a@example.com, b@example.com", b"g: a@b.example;",
    b"<>", b"\xc3\xbc@b\xc3\xbccher.example", b"v\0x@bank.example",
    b"=?utf-8?b?w7w=?=", b"=?klingon?q?=ff?=", b"=?utf-8?q?=00=0d=0aBcc:_x?=",
    b"<a@b.example>", b"<a@b.example> <c@d.example>", b"Sun, 22 Nov 2026 10:00:00 +0000", b"Fri, 31 Dec 9999 23:59:59 -2359",
    b"mx.desk.example; dmarc=pass header.from=example.com", b"mx.desk.example; ((dmarc=fail",
    b"auto-replied", b"bulk", b"\xed\xa0\x80", b"",
)  # fmt: skip
_TYPES = (
    b"text/plain", b"text/plain; charset=utf-8", b"text/plain; charset=latin-1",
    b"text/plain; charset=klingon", b"text/plain; charset=utf-16",
    b"text/plain; format=flowed", b"text/html; charset=utf-8",
    b"text/calendar", b"application/ms-tnef; name=winmail.dat", b"image/png",
    b"application/octet-stream; name*0*=utf-8''%ff%00; name*1=\"../x\"",
    b"message/rfc822", b"message/delivery-status", b"text/", b"/", b"",
)  # fmt: skip
_MULTIPARTS = (
    b"multipart/mixed", b"multipart/alternative", b"multipart/related", b"multipart/signed", b"multipart/digest",
    b"multipart/report; report-type=delivery-status",
)  # fmt: skip
_ENCODINGS = (b"", b"7bit", b"8bit", b"base64", b"quoted-printable", b"x-uuencode", b"x-none")
_ENDS = (b"\r\n", b"\n", b"\r")

_words = st.one_of(st.sampled_from(_VALUES), st.binary(max_size=40))
_fields = st.lists(st.tuples(st.sampled_from(_FIELDS), _words), max_size=8)
_texts = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        (b"<div>" * 300, b"<b><script>x</script><a href=javascript:x>y", b"--b--", b"=\r\n" * 50, b"SGVsbG8=", b"\0" * 20)
    ),
)


def _header(fields: Sequence[tuple[bytes, bytes]]) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in fields)


def _part(kind: bytes, encoding: bytes, fields: Sequence[tuple[bytes, bytes]], text: bytes) -> bytes:
    said = [(b"Content-Type", kind)] + ([(b"Content-Transfer-Encoding", encoding)] if encoding else [])
    return _header([*said, *fields]) + b"\r\n" + text + b"\r\n"


def _whole(kind: bytes, boundary: bytes, parts: Sequence[bytes], fields: Sequence[tuple[bytes, bytes]], is_closed: bool) -> bytes:
    said = (b"Content-Type", kind + b'; boundary="' + boundary + b'"')
    body = b"".join(b"--" + boundary + b"\r\n" + part for part in parts)
    return _header([said, *fields]) + b"\r\n" + body + (b"--" + boundary + b"--\r\n" if is_closed else b"")


_leaves = st.builds(_part, st.sampled_from(_TYPES), st.sampled_from(_ENCODINGS), _fields, _texts)
_trees = st.recursive(
    _leaves,
    lambda inner: st.builds(
        _whole,
        st.sampled_from(_MULTIPARTS),
        st.sampled_from((b"b", b"bb", b"", b"-", b"b\xff", b"x" * 80)),
        st.lists(inner, max_size=4),
        _fields,
        st.booleans(),
    ),
    max_leaves=12,
)


def _has_an_outcome(raw: bytes) -> None:
    mail = read_mail(raw, _AUTHSERV_ID)
    wire = mail.model_dump_json()  # as it comes out of the parser's process
    assert ParsedMail.model_validate_json(wire) == mail
    events = list(published(decide(examine(a_receipt(), mail, DESK), EarlierMail(), DESK)))
    assert [e.type for e in events if e.type != "delivery.bounced.v1"] == [events[0].type]
    for event in events:
        told = event.model_dump_json(exclude_none=True)
        assert len(told.encode()) <= MAX_EVENT_BYTES
        assert "\\u0000" not in told, "PostgreSQL's JSON has no NUL"
        assert type(event).model_validate_json(told) == event


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(_fields, _trees, st.sampled_from(_ENDS))
def test_a_mail_of_any_structure(fields: list[tuple[bytes, bytes]], tree: bytes, end: bytes) -> None:
    _has_an_outcome((_header(fields) + b"MIME-Version: 1.0\r\n" + tree).replace(b"\r\n", end))


def _mutated(raw: bytes, chance: random.Random) -> bytes:
    """Some bytes other, some gone, some twice; a line from another mail."""
    found = bytearray(raw)
    for _ in range(chance.choice((1, 1, 3, 30))):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(6):
            case 0 if at < len(found):
                found[at] = chance.choice((0, 10, 13, 34, 40, 60, 0x80, 0xED, 0xFF, chance.randrange(256)))
            case 1:
                del found[at : at + chance.choice((1, 2, 50))]
            case 2:
                found[at:at] = found[at : at + chance.choice((1, 20, 500))]
            case 3:
                del found[at:]
            case 4:
                found[at:at] = b"\r\n" + chance.choice(_FIELDS) + b": " + chance.choice(_VALUES) + b"\r\n"
            case _:
                lines = bytes(found[:20_000]).split(b"\n")
                chance.shuffle(lines)
                found[:20_000] = b"\n".join(lines)
    return bytes(found)


_SMALL = sorted(name for name, raw in CORPUS.items() if len(raw) < 40_000)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_SMALL), st.integers(0, 2**32))
def test_a_mail_of_the_corpus_after_an_accident(name: str, seed: int) -> None:
    _has_an_outcome(_mutated(CORPUS[name], random.Random(seed)))
