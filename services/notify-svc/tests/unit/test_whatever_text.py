"""Whatever text an event carries: it is handled; what comes of it is a sound mail (RFC 5322, 6531) or a failure that says why."""

import email
import email.policy
import json
from email.message import EmailMessage
from typing import Any, Literal, TypeVar, get_args, get_origin

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel

from deskstream_chassis.testing import example as golden
from deskstream_contracts.events.customers import CustomerUpdatedV1
from deskstream_contracts.events.inbound import DeliveryBouncedV1
from deskstream_contracts.events.notifications import NotificationFailedV1
from deskstream_contracts.events.tickets import (
    TicketAgentRepliedV1,
    TicketEscalatedV1,
    TicketEvent,
    TicketOpenedV1,
    TicketResolvedV1,
)
from notify_svc.domain.email_address import Unusable, parse, spelling
from notify_svc.handlers.remember_customer import RememberCustomer
from notify_svc.handlers.suppress_bounced import SuppressBounced
from notify_svc.messaging.heard import ANNOUNCEMENTS

from .working import Working

M = TypeVar("M", bound=BaseModel)
HEADERS = {
    "From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "X-Deskstream", "Content-Language", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding", "In-Reply-To", "References", "Auto-Submitted", "X-Auto-Response-Suppress",
}  # fmt: skip
ODD = (
    "", " ", "@", "a@", "@b.example", "jim@sample.com", "joerg@bücher.example", "JOERG@BÜCHER.example", "jörg@example.com",
    "jörg@bücher.example", '"ann example"@case.example', "ann example@case.example", "a..b@docomo.example", "a@[127.0.0.1]",
    "a@[IPv6:::1]", "a@b\r\nBcc: eve@evil.example", "jim@sample.com\0", "\ud800@sample.com", "jim@sam\ud800ple.com",
    "a" * 500 + "@sample.com", "jim@" + "a." * 200 + "com", "x@\u202eelpmas.com", "\u212aim@sample.com", "jim@❤.example",
    "=?utf-8?q?evil?= <x@y.example>", "Jörg\r\nSubject: other", "🦄" * 400, "\u05d0\u05d1" * 200, "<1@x.example>", "<a b@c>",
    "<" + "m" * 2000 + ">", "\x1b[2J", "en\r\n", 'Hallo, "Welt" (so) <da@x.example>;', "\\", "tab\tand\x85next\u2028line",
)  # fmt: skip
TEXT = st.sampled_from(ODD) | st.text(max_size=120) | st.text(st.characters(codec=None), max_size=40) | st.emails()


def told(model: M, draw: st.DrawFn) -> M:
    """The same, with other text wherever it has text."""
    changes: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        words = any(get_origin(kind) is Literal for kind in (field.annotation, *get_args(field.annotation)))
        if isinstance(value, BaseModel):
            changes[name] = told(value, draw)
        elif isinstance(value, list):
            changes[name] = [
                told(v, draw) if isinstance(v, BaseModel) else draw(TEXT) for v in value for _ in range(draw(st.integers(0, 3)))
            ]
        elif not words and (isinstance(value, str) or (value is None and str in get_args(field.annotation))):
            changes[name] = draw(TEXT)
    return model.model_copy(update=changes)


@st.composite
def events(draw: st.DrawFn, kinds: tuple[type[TicketEvent], ...]) -> TicketEvent:
    return told(golden(draw(st.sampled_from(kinds))), draw)


@given(events(tuple(announcement.event for announcement in ANNOUNCEMENTS)))
def test_each_notice_of_any_event_is_a_sound_mail_or_a_failure_with_its_reason(event: TicketEvent) -> None:
    working = Working()
    working.hear(event)
    once = dict.fromkeys(spelling(recipient) for recipient in recipients(event))
    for row, recipient in zip(working.queue.rows, once, strict=True):
        for value in row.values():
            assert not isinstance(value, str) or (value.encode().decode() == value and "\0" not in value)
        sound(row["content"], row["recipient"])
        if row["status"] == "queued":
            assert str(parse(recipient)) == row["recipient"]
        else:
            assert row["detail"]
    for published in working.published.events:
        assert isinstance(published, NotificationFailedV1)
        published.model_dump_json()


def recipients(event: TicketEvent) -> list[str]:
    match event:
        case TicketEscalatedV1():
            return [address.email for address in event.notify]
        case TicketAgentRepliedV1():
            return [event.ticket.requester.email, *(address.email for address in event.cc)]
        case _:
            return [event.ticket.requester.email]


def sound(content: bytes, recipient: str) -> EmailMessage:
    """Holds a mail to what RFC 5322 and RFC 6532 ask of it."""
    # The parser reads headers of RFC 6532 from text alone.
    message = email.message_from_string(content.decode(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    head, _, body = content.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 and b"\r" not in line and b"\n" not in line for line in content.split(b"\r\n"))
    assert body.isascii()
    assert set(message.keys()) <= HEADERS
    assert len(message.keys()) == len(set(message.keys()))
    assert head.isascii() or not recipient.isascii(), "7-bit headers, unless the address needs SMTPUTF8"
    if "To" in message:
        (to,) = message["To"].addresses
        assert spelling(to.addr_spec) == recipient
    for name in ("In-Reply-To", "References"):
        assert all(part.startswith("<") and part.endswith(">") for part in str(message[name] or "").split())
    return message


@given(TEXT, TEXT)
@example("Jörg Müller", "Grüße aus Köln")
@example("Anna, Bert & Co. (GmbH)", "=?utf-8?q?no?=")
@example("🦄" * 40, "عربي ‏نص" * 20)
def test_a_name_and_a_subject_are_read_as_they_were_meant(name: str, subject: str) -> None:
    opened = golden(TicketOpenedV1)
    requester = opened.ticket.requester.model_copy(update={"name": name})
    working = Working()
    working.hear(
        opened.model_copy(update={"ticket": opened.ticket.model_copy(update={"requester": requester, "subject": subject})})
    )
    message = sound(working.queue.rows[0]["content"], "jim@sample.com")
    shown = "".join(message["To"].addresses[0].display_name.split())
    meant = "".join(c for c in "".join(name.split()) if c.isprintable())
    assert "".join(c for c in shown if c.isprintable() and c != "\ufffd")[:60] == meant.replace("\ufffd", "")[:60]
    if subject.isprintable() and len(subject) < 200:
        meant = f": {subject}" if subject.strip() else ""
        assert str(message["Subject"]).split() == f"[#1042] We have your request{meant}".split()


@given(st.data())
def test_any_customer_and_any_bounce_leaves_what_a_database_can_hold(data: st.DataObject) -> None:
    working = Working()
    working.unit.sent.put("<ours@desk.example>", "jim@sample.com")
    updated, bounced = told(golden(CustomerUpdatedV1), data.draw), told(golden(DeliveryBouncedV1), data.draw)
    about = data.draw(st.sampled_from(["<ours@desk.example>", None]))
    bounced = bounced.model_copy(update={"action": "failed", "status": "5.1.1" + bounced.status, "original_rfc_message_id": about})
    bounced = bounced.model_copy(update={"recipient": data.draw(st.sampled_from(["JIM@Sample.COM", bounced.recipient]))})
    for use_case in (RememberCustomer(updated), SuppressBounced(bounced)):
        use_case.needs(working.unit)
        use_case.handle(working.unit)
    for kept in (*working.unit.people.all(), *working.unit.addresses.all()):
        for name in type(kept).__slots__:  # type: ignore[attr-defined]
            value = getattr(kept, name)
            assert "\\u0000" not in json.dumps(str(value))
            str(value).encode()


@given(TEXT)
def test_an_address_has_one_spelling(text: str) -> None:
    found = spelling(text)
    assert spelling(found) == found
    try:
        usable = parse(text)
    except Unusable:
        return
    assert str(parse(found)) == found == str(usable)
    assert usable.domain.isascii()
    assert len(found.encode()) <= 254
    assert spelling(f"{usable.local}@{usable.domain.upper()}") == found or usable.domain.startswith("[")


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("JOERG@BÜCHER.example", "joerg@xn--bcher-kva.example"),
        ("joerg@XN--BCHER-KVA.example.", "joerg@xn--bcher-kva.example"),
        ("x@faß.example", "x@xn--fa-hia.example"),
        ("x@日本。example", "x@xn--wgv71a.example"),
        ("Jörg@example.com", "jörg@example.com"),
        ("jo\u0308rg@example.com", "jörg@example.com"),
        ('"jim"@sample.com', "jim@sample.com"),
        ("ann example@case.example", '"ann example"@case.example'),
        ('"ann \\"x\\""@case.example', '"ann \\"x\\""@case.example'),
        ("a..b@docomo.example", '"a..b"@docomo.example'),
        ("x@mail_1.example", "x@mail_1.example"),
        ("x@[IPv6:::1]", "x@[IPv6:::1]"),
        ("x@[127.0.0.1]", "x@[127.0.0.1]"),
    ],
)
def test_what_an_address_means(text: str, means: str) -> None:
    assert str(parse(text)) == means


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is no mail address"),
        ("jim", "it is no mail address"),
        ("@sample.com", "it is no mail address"),
        ("jim@", "it is no mail address"),
        ('""@sample.com', "there is nothing before the @"),
        ("ji\0m@sample.com", "the part before the @ has characters that no address can have"),
        ("jim\r\n@sample.com", "the part before the @ has characters that no address can have"),
        ("\u212aim@sample.com", "the part before the @ has characters that no address can have"),
        ("\u202ejim@sample.com", "the part before the @ has characters that no address can have"),
        ("jim@sam\r\nple.com", "the part after the @ is no domain"),
        ("jim@sample..com", "the part after the @ is no domain"),
        ("jim@❤.example", "the part after the @ cannot be written as a domain (IDNA 2008)"),
        ("jim@[nowhere]", "the part after the @ is no domain"),
        ("jim@[::1]", "the part after the @ is no domain"),
        ("a" * 250 + "@sample.com", "the address is longer than the 254 octets that mail servers take"),
    ],
)
def test_what_is_no_address_is_said_so(text: str, why: str) -> None:
    with pytest.raises(Unusable, match=f"^{why.replace('(', '.').replace(')', '.')}$"):
        parse(text)


def test_who_cannot_be_written_to_is_told_to_the_staff_and_nobody_else_is_held_up() -> None:
    working = Working()
    working.hear(golden(TicketAgentRepliedV1, ticket={"requester": {"email": "nonsense"}}, cc=[{"email": "ann@sample.com"}]))
    assert working.outcomes == ["unusable_address", "queued"]
    (failed,) = working.published.events
    assert isinstance(failed, NotificationFailedV1)
    assert (failed.reason, failed.detail, failed.notification.recipient) == (
        "unusable_address",
        "it is no mail address",
        "nonsense",
    )


def test_who_needs_smtputf8_is_named_in_copy_only_to_who_needs_it_too() -> None:
    def copied(to: str) -> str:
        working = Working()
        cc = [{"email": "jörg@example.com"}, {"email": "Ann@bücher.example"}]
        working.hear(golden(TicketAgentRepliedV1, ticket={"requester": {"email": to}}, cc=cc))
        return str(sound(working.queue.rows[0]["content"], to)["Cc"])

    assert copied("jim@sample.com") == "ann@xn--bcher-kva.example"
    assert copied("jüm@sample.com") == "jörg@example.com, ann@xn--bcher-kva.example"


def test_an_address_that_is_too_long_in_lower_case_is_a_failure_with_its_reason() -> None:
    working = Working()
    working.hear(golden(TicketResolvedV1, ticket={"requester": {"email": "İ" * 160}}))
    assert working.outcomes == ["unusable_address"]


def test_the_spellings_of_one_address_have_one_cap_one_suppression_and_one_mail() -> None:
    working = Working()
    for version, spelled in enumerate(("joerg@bücher.example", "JOERG@xn--bcher-kva.EXAMPLE", "joerg@BÜCHER.example"), 1):
        working.hear(golden(TicketResolvedV1, ticket={"requester": {"email": spelled}, "version": version}))
    assert working.outcomes == ["queued", "queued", "rate_cap"]
    replied = Working()
    cc = [{"email": "joerg@XN--BCHER-kva.example"}]
    replied.hear(golden(TicketAgentRepliedV1, ticket={"requester": {"email": "joerg@bücher.example"}}, cc=cc))
    assert len({row["id"] for row in replied.queue.rows}) == 1
    working.unit.sent.put("<ours@desk.example>", "joerg@xn--bcher-kva.example")
    bounce = golden(DeliveryBouncedV1, recipient="Joerg@bücher.example", original_rfc_message_id="<ours@desk.example>")
    SuppressBounced(bounce).handle(working.unit)
    working.hear(golden(TicketResolvedV1, ticket={"requester": {"email": "joerg@xn--bcher-kva.example"}, "version": 9}))
    assert working.outcomes[-1] == "suppressed_address"
