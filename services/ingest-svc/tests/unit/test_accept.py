"""Accepting: what a door was given becomes receipts, and what a request says becomes what a door was given."""

from dataclasses import replace
from itertools import count
from uuid import UUID

import pytest
from starlette.datastructures import Headers

from deskstream_chassis.refusals import Invalid
from deskstream_chassis.web.subjects import Program, Role
from deskstream_contracts.commands import Submission
from ingest_svc.api.submissions import submitted
from ingest_svc.api.webhooks import SignedRequest, filled_form, raw_mail
from ingest_svc.domain.forms import Form
from ingest_svc.domain.receipts import Receipt
from ingest_svc.domain.refusals import NoSuchMailbox, UnsignedRouting
from ingest_svc.handlers.accept import Accept, Incoming

from .given import DESK, NOW

TRACE = f"00-{'1' * 32}-{'2' * 16}-01"
PROGRAM = Program("shop", "Shop", frozenset({Role.AGENT}))
REQUEST = Submission(email="ada@acme.example", subject="Help", text="It burns.")
FORM = Form.model_validate({"secret": "whsec_" + "A" * 32, "mailbox": "billing"})


def _receipts(incoming: Incoming) -> list[Receipt]:
    numbers = count(1)
    return Accept(incoming).receipts(DESK, lambda: UUID(int=next(numbers)), NOW, TRACE)


def _signed(body: bytes = b"", **headers: str) -> SignedRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SignedRequest(Headers({"webhook-id": "msg_1", **named}), body, TRACE)


def test_each_recipient_has_a_receipt_and_all_share_the_raw_bytes() -> None:
    to = ["Support+x@desk.example", "billing@desk.example"]
    one, other = _receipts(Incoming("smtp", b"raw", "message/rfc822", to, "", relay_trusted=True))
    assert (one.id, one.raw_id, other.id, other.raw_id) == (UUID(int=1), UUID(int=1), UUID(int=2), UUID(int=1))
    assert (one.mailbox, one.recipient, one.channel) == ("support@desk.example", "Support+x@desk.example", "support")
    assert (other.mailbox, other.channel) == ("billing@desk.example", "billing")
    assert (one.size, one.sha256, one.envelope_from, one.relay_trusted) == (3, other.sha256, "", True)
    assert (one.correlation_id, other.correlation_id, one.traceparent) == (str(one.id), str(other.id), TRACE)


@pytest.mark.parametrize(
    ("raw", "message_id"),
    [
        (b"Message-ID: <1@a.example>\r\n\r\n", "<1@a.example>"),
        (b"From: a@a.example\nMESSAGE-id:\n <1@a.example>\nTo: b\n\nText", "<1@a.example>"),
        (b"From: a@a.example\r\n\r\nMessage-ID: <1@a.example>\r\n", None),
        (b"X-Message-ID: <1@a.example>\r\nSubject: Message-ID: <2@a.example>\r\n\r\n", None),
        (b"Message-ID: <\x00@a.example>\r\nSubject: \xff\r\n\r\n", None),
        (b"Message-ID: <" + b"a" * 2000 + b">\r\n\r\n", None),
        (b"Subject: " + b"a" * 70_000 + b"\r\nMessage-ID: <1@a.example>\r\n\r\n", None),
    ],
)
def test_a_mail_waits_under_the_message_id_that_it_seems_to_have(raw: bytes, message_id: str | None) -> None:
    [receipt] = _receipts(Incoming("smtp", raw, "message/rfc822", ["support@desk.example"], ""))
    assert receipt.rfc_message_id == message_id
    [form] = _receipts(Incoming("form", raw, "message/rfc822", [], form="contact"))
    assert form.rfc_message_id is None


def test_what_comes_to_no_mailbox_is_one_receipt_in_the_channel_of_its_form() -> None:
    [receipt] = _receipts(Incoming("form", b"{}", "application/json\r\nX: y", [], form="contact"))
    assert (receipt.mailbox, receipt.recipient, receipt.envelope_from, receipt.channel) == (None, None, None, "contact")
    assert receipt.media_type == "application/json X: y", "it stands in a header some day"


def test_a_request_is_kept_as_it_was_checked_and_its_key_is_its_callers_own() -> None:
    incoming = submitted(REQUEST, PROGRAM, "k", TRACE)
    assert (incoming.door, incoming.form, incoming.media_type) == ("api", "api", "application/json")
    assert Submission.model_validate_json(incoming.raw) == REQUEST
    assert incoming.idempotency == submitted(REQUEST, PROGRAM, "k", None).idempotency
    other = Program("other", "Other", PROGRAM.roles)
    assert incoming.idempotency not in (submitted(REQUEST, other, "k", None).idempotency, None)
    assert submitted(REQUEST, PROGRAM, None, None).idempotency is None
    for key in ("", "x" * 256):
        with pytest.raises(Invalid):
            submitted(REQUEST, PROGRAM, key, None)


def test_a_signed_mail_is_for_the_mailbox_that_its_body_names() -> None:
    as_json = _signed(
        b'{"mailbox": "billing", "envelope_from": "<a@b.example>", "message": "cmF3"}', content_type="application/json"
    )
    whole = raw_mail(as_json, None, None, DESK)
    assert (whole.raw, whole.recipients, whole.envelope_from, whole.relay_trusted) == (
        b"raw",
        ["billing@desk.example"],
        "a@b.example",
        True,
    )
    bare = raw_mail(_signed(b"Subject: x\nTO : <Billing+x@desk.example>\n\nTo: support@desk.example"), "billing", None, DESK)
    assert (bare.recipients, bare.envelope_from) == (["Billing+x@desk.example"], None)
    for mailbox, envelope_from in (("support", None), ("billing", ""), (None, "a@b.example")):
        with pytest.raises(UnsignedRouting):
            raw_mail(_signed(b"To: billing@desk.example\n\n"), mailbox, envelope_from, DESK)
    with pytest.raises(UnsignedRouting):
        raw_mail(as_json, "billing", None, DESK)
    for mailbox in ("nobody", "nobody@desk.example", "support@elsewhere.example"):
        named = b'{"mailbox": "%s", "message": "cmF3"}' % mailbox.encode()
        with pytest.raises(NoSuchMailbox):
            raw_mail(_signed(named, content_type="application/json"), None, None, DESK)
    with pytest.raises(NoSuchMailbox):
        raw_mail(_signed(b"To: x@example.com\n\nTo: support@desk.example"), None, None, DESK)


def test_where_there_is_one_mailbox_a_bare_mail_goes_to_it() -> None:
    one = replace(DESK, mailboxes=frozenset({"support"}))
    assert raw_mail(_signed(b"To: undisclosed:;\n\n"), None, None, one).recipients == ["support@desk.example"]


def test_a_webhook_is_repeated_under_its_id_alone_whatever_else_is_sent() -> None:
    def key(**headers: str) -> str | None:
        return raw_mail(_signed(b"To: support@desk.example\n\n", **headers), None, None, DESK).idempotency

    assert key() == key(idempotency_key="k") == key(idempotency_key="") == key(idempotency_key="msg_2")
    assert key(webhook_id="msg_2") != key()


def test_a_form_is_refused_at_the_door_where_it_could_not_be_sorted() -> None:
    body = b'{"email": "ada@acme.example", "text": "It burns."}'
    incoming = filled_form(_signed(body, content_type="application/json"), "contact", FORM, DESK)
    assert (incoming.door, incoming.form, incoming.recipients) == ("form", "contact", ["billing@desk.example"])
    assert not incoming.relay_trusted
    with pytest.raises(Invalid):
        filled_form(_signed(b'{"text": "It burns."}', content_type="application/json"), "contact", FORM, DESK)
