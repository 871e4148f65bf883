"""The doors: what is accepted is in the ledger, once; what is not is refused in the words of the protocol."""

import asyncio
import json
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtplib import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from deskstream_chassis.run.clock import new_id
from ingest_svc.domain.signatures import sign
from ingest_svc.handlers.accept import Accept, Acceptance, Incoming

from .conftest import FORM_SECRET, SECRET, Desk, Play

MAIL = b"From: alice@example.com\r\nTo: support@desk.example\r\nSubject: hi\r\nMessage-ID: <1@example.com>\r\n\r\nHello\r\n"


async def _talk(desk: Desk, *commands: bytes) -> list[bytes]:
    """Sends everything at once (RFC 2920) and returns the last line of every answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.door.port)
    writer.write(b"".join((b"EHLO test\r\n", *commands, b"QUIT\r\n")))
    answers = [line for line in (await reader.read()).split(b"\r\n") if line[3:4] == b" "]
    writer.close()
    return answers[2:-1]


def test_a_mail_is_in_the_ledger_with_its_bytes_before_it_is_accepted(play: Play) -> None:
    raw = b"Subject: dots\r\n\r\n.one\r\n..two\r\n" + b"x" * 5000 + b"\r\n\xff\x00end\r\n"

    async def scene(desk: Desk) -> None:
        stuffed = raw.replace(b"\r\n.", b"\r\n..")
        mail, recipient, data, done = await _talk(
            desk, b"MAIL FROM:<a@b.example> BODY=8BITMIME\r\nRCPT TO:<Support+x@DESK.example>\r\nDATA\r\n", stuffed + b".\r\n"
        )
        assert (mail[:3], recipient[:3], data[:3]) == (b"250", b"250", b"354")
        [receipt] = await desk.receipts()
        assert done == f"250 2.0.0 OK {receipt['id']}".encode()
        [stored] = await desk.rows("SELECT content FROM raw_messages")
        assert stored.content == raw
        assert (receipt["mailbox"], receipt["recipient"]) == ("support@desk.example", "Support+x@DESK.example")
        assert (receipt["state"], receipt["envelope_from"], receipt["relay_trusted"]) == ("received", "a@b.example", True)
        assert receipt["correlation_id"] == str(receipt["id"])

    play(scene)


async def _begin(desk: Desk, *said: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.door.port)
    await reader.readline()
    writer.write(b"HELO test\r\n" + b"".join(said))
    await reader.readline()
    return reader, writer


async def _last(reader: asyncio.StreamReader) -> bytes:
    """The last line before the other side closes the connection."""
    async with asyncio.timeout(10):
        return (await reader.read()).rstrip().rpartition(b"\n")[2]


@pytest.mark.parametrize(("relays", "taken"), [("", 2), ("127.0.0.0/8", 5)])
def test_a_stranger_has_so_many_sessions_at_a_time_and_our_relay_more(play: Play, relays: str, taken: int) -> None:
    async def scene(desk: Desk) -> None:
        connections = [await asyncio.open_connection("127.0.0.1", desk.door.port) for _ in range(5)]
        greetings = [(await reader.readline())[:3] for reader, _ in connections]
        assert greetings == [b"220"] * taken + [b"421"] * (5 - taken)

    play(scene, trusted_relays=relays, smtp_sessions_of_a_peer=2)


def test_messages_without_an_end_hold_so_many_bytes_and_keep_nobody_out(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        begin = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n"
        small, small_writer = await _begin(desk, begin, b"x" * 300_000)
        hostile = [await _begin(desk, begin, b"x" * 400_000) for _ in range(3)]
        ended = [asyncio.create_task(_last(reader)) for reader, _ in hostile]
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        assert [t.result()[:9] for t in ended if t.done()] == [b"421 4.3.1"]
        assert REGISTRY.get_sample_value("deskstream_ingest_smtp_bytes") <= 1_200_000
        [mail, _, _, done] = await _talk(desk, begin, MAIL + b".\r\n")
        assert (mail[:3], done[:3]) == (b"250", b"250")
        # Who holds less than the greediest finishes.
        small_writer.write(b"\r\n.\r\n")
        while not (line := await small.readline()).startswith(b"250 2.0.0"):
            assert line[:1] in b"23"
        for task in ended:
            task.cancel()

    play(scene, smtp_bytes=1_200_000, message_bytes=1_000_000)


@pytest.mark.parametrize("command", [b"NOOP", b"RSET", b"EHLO test", b"VRFY a@b.example", b"MAIL FROM:<a@b.example>\r\nRSET", b""])
def test_commands_that_bring_no_message_come_to_an_end(play: Play, command: bytes) -> None:
    async def scene(desk: Desk) -> None:
        reader, _ = await _begin(desk, *[command + b"\r\n"] * 60)
        assert (await _last(reader))[:9] == b"421 4.7.0"
        # Whoever brings messages has them counted from each on.
        begin = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n"
        several = [part for n in range(4) for part in (b"NOOP\r\n" * 8, begin, MAIL.replace(b"<1@", b"<%d@" % n) + b".\r\n")]
        assert [answer[:9] for answer in await _talk(desk, *several)].count(b"250 2.0.0") == 4
        # Neither do recipients count, however many there are not.
        nobody = b"RCPT TO:<x@desk.example>\r\n" * 50
        [*recipients, done] = await _talk(desk, begin[:-6], nobody, b"DATA\r\n", MAIL + b".\r\n")
        assert ([answer[:3] for answer in recipients].count(b"550"), done[:3]) == (50, b"250")

    play(scene, smtp_idle_commands=20)


def test_a_session_has_its_time_and_the_message_that_is_under_way_then_its_own(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        begin = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n"
        idle, idle_writer = await _begin(desk)
        busy, busy_writer = await _begin(desk, begin)
        asked = asyncio.create_task(_say_now_and_then(idle_writer))
        assert (await _last(idle))[:9] == b"421 4.4.2"
        asked.cancel()
        busy_writer.write(MAIL + b".\r\n")
        async with asyncio.timeout(10):
            answers = (await busy.read()).splitlines()
        assert [answer[:9] for answer in answers[-2:]] == [b"250 2.0.0", b"421 4.4.2"]

    play(scene, smtp_session_seconds=0.5)


async def _say_now_and_then(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"NOOP\r\n")
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("size", ["²", "1²", "٣", "x", "-1", "9" * 21, "1_0", "\udcff"])
def test_a_size_is_ascii_digits_and_all_else_is_refused_without_a_fuss(play: Play, size: str) -> None:
    async def scene(desk: Desk) -> None:
        said = f"MAIL FROM:<a@b.example> SIZE={size}\r\n".encode(errors="surrogateescape")
        with capture_logs() as logged:
            [answer, other] = await _talk(desk, said, b"MAIL FROM:<a@b.example> SIZE=10\r\n")
        assert (answer[:3], other[:3], logged) == (b"501", b"250", [])

    play(scene)


@pytest.mark.parametrize("sign", ["²", "٣", "\udcff", "\x00", "é", "\u2028", "ß"])
def test_no_sign_in_a_command_is_our_error(play: Play, sign: str) -> None:
    async def scene(desk: Desk) -> None:
        commands = (
            "{0}", "NOOP {0}", "HELP {0}", "VRFY {0}", "VRFY a{0}@b.example", "EXPN {0}", "RSET {0}", "DATA {0}", "AUTH {0}",
            "EHLO {0}",
            "MAIL {0}", "MAIL FROM:{0}", "MAIL FROM:<{0}>", "MAIL FROM:<a{0}@b.example> {0}", "MAIL FROM:<a@b.example> {0}={0}",
            "MAIL FROM:<a@b.example> BODY={0}", "MAIL FROM:<a{0}@b.example> SMTPUTF8", "RCPT {0}", "RCPT TO:<{0}@desk.example>",
            "RCPT TO:<support+{0}@desk.example>", "RCPT TO:<support@desk.example> {0}={0}",
        )  # fmt: skip
        said = [f"{command.format(sign)}\r\n".encode(errors="surrogateescape") for command in commands]
        with capture_logs() as logged:
            answers = await _talk(desk, *said)
        assert not [answer for answer in answers if answer[:1] == b"4"], answers
        assert (logged, len(answers) >= len(commands)) == ([], True), answers

    play(scene)


def test_a_transaction_has_its_time(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        reader, writer = await _begin(desk, b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n")
        drip = asyncio.create_task(_drip(writer))
        assert (await _last(reader))[:9] == b"421 4.4.2"
        drip.cancel()
        [_, _, _, done] = await _talk(
            desk, b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n", MAIL + b".\r\n"
        )
        assert done[:3] == b"250"

    play(scene, smtp_transaction_seconds=1.0)


async def _drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("given", "status", "kept"),
    [
        (b"<>", b"250", ""),
        (b"<a@b.example>", b"250", "a@b.example"),
        (b"a@b.example", b"250", "a@b.example"),
        (b'<"a b"@c.example>', b"250", '"a b"@c.example'),
        (b"<@relay.example,@other.example:a@b.example>", b"250", "a@b.example"),
        (b"<a@[192.0.2.1]>", b"250", "a@[192.0.2.1]"),
        (b"<" + b"(" * 300 + b"a@b.example>", b"553", None),
        (b'<"' + b'\\"' * 200 + b"@b.example>", b"553", None),
        (b"<" + b"a" * 65 + b"@b.example>", b"553", None),
        (b"<a@b@c.example>", b"553", None),
    ],
)
def test_a_senders_path_is_read_by_the_grammar_of_smtp(play: Play, given: bytes, status: bytes, kept: str | None) -> None:
    async def scene(desk: Desk) -> None:
        mail, *_ = await _talk(desk, b"MAIL FROM:" + given + b"\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n", MAIL + b".\r\n")
        assert mail[:3] == status
        if kept is not None:
            assert [r["envelope_from"] for r in await desk.receipts()] == [kept]

    play(scene)


def test_several_mailboxes_are_several_entries_of_one_message(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        recipients = b"".join(b"RCPT TO:<%s@desk.example>\r\n" % r for r in (b"support", b"billing", b"support+tag"))
        await _talk(desk, b"MAIL FROM:<>\r\n" + recipients + b"DATA\r\n", MAIL + b".\r\n")
        receipts = await desk.receipts()
        assert [(r["recipient"], r["envelope_from"]) for r in receipts] == [
            ("support+tag@desk.example", ""),
            ("billing@desk.example", ""),
        ]
        assert len(await desk.rows("SELECT id FROM raw_messages")) == 1

    play(scene)


@pytest.mark.parametrize(
    "address", [b"nobody@desk.example", b"support@other.example", b"supportx@desk.example", b"+x@desk.example"]
)
def test_other_recipients_are_refused(play: Play, address: bytes) -> None:
    async def scene(desk: Desk) -> None:
        answers = await _talk(desk, b"MAIL FROM:<a@b.example>\r\nRCPT TO:<" + address + b">\r\nDATA\r\n")
        assert [a[:9] for a in answers[1:]] == [b"550 5.1.1", b"503 5.5.1"]

    play(scene)


def test_too_large_a_mail_is_refused_by_its_word_and_by_its_bytes_and_the_session_goes_on(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        large = b"Subject: x\r\n\r\n" + b"y" * 300_000 + b"\r\nDATA\r\nQUIT\r\n.\r\n"
        start = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n"
        answers = await _talk(desk, b"MAIL FROM:<a@b.example> SIZE=200001\r\n", start, large, start, MAIL + b".\r\n")
        assert [a[:3] for a in answers] == [b"552", b"250", b"250", b"354", b"552", b"250", b"250", b"354", b"250"]
        assert len(await desk.receipts()) == 1

    play(scene)


def test_an_empty_message_is_a_message(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        answers = await _talk(desk, b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n.\r\n")
        assert answers[-1][:3] == b"250"
        assert (await desk.receipts())[0]["size"] == 0

    play(scene)


def test_without_a_database_the_sender_is_asked_to_try_again(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        answers = await _talk(desk, b"MAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n", MAIL + b".\r\n")
        assert answers[-1][:9] == b"451 4.3.0"
        answer = await _post(desk, "/webhooks/mail?mailbox=support", MAIL)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")

    play(scene, database_url="postgresql+asyncpg://a:b@127.0.0.1:1/none")


def _certify(key_path: Path, certificate_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate_path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    key_path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


def test_a_session_can_be_encrypted(play: Play, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    _certify(key, certificate)

    async def scene(desk: Desk) -> None:
        trust = ssl.create_default_context(cafile=certificate)
        trust.check_hostname = False
        client = SMTP(hostname="127.0.0.1", port=desk.door.port, start_tls=True, tls_context=trust)
        async with client:
            await client.ehlo()
            assert client.supports_extension("pipelining")
            assert not client.supports_extension("auth")
            await client.sendmail("a@b.example", "support@desk.example", MAIL)
        plain = await _talk(desk, b"MAIL FROM:<a@b.example>\r\n")
        assert plain[0][:3] == b"530"
        assert len(await desk.receipts()) == 1

    play(scene, smtp_tls_certificate=certificate, smtp_tls_key=key, smtp_require_tls=True)


def test_a_stopping_listener_lets_a_message_finish(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.door.port)
        idle, idle_writer = await asyncio.open_connection("127.0.0.1", desk.door.port)
        writer.write(b"HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n")
        while not (await reader.readline()).startswith(b"354"):
            pass
        assert desk.door.ready
        desk.stop.set()
        assert b"421" in await idle.read()
        assert not desk.door.ready
        assert desk.door.stalled(0) is None, "a door waits for others"
        writer.write(MAIL + b".\r\n")
        assert (await reader.readline()).startswith(b"250")
        assert (await reader.read()).startswith(b"421")
        writer.close()
        idle_writer.close()
        assert len(await desk.receipts()) == 1

    play(scene)


def test_arrivals_of_one_moment_share_a_commit(play: Play) -> None:
    def commits() -> float:
        return REGISTRY.get_sample_value("deskstream_ingest_intake_batch_messages_count") or 0.0

    async def scene(desk: Desk) -> None:
        acceptance: Acceptance = desk.door._handler._acceptance  # type: ignore[assignment]
        before = commits()
        incoming = Incoming("smtp", MAIL, "message/rfc822", ["support@desk.example"])
        answers = await asyncio.gather(*(acceptance.accept(incoming) for _ in range(300)))
        assert len({ids[0] for ids in answers}) == 300
        assert {r["id"] for r in await desk.receipts()} == {ids[0] for ids in answers}
        assert commits() - before <= 4

    play(scene)


def test_one_entry_that_cannot_be_stored_does_not_hinder_the_others(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        acceptance: Acceptance = desk.door._handler._acceptance  # type: ignore[assignment]
        ledger: Any = acceptance._ledger
        good = Incoming("smtp", MAIL, "message/rfc822", ["support@desk.example"])
        [bad] = Accept(good).receipts(acceptance._desk, new_id, datetime.now(UTC), "")
        object.__setattr__(bad, "door", "window")
        results = await asyncio.gather(ledger.accept([bad], MAIL), acceptance.accept(good), return_exceptions=True)
        assert isinstance(results[0], Exception)
        assert [r["id"] for r in await desk.receipts()] == results[1]

    play(scene)


async def _post(
    desk: Desk, path: str, body: bytes, *, media_type: str = "message/rfc822", age: int = 0, **headers: str
) -> httpx.Response:
    id_, moment = headers.pop("webhook_id", str(new_id())), int(time.time()) - age
    secret = FORM_SECRET if "/forms/" in path else SECRET
    signed = {"webhook-id": id_, "webhook-timestamp": str(moment), "webhook-signature": sign(secret, id_, moment, body)}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return await desk.http.post(path, content=body, headers={"content-type": media_type, **signed, **more})


def test_a_signed_mail_webhook_is_accepted_once_however_often_it_comes(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        path = "/webhooks/mail?mailbox=support"
        first, again = [await _post(desk, path, MAIL, webhook_id="msg_1") for _ in range(2)]
        assert first.status_code == again.status_code == 202
        assert first.json() == again.json() == {"receipt": str((await desk.receipts())[0]["id"])}
        other = await _post(desk, path, MAIL + b"!", webhook_id="msg_1")
        assert (other.status_code, other.json()["errors"][0]["pointer"]) == (422, "Idempotency-Key")
        together = await asyncio.gather(*(_post(desk, path, MAIL, webhook_id="msg_2", idempotency_key=f"k{n}") for n in range(5)))
        assert len({a.text for a in together}) == 1
        assert len(await desk.receipts()) == 2

    play(scene)


def test_webhooks_refuse_with_a_problem(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        mail = "/webhooks/mail?mailbox=support"
        assert (await desk.http.post(mail, content=MAIL)).status_code == 401
        assert (await _post(desk, mail, MAIL, age=400)).status_code == 401
        assert (await _post(desk, mail, MAIL, webhook_signature="v1,AAAA")).status_code == 401
        assert (await _post(desk, mail, b"x" * 200_001)).status_code == 413
        unknown = await _post(desk, "/webhooks/mail?mailbox=nobody", MAIL)
        assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "mailbox")
        assert (await _post(desk, "/webhooks/forms/none", b"{}")).status_code == 404
        assert await desk.receipts() == []

    play(scene)


def test_a_form_becomes_a_message_and_a_wrong_field_is_named(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        path, kind = "/webhooks/forms/contact", "application/json"
        given = {"Email": "Bob@example.com", "Message": "Hello", "Urgency": "critical"}
        accepted = await _post(desk, path, json.dumps(given).encode(), media_type=kind)
        assert accepted.status_code == 202
        encoded = b"Email=bob%40example.com&Message=Hi"
        assert (await _post(desk, path, encoded, media_type="application/x-www-form-urlencoded")).status_code == 202
        wrong = await _post(desk, path, b'{"Email": "bob", "Message": "x"}', media_type=kind)
        assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "#/Email")
        assert (await _post(desk, path, b"x" * 2001, media_type=kind)).status_code == 413
        assert await desk.sort() == 2
        events = await desk.events()
        assert [e["type"] for e in events] == ["message.received.v1"] * 2
        message = events[0]["message"]
        assert message["id"] == accepted.json()["receipt"]
        assert message["channel"] == {"kind": "form", "name": "contact", "address": "support@desk.example"}
        assert (message["sender"]["email"], message["text"], events[0]["requested"]["priority"]) == (
            "bob@example.com",
            "Hello",
            "critical",
        )

    play(scene)
