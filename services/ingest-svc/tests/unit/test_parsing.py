"""Whatever the bytes are, the parser answers, and its answer is JSON that PostgreSQL and Kafka can hold."""

import gc
import json
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_svc.adapters.parsing.reader import attachment, read_mail
from ingest_svc.domain.mail import ParsedMail

from .corpus import CORPUS, NO_SENDER, good

MOST_BYTES = 900_000


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_of_other_tests() -> None:
    # Collected in the depth of a nested mail, what they left open could not even be warned of, and the mail's test would fail.
    gc.collect()


def _parsed(raw: bytes) -> ParsedMail:
    mail = read_mail(raw)
    wire = mail.model_dump_json()
    assert "\\u0000" not in wire
    assert len(wire) < MOST_BYTES, "an event has to fit into a Kafka batch"
    assert ParsedMail.model_validate_json(wire.encode()) == mail
    json.dumps(json.loads(wire)).encode("utf-8")
    return mail


@pytest.mark.parametrize("name", CORPUS)
def test_every_mail_of_the_corpus_is_read(name: str) -> None:
    mail = _parsed(CORPUS[name])
    assert (mail.sender is None) == (name in NO_SENDER), mail.no_sender
    if mail.sender is not None:
        assert mail.sender.email == "eve@example.com"
    else:
        assert mail.no_sender


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.binary(max_size=2000))
def test_no_bytes_break_the_parser(raw: bytes) -> None:
    _parsed(raw)


_MAIL_LIKE = [
    b"From: a@b.example", b"From: =?utf-8?B?", b"To: x:;,<@>(", b"--b", b"--b--", b"Date: 1 Jan 0000 99:99:99", b"", b"",
    b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: multipart/report; report-type=delivery-status; boundary=b",
    b"Content-Type: message/delivery-status", b"Content-Type: message/rfc822", b"Content-Type: text/html; charset=\xff",
    b"Content-Transfer-Encoding: base64", b"Content-Disposition: attachment; filename*0*=utf-8''%ff", b"Subject: \xff\x00",
    b"References: <a@b> <", b"Authentication-Results: mx; dmarc=pass header.from=b.example", b"<div><table><td>x",
]  # fmt: skip
_LINES = st.lists(st.one_of(st.sampled_from(_MAIL_LIKE), st.binary(max_size=60)), max_size=40)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_LINES, st.sampled_from([b"\r\n", b"\n"]))
def test_no_mail_shaped_bytes_break_the_parser(lines: list[bytes], end: bytes) -> None:
    _parsed(end.join(lines))


def _full() -> EmailMessage:
    message = good(Cc="Bob <bob@example.com>, CAROL@example.com", In_Reply_To="<z@y>", References="<x@y> <z@y>")
    message.add_alternative("<p>It <b>burns</b>.</p><img src='cid:fire'><img src='http://track.example/1.gif'>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Prüfbericht.pdf")
    return message


def test_a_good_mail_is_understood() -> None:
    mail = _parsed(_full().as_bytes())
    assert mail.sender is not None
    assert (mail.sender.email, mail.sender.name) == ("alice@example.com", "Alice Doe")
    assert [a.email for a in mail.cc] == ["bob@example.com", "carol@example.com"]
    assert mail.text == "It burns.\n"
    assert mail.references == ["<z@y>", "<x@y>"]
    assert mail.sent_at is not None
    assert mail.sent_at.isoformat() == "2026-11-22T09:00:00+00:00"
    assert [(a.name, a.media_type, a.size) for a in mail.attachments] == [("Prüfbericht.pdf", "application/pdf", 4)]
    assert mail.defects == []


def test_html_keeps_no_script_and_no_remote_image() -> None:
    html = _parsed(_full().as_bytes()).html
    assert html is not None
    assert "cid:fire" in html
    assert "track.example" not in html
    hostile = _parsed(CORPUS["script in HTML"])
    assert hostile.html is not None
    assert not [word for word in ("script", "onclick", "t.example") if word in hostile.html]
    assert hostile.text.strip() == "Hiz"


def test_a_mail_of_html_only_has_a_text() -> None:
    raw = good().as_bytes().replace(b"text/plain", b"text/html").replace(b"It burns.", b"<p>It burns.</p><ul><li>hot</ul>")
    assert _parsed(raw).text == "It burns.\n\n  * hot"


def test_a_list_footer_does_not_replace_the_html_it_follows() -> None:
    message = good()
    message.set_content("<p>The real message</p>", subtype="html")
    message.make_mixed()
    message.attach(_plain_part("-- list footer"))
    mail = _parsed(message.as_bytes())
    assert "The real message" in mail.text
    assert "list footer" in mail.text


def _plain_part(text: str) -> EmailMessage:
    part = EmailMessage()
    part.set_content(text)
    return part


def test_an_attachment_is_found_again_by_its_part() -> None:
    raw = _full().as_bytes()
    listed = _parsed(raw).attachments[0]
    assert attachment(raw, listed.part) == ("Prüfbericht.pdf", "application/pdf", b"%PDF")
    assert attachment(raw, 0) is None
    assert attachment(raw, 99) is None


def test_names_of_files_are_names_and_not_places() -> None:
    assert _parsed(CORPUS["a path for a name"]).attachments[0].name == "wd"
    assert _parsed(CORPUS["RFC 2231 name"]).attachments[0].name == "€ rates.pdf"


def test_text_beyond_64_kib_is_cut_and_said_so() -> None:
    mail = _parsed(CORPUS["a megabyte in one line"])
    assert len(mail.text.encode()) == 64 * 1024
    assert "the text was longer than 64 KiB and is cut here" in mail.defects


def test_an_address_in_the_display_name_is_not_the_sender() -> None:
    mail = _parsed(CORPUS["an address in the name of the From"])
    assert mail.sender is not None
    assert mail.sender.email == "eve@example.com"


@pytest.mark.parametrize(
    ("name", "defect"),
    [
        ("no closing boundary", "its multipart is not closed: it may have been cut off"),
        ("multipart without boundary", "its multipart has no boundary"),
        ("unknown charset", "its charset is unknown: klingon"),
        ("winmail.dat", "its text is inside winmail.dat (TNEF), which is not opened"),
        ("huge header field", "its header is longer than 256 KiB and is cut"),
        ("60,000 parts", "it has too many parts to be taken apart"),
    ],
)
def test_what_is_wrong_is_said_in_words(name: str, defect: str) -> None:
    assert defect in _parsed(CORPUS[name]).defects


def test_no_text_is_lost_where_header_and_body_are_not_parted() -> None:
    assert _parsed(CORPUS["no empty line behind the header"]).text.strip() == "Hello"
    assert _parsed(CORPUS["bare carriage returns"]).text.strip() == "Hello"


def test_text_in_a_wrong_charset_is_still_readable() -> None:
    assert "Grüße aus Köln" in _parsed(CORPUS["lies about its charset"]).text


def test_the_content_hash_ignores_the_way_and_sees_the_content() -> None:
    raw = good().as_bytes()
    again = b"Received: from x by y; Sun, 22 Nov 2026 10:00:00 +0000\r\nX-Spam: no\r\n" + raw
    assert _parsed(raw).content_hash == _parsed(again).content_hash
    assert _parsed(raw).content_hash != _parsed(raw.replace(b"burns", b"melts")).content_hash


def test_without_message_id_and_date_nothing_is_a_repetition() -> None:
    message = good()
    del message["Message-ID"], message["Date"]
    assert _parsed(message.as_bytes()).content_hash is None


def test_either_of_message_id_and_date_is_enough_to_know_a_repetition() -> None:
    for name in ("Message-ID", "Date"):
        message = good()
        del message[name]
        assert _parsed(message.as_bytes()).content_hash is not None


def test_of_the_references_the_last_is_the_likeliest_parent() -> None:
    mail = _parsed(good(References="<1@y> <2@y> <3@y>").as_bytes())
    assert mail.references == ["<3@y>", "<2@y>", "<1@y>"]


def test_a_delivery_report_names_its_recipients_and_the_message() -> None:
    raw = (
        b"From: MAILER-DAEMON@mx.example\r\nTo: support@desk.example\r\nSubject: Undelivered\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        b"Final-Recipient: rfc822; Gone@Example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"Diagnostic-Code: smtp; 550 unknown\r\n\r\n"
        b"Final-Recipient: rfc822; slow@example.com\r\nAction: delayed\r\nStatus: 4.4.1\r\n\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <ours@desk.example>\r\nSubject: x\r\n\r\nbody\r\n--b--\r\n"
    )
    mail = _parsed(raw)
    assert mail.is_delivery_report
    assert [(b.recipient, b.action, b.status, b.diagnostic) for b in mail.bounces] == [
        ("gone@example.com", "failed", "5.1.1", "smtp; 550 unknown"),
        ("slow@example.com", "delayed", "4.4.1", None),
    ]
    assert mail.bounced_message_id == "<ours@desk.example>"
