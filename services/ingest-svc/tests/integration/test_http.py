"""What the HTTP doors and the ledger take, answer and refuse, and what tickets tell the ledger."""

import base64
import json
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from httpx import Response
from standardwebhooks import Webhook

from deskstream_chassis.testing import accepted, example, following, received, refused
from deskstream_chassis.web.subjects import Customer, Program, Role, Staff, Subject
from deskstream_contracts.addressing import message_id
from deskstream_contracts.events.inbound import DeliveryBouncedV1, MessageReceivedV1, MessageSuppressedV1
from deskstream_contracts.events.tickets import TicketAgentRepliedV1, TicketOpenedV1
from deskstream_contracts.visibility import NOTHING, Visibility
from ingest_svc.domain.signatures import sign

from .conftest import FORM, FORM_SECRET, SECRET, Desk, opened

pytestmark = pytest.mark.anyio
OF_ONE_CUSTOMER = Visibility(customer_ids=frozenset({uuid4()}))
PROGRAM = Program("1", "Shop", frozenset({Role.AGENT}))
CUSTOMER = Customer("1", "Ada", OF_ONE_CUSTOMER)
VIEWER = Staff("1", "Vi", frozenset({Role.VIEWER}))
OPERATOR = Staff("1", "Otto", frozenset({Role.OPERATOR}), NOTHING)
LIMITED = Staff("1", "Tess", frozenset({Role.VIEWER, Role.AGENT}), OF_ONE_CUSTOMER)
REQUEST = {"email": "Ada@Acme.example", "name": "Ada", "subject": "Help", "text": "It burns.", "requested": {"priority": "high"}}

BOUNCE = (
    "From: mailer-daemon@mx.example\r\nTo: support@desk.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
    "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    "Final-Recipient: rfc822; gone@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
    "--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {ours}\r\nSubject: hi\r\n\r\n--b--\r\n"
)
"""A delivery status notification (RFC 3464) about the message `{ours}`."""


def mail(**headers: str) -> bytes:
    usual = {"From": "alice@example.com", "Subject": "hi", "Message-ID": "<1@example.com>"}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in (usual | headers).items())
    return f"{lines}\r\nHello\r\n".encode()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers of a signed request, as a sender who follows Standard Webhooks 1.0 makes them."""
    id_, now = str(uuid4()), datetime.now(UTC)
    signature = Webhook(secret).sign(id_, now, body.decode())
    return {"webhook-id": id_, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}


async def post_bare(desk: Desk, raw: bytes, path: str = "/webhooks/mail", **headers: str) -> Response:
    """A signed bare mail, whose own header says where it goes."""
    return await desk.http.post(path, content=raw, headers={"content-type": "message/rfc822", **signed(raw), **headers})


def handed_in(raw: bytes, mailbox: str = "support", **more: object) -> bytes:
    return json.dumps({"mailbox": mailbox, "message": base64.b64encode(raw).decode(), **more}).encode()


async def post_mail(desk: Desk, raw: bytes, mailbox: str = "support", **more: object) -> Response:
    """A signed mail with where it goes, as a relay hands it in."""
    body = handed_in(raw, mailbox, **more)
    return await desk.http.post("/webhooks/mail", content=body, headers={"content-type": "application/json", **signed(body)})


async def taken(desk: Desk, raw: bytes, mailbox: str = "support", **more: object) -> UUID:
    """The id in the ledger of a mail that was taken."""
    return UUID(accepted(await post_mail(desk, raw, mailbox, **more), status=202)["receipt"])


async def entry(desk: Desk, id_: UUID) -> dict[str, Any]:
    found: dict[str, Any] = accepted(await desk.get(f"/ledger/{id_}"))
    return found


async def test_a_request_of_a_program_becomes_a_message(desk: Desk) -> None:
    answer = accepted(await desk.as_subject(PROGRAM).post("/submissions", json=REQUEST), status=202)
    assert await desk.sort() == 1
    (event,) = await desk.published(MessageReceivedV1)
    message = event.message
    assert str(message.id) == answer["receipt"]
    assert (message.channel.kind, message.channel.name) == ("api", "api")
    assert (message.sender.email, message.sender.name) == ("ada@acme.example", "Ada")
    assert (message.subject, message.text, event.requested.priority) == ("Help", "It burns.", "high")
    assert (event.thread.root, event.thread.relation) == (message.id, "new")


async def test_a_key_makes_a_repeated_request_one(desk: Desk) -> None:
    agent, keyed = desk.as_("agent"), {"idempotency-key": "k"}
    one, two = [accepted(await agent.post("/submissions", json=REQUEST, headers=keyed), status=202) for _ in range(2)]
    assert one == two
    other = await agent.post("/submissions", json={**REQUEST, "text": "Other"}, headers=keyed)
    assert refused(other) == (422, "Idempotency-Key")
    accepted(await desk.as_("agent", id="2").post("/submissions", json=REQUEST, headers=keyed), status=202)
    assert len(await desk.receipts()) == 2
    assert refused(await agent.post("/submissions", json=REQUEST, headers={"idempotency-key": "x" * 256}))[0] == 422


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "nobody"}, "#/email"),
        ({"text": " "}, "#/text"),
        ({"colour": "red"}, "#/colour"),
        ({"subject": "a\nb"}, "#/subject"),
    ],
)
async def test_a_request_that_does_not_fit_is_pointed_at(desk: Desk, change: dict[str, str], pointer: str) -> None:
    assert refused(await desk.as_("agent").post("/submissions", json={**REQUEST, **change})) == (422, pointer)
    assert await desk.receipts() == []


async def test_a_nul_in_a_wish_goes_no_further(desk: Desk) -> None:
    await desk.as_("agent").post("/submissions", json={**REQUEST, "requested": {"custom_fields": {"tier": "a\0b"}}})
    await desk.sort()
    assert [e for e in await desk.published(MessageReceivedV1) if "\0" in e.requested.custom_fields.get("tier", "")] == []


async def test_a_mail_goes_where_its_signed_body_says(desk: Desk) -> None:
    by_name = await taken(desk, mail(), "billing")
    by_address = await taken(desk, mail(), "Support+x@desk.example", envelope_from="<a@b.example>")
    assert (await entry(desk, by_name))["mailbox"] == "billing@desk.example"
    found = await entry(desk, by_address)
    assert (found["mailbox"], found["envelope_from"], found["door"]) == ("support@desk.example", "a@b.example", "http_mail")
    assert refused(await post_mail(desk, mail(), "nobody")) == (422, "mailbox")
    [stored] = await desk.rows("SELECT content FROM raw_messages WHERE id = CAST(:id AS uuid)", id=str(by_name))
    assert stored.content == mail()


async def test_a_bare_mail_goes_where_its_own_header_says(desk: Desk) -> None:
    raw = mail(To="Somebody <x@example.com>,\r\n Bills <Billing+1@desk.example>", Cc="support@desk.example")
    for path, headers in (("", {}), ("?mailbox=billing", {}), ("", {"x-mailbox": "billing@desk.example"})):
        id_ = UUID(accepted(await post_bare(desk, raw, f"/webhooks/mail{path}", **headers), status=202)["receipt"])
        assert (await entry(desk, id_))["mailbox"] == "billing@desk.example"
    last = mail(**{"Delivered-To": "support@desk.example", "To": "billing@desk.example"})
    id_ = UUID(accepted(await post_bare(desk, last), status=202)["receipt"])
    assert (await entry(desk, id_))["mailbox"] == "support@desk.example"
    assert refused(await post_bare(desk, mail(To="x@example.com"))) == (422, "mailbox")


async def test_a_captured_request_goes_nowhere_else_and_makes_no_second_entry_whatever_is_added(desk: Desk) -> None:
    raw = mail(To="support@desk.example")
    captured = {"content-type": "message/rfc822", **signed(raw)}

    async def replayed(query: str = "", **headers: str) -> Response:
        return await desk.http.post(f"/webhooks/mail{query}", content=raw, headers={**captured, **headers})

    assert refused(await replayed("?mailbox=billing")) == (422, "mailbox")
    assert refused(await replayed(**{"x-mailbox": "billing"})) == (422, "mailbox")
    for query in ("?envelope_from=", "?mailbox=support&envelope_from=evil@example.com"):
        assert refused(await replayed(query)) == (422, "envelope_from")
    first = accepted(await replayed("?mailbox=support"), status=202)
    for n in range(3):
        assert accepted(await replayed(**{"idempotency-key": f"k{n}"}), status=202) == first
        assert accepted(await replayed(f"?n={n}", **{"Idempotency-Key": "", "x-request-id": str(n)}), status=202) == first
    [receipt] = await desk.receipts()
    assert receipt["envelope_from"] is None

    body = handed_in(mail(), "billing")
    captured = {"content-type": "application/json", **signed(body)}
    for query, pointer in (("?mailbox=support", "mailbox"), ("?envelope_from=", "envelope_from")):
        answer = await desk.http.post(f"/webhooks/mail{query}", content=body, headers=captured)
        assert refused(answer) == (422, pointer)


async def test_what_is_signed_for_one_form_is_not_taken_at_another_nor_for_a_mail(settings: dict[str, Any]) -> None:
    other = {**FORM, "secret": SECRET[:-6] + "AAAAAA"}
    settings["forms"].write_text(json.dumps({"contact": FORM, "returns": other}))
    body = json.dumps({"Email": "ada@acme.example", "Message": "It burns."}).encode()
    headers = {"content-type": "application/json", **signed(body, FORM_SECRET)}
    async with opened(settings) as desk:
        for path in ("/webhooks/forms/returns", "/webhooks/mail"):
            assert refused(await desk.http.post(path, content=body, headers=headers)) == (401, None)
        first = accepted(await desk.http.post("/webhooks/forms/contact", content=body, headers=headers), status=202)
        keyed = {**headers, "idempotency-key": "k"}
        assert accepted(await desk.http.post("/webhooks/forms/contact", content=body, headers=keyed), status=202) == first
        assert len(await desk.receipts()) == 1


@pytest.mark.parametrize("same", [SECRET, SECRET.removeprefix("whsec_"), SECRET + "="])
async def test_two_signed_doors_do_not_share_a_secret(settings: dict[str, Any], same: str) -> None:
    settings["forms"].write_text(json.dumps({"contact": {**FORM, "secret": [FORM_SECRET, same]}}))
    with pytest.raises(ValueError, match="have the same webhook secret"):
        async with opened(settings):
            pass


BOMBS: Final[dict[str, bytes]] = {
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"Email":' + b'{"a":' * 150 + b"1" + b"}" * 151,
    "deep objects that nobody asks for": b'{"Email": "a@a.example", "Message": "m", "x":' + b'{"a":' * 150 + b"1" + b"}" * 151,
    "a NUL in the text": b'{"Email": "ab@a.example", "Message": "x\\u0000"}',
    "a control in the address": b'{"Email": "a\\u0001b@a.example", "Message": "x"}',
    "a list": b'[{"Email": "a@a.example"}]',
    "a number": b'{"Email": "a@a.example", "Message": ' + b"9" * 1500 + b"}",
    "an exponent": b'{"Email": "a@a.example", "Message": 1e999999}',
    "no number": b'{"Email": "a@a.example", "Message": NaN}',
    "half a pair": b'{"Email": "a@a.example", "Message": "\\ud800"}',
    "raw half a pair": b'{"Email": "a@a.example", "Message": "\xed\xa0\x80"}',
    "a NUL": b'{"Email": "a\\u0000b@a.example", "Message": "x\\u0000"}',
    "lists of lists": b'{"Email": [["a@a.example"]], "Message": [[[]]]}',
    "a long address": b'{"Email": "' + b"a" * 64 + b"@" + b"b" * 1000 + b'", "Message": "m"}',
    "nothing": b"",
    "null": b"null",
    "two": b'{"Email": "a@a.example"} {"Message": "x"}',
}


HARMLESS: Final = {"deep objects that nobody asks for", "a NUL in the text"}


@pytest.mark.parametrize("bomb", BOMBS)
async def test_bodies_made_to_break_a_parser_are_refused_or_taken_without_harm(desk: Desk, bomb: str) -> None:
    body = BOMBS[bomb]
    for path, secret in (("/webhooks/forms/contact", FORM_SECRET), ("/webhooks/mail", SECRET)):
        id_, now = str(uuid4()), datetime.now(UTC)
        headers = {
            "content-type": "application/json", "webhook-id": id_, "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": sign(secret, id_, int(now.timestamp()), body),
        }  # fmt: skip
        answer = await desk.http.post(path, content=body, headers=headers)
        taken = bomb in HARMLESS and "forms" in path
        assert answer.status_code in ((202,) if taken else (413, 422)), answer.text
    await desk.sort()
    assert all("\0" not in json.dumps(event) for event in await desk.events())


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"mailbox": None}, "#/mailbox"),
        ({"mailbox": ["support"]}, "#/mailbox"),
        ({"mailbox": "support\0"}, "mailbox"),
        ({"envelope_from": 1}, "#/envelope_from"),
        ({"message": ""}, "#/message"),
        ({"message": {}}, "#/message"),
        ({"message": "no base64"}, "#/message"),
        ({"message": "é"}, "#/message"),
        ({"mailboxes": ["a"]}, "#/mailboxes"),
    ],
)
async def test_a_mail_that_is_not_handed_in_as_it_should_be_is_pointed_at(desk: Desk, change: dict[str, Any], pointer: str) -> None:
    body = json.dumps({"mailbox": "support", "message": "YQ==", **change}).encode()
    headers = {"content-type": "application/json; charset=utf-8", **signed(body)}
    assert refused(await desk.http.post("/webhooks/mail", content=body, headers=headers)) == (422, pointer)


async def test_a_mail_in_base64_is_as_large_as_another_and_no_larger(desk: Desk) -> None:
    assert (await post_mail(desk, mail() + b"x" * (200_000 - len(mail())))).status_code == 202
    assert (await post_mail(desk, mail() + b"x" * 200_001)).status_code == 413


async def test_the_copy_of_an_agents_answer_may_write_into_the_thread(desk: Desk) -> None:
    first = await taken(desk, mail())
    await desk.sort()
    opened = example(TicketOpenedV1, ticket={"thread_root": first, "participants": ["alice@example.com"]}, message_id=first)
    people = ["alice@example.com", "bob@example.com"]
    await desk.settle(opened, following(opened, TicketAgentRepliedV1, ticket={"participants": people}))
    reply = {"In-Reply-To": "<1@example.com>", "Authentication-Results": "mx.desk.example; dmarc=pass header.from=example.com"}
    await taken(desk, mail(From="bob@example.com", **{"Message-ID": "<2@example.com>"}, **reply))
    await taken(desk, mail(From="eve@example.com", **{"Message-ID": "<3@example.com>"}, **reply))
    await desk.sort()
    bob, eve = (await desk.published(MessageReceivedV1))[1:]
    assert (bob.thread.root, bob.thread.relation, bob.thread.proof) == (first, "reply", "references")
    assert (eve.thread.relation, eve.thread.follows) == ("possible_follow_up", first)


async def test_a_ticket_of_no_entry_here_closes_none(desk: Desk) -> None:
    id_ = await taken(desk, mail())
    await desk.sort()
    await desk.settle(example(TicketOpenedV1, message_id=uuid4()), example(TicketOpenedV1, message_id=None))
    assert (await entry(desk, id_))["state"] == "sorted"
    await desk.settle(example(TicketOpenedV1, message_id=id_))
    closed = await entry(desk, id_)
    assert (closed["state"], closed["outcome"], closed["ticket_number"]) == ("closed", "opened", 1042)


async def test_what_a_broken_ticket_event_holds_up_goes_on_when_it_is_discarded(desk: Desk) -> None:
    id_ = await taken(desk, mail())
    await desk.sort()
    opened = received(example(TicketOpenedV1, message_id=id_))
    await desk.settle(received(example(TicketOpenedV1), value=b"{}"), opened)
    operator, key = desk.as_subject(OPERATOR), {"topic": opened.topic, "key": opened.key}
    (parked,) = accepted(await operator.get("/admin/parked"))
    assert (parked["topic"], parked["key"]) == (opened.topic, opened.key)
    again = accepted(await operator.post("/admin/parked/replay", json=key))
    assert (again["messages"], [r["key"] for r in again["refused"]]) == (0, [key["key"]])
    assert accepted(await operator.post("/admin/parked/discard", json=key))["messages"] == 1
    assert accepted(await operator.post("/admin/parked/replay", json=key))["messages"] == 1
    assert (await entry(desk, id_))["outcome"] == "opened"


async def test_a_bounce_is_told_in_the_thread_of_what_was_sent(desk: Desk) -> None:
    root, sent = uuid4(), uuid4()
    ours = message_id(root, sent, "desk.example")
    id_ = await taken(desk, BOUNCE.replace("{ours}", ours).encode())
    await desk.sort()
    suppressed, bounced = await desk.published()
    assert isinstance(suppressed, MessageSuppressedV1)
    assert isinstance(bounced, DeliveryBouncedV1)
    assert (suppressed.reason, suppressed.thread.root, bounced.thread.root) == ("bounce", root, root)
    assert (bounced.recipient, bounced.action, bounced.status) == ("gone@example.com", "failed", "5.1.1")
    assert bounced.original_rfc_message_id == ours
    found = await entry(desk, id_)
    assert (found["state"], found["outcome"], found["reason"]) == ("closed", "suppressed", "bounce")


async def test_the_ledger_is_found_by_its_door_and_its_time(desk: Desk) -> None:
    id_ = await taken(desk, mail())
    accepted(await desk.as_("agent").post("/submissions", json=REQUEST), status=202)
    by_mail = accepted(await desk.get("/ledger", door="http_mail"))["items"]
    assert [e["id"] for e in by_mail] == [str(id_)]
    at = by_mail[0]["received_at"]
    assert len(accepted(await desk.get("/ledger", since=at))["items"]) == 2
    assert accepted(await desk.get("/ledger", until=at))["items"] == []


@pytest.mark.parametrize(
    "bad",
    [{"door": "window"}, {"state": "lost"}, {"since": "2026-03-02T09:00:00"}, {"ticket": 0}, {"limit": 201}, {"reason": "a\0b"}],
)
async def test_filters_that_make_no_sense_are_refused(desk: Desk, bad: dict[str, Any]) -> None:
    assert refused(await desk.get("/ledger", **bad))[0] == 422


async def test_a_moment_at_the_end_of_time_is_refused(desk: Desk) -> None:
    assert refused(await desk.get("/ledger", until="9999-12-31T23:59:59-14:00"))[0] == 422


async def test_there_is_no_raw_form_of_what_is_not_there_and_no_attachment_of_a_request(desk: Desk) -> None:
    request = accepted(await desk.as_("agent").post("/submissions", json=REQUEST), status=202)["receipt"]
    raw = await desk.get(f"/messages/{request}/raw")
    assert raw.headers["content-type"] == "application/octet-stream", "only a mail is given as a mail"
    for path in (f"/messages/{uuid4()}/raw", f"/messages/{uuid4()}/attachments/0", f"/messages/{request}/attachments/0"):
        assert refused(await desk.get(path)) == (404, None)
    mail_ = await taken(desk, mail())
    assert refused(await desk.get(f"/messages/{mail_}/attachments/{2**31}")) == (404, None)


async def test_a_message_names_its_ticket_once_it_has_one(desk: Desk) -> None:
    id_ = await taken(desk, mail())
    path = f"/messages/{id_}/ticket"
    assert accepted(await desk.get(path)) == {"ticket_id": None}
    await desk.sort()
    opened = example(TicketOpenedV1, message_id=id_)
    await desk.settle(opened)
    for who in (VIEWER, LIMITED, CUSTOMER):
        assert accepted(await desk.as_subject(who).get(path)) == {"ticket_id": str(opened.ticket.id)}
    assert refused(await desk.as_subject(OPERATOR).get(path)) == (403, None)
    assert refused(await desk.get(f"/messages/{uuid4()}/ticket")) == (404, None)


async def test_who_does_not_see_everything_gets_no_raw_message_and_no_ledger(desk: Desk) -> None:
    id_ = await taken(desk, mail())
    limited = desk.as_subject(LIMITED)
    assert refused(await limited.get(f"/messages/{id_}/raw")) == (404, None)
    for path in ("/ledger", "/ledger/summary", f"/ledger/{id_}", f"/ledger/{uuid4()}"):
        assert refused(await limited.get(path)) == (403, None)


async def test_who_runs_the_desk_reads_the_ledger_and_no_message(desk: Desk) -> None:
    id_ = await taken(desk, mail())
    operator = desk.as_subject(OPERATOR)
    for path in ("/ledger", "/ledger/summary", f"/ledger/{id_}"):
        accepted(await operator.get(path))
    for path in (f"/messages/{id_}/raw", f"/messages/{id_}/attachments/0"):
        assert refused(await operator.get(path)) == (403, None)


async def test_who_is_kept_out_of_closed_teams_does_not_read_the_ledger_of_all(desk: Desk) -> None:
    visibility = Visibility(everything=True, closed_team_ids=frozenset({uuid4()}))
    kept_out = desk.as_subject(Staff("1", "Tess", frozenset({Role.AGENT}), visibility))
    assert refused(await kept_out.get("/ledger")) == (403, None)
    id_ = await taken(desk, mail())
    assert (await kept_out.get(f"/messages/{id_}/raw")).content == mail(), "whose ticket it is, the gateway has looked"


@pytest.mark.parametrize(
    ("method", "path", "subject"),
    [
        ("POST", "/submissions", VIEWER),
        ("GET", "/ledger", CUSTOMER),
        ("GET", "/ledger/summary", CUSTOMER),
        ("GET", f"/ledger/{uuid4()}", CUSTOMER),
        ("GET", f"/messages/{uuid4()}/ticket", OPERATOR),
        ("GET", f"/messages/{uuid4()}/raw", VIEWER),
        ("GET", f"/messages/{uuid4()}/attachments/0", VIEWER),
    ],
)
async def test_every_route_needs_a_token_and_its_role(desk: Desk, method: str, path: str, subject: Subject) -> None:
    assert refused(await desk.http.request(method, path, json=REQUEST)) == (401, None)
    assert refused(await desk.as_subject(subject).request(method, path, json=REQUEST)) == (403, None)
