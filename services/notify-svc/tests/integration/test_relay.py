"""A mail server that refuses us is waited for, one that refuses a mail is believed; one that is slow gets each mail once."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from prometheus_client import REGISTRY
from sqlalchemy import text

from deskstream_chassis.testing import OpenService, accepted, another
from deskstream_contracts.events.notifications import NotificationEvent, NotificationFailedV1
from deskstream_contracts.events.tickets import TicketOpenedV1

from .conftest import Open
from .looks import deliveries
from .relay import Relay, listening

pytestmark = pytest.mark.anyio
LOGIN = {"smtp_username": "desk", "smtp_password": "hidden"}
NO_AUTH = "250-relay.example\r\n250 SMTPUTF8"


@asynccontextmanager
async def desk_at(opens: Open, relay: Relay, **settings: Any) -> AsyncIterator[OpenService]:
    """The service with its sender at work."""
    own = {"smtp_port": relay.port, "retry_first_seconds": 0.05, "smtp_connections": 2, **settings}
    async with opens(role="all", **own) as desk:
        stop = asyncio.Event()
        sender = asyncio.create_task(desk.worker("sender").run(stop))
        try:
            yield desk
        finally:
            stop.set()
            await asyncio.wait_for(sender, 20)


async def until(holds: Callable[[], Awaitable[Any]], seconds: float = 20) -> Any:
    """What `holds` gives, when it gives something."""
    async with asyncio.timeout(seconds):
        while not (found := await holds()):  # noqa: ASYNC110 (what is waited for is in the database)
            await asyncio.sleep(0.02)
    return found


async def ended(desk: OpenService, count: int = 1) -> list[dict[str, Any]]:
    async def all_of_them() -> list[dict[str, Any]]:
        found = [d for d in await deliveries(desk, limit=500) if d["status"] in ("sent", "failed")]
        return found if len(found) >= count else []

    found: list[dict[str, Any]] = await until(all_of_them)
    return found


def refusals(at: str) -> float:
    return REGISTRY.get_sample_value("deskstream_notify_relay_refusals_total", {"at": at}) or 0.0


def refuses_seconds(at: str) -> float:
    return REGISTRY.get_sample_value("deskstream_notify_relay_refuses_seconds", {"at": at}) or 0.0


def opened(email: str = "jim@sample.com") -> TicketOpenedV1:
    return another(TicketOpenedV1, ticket={"requester": {"email": email}})


@pytest.mark.parametrize(
    ("answers", "settings", "at", "said"),
    [
        ({"greeting": "554 5.7.1 go away"}, {}, "greeting", "554 5.7.1 go away"),
        ({"greeting": "421 4.3.2 not now"}, {}, "greeting", "421 4.3.2 not now"),
        ({"EHLO": "504 5.5.2 <desk>: need a fully-qualified name"}, {}, "ehlo", "504 5.5.2 <desk>: need a fully-qualified name"),
        ({"AUTH": "535 5.7.8 wrong password"}, LOGIN, "login", "535 5.7.8 wrong password"),
        ({"AUTH": "454 4.7.0 later"}, LOGIN, "login", "454 4.7.0 later"),
        ({"EHLO": NO_AUTH}, LOGIN, "login", "not supported"),
        ({"EHLO": NO_AUTH}, {"smtp_starttls": True}, "tls", "not supported"),
        ({"STARTTLS": "454 4.7.0 no certificate"}, {"smtp_starttls": True}, "tls", "454 4.7.0 no certificate"),
        ({"MAIL": "530 5.7.0 authenticate first"}, {}, "login", "530 5.7.0 authenticate first"),
        ({"MAIL": "553 5.7.1 not your address"}, {}, "sender", "553 5.7.1 not your address"),
        ({"MAIL": "550 5.1.8 no such domain"}, {}, "sender", "550 5.1.8 no such domain"),
    ],
)
async def test_who_refuses_us_is_waited_for_and_no_mail_is_lost(
    opens: Open, answers: dict[str, str], settings: dict[str, Any], at: str, said: str
) -> None:
    before = refusals(at)
    async with listening(Relay(answers=dict(answers))) as relay, desk_at(opens, relay, **settings) as desk:
        await desk.settle(opened())

        async def waits() -> Any:
            (found,) = await deliveries(desk)
            return found if refusals(at) >= before + 2 and found["status"] == "queued" and found["detail"] else None

        waiting = await until(waits)
        assert said in waiting["detail"]
        if at != "sender":
            assert waiting["attempts"] == 0, "a refusal of us is no attempt of the mail"
            assert at in waiting["detail"]
        assert await desk.published(NotificationEvent) == []
        assert relay.taken == []
        relay.answers.clear()
        if "smtp_starttls" in settings:
            return
        ((sent,), (mail,)) = await ended(desk), relay.taken
        assert (sent["status"], mail.recipient) == ("sent", "jim@sample.com")
        await until(lambda: _is(refuses_seconds(at) == 0))


async def _is(true: bool) -> bool:
    return true


@pytest.mark.parametrize("answer", ["550 5.1.1 no such user", "553 5.1.3 odd address", "554 5.7.1 spam"])
@pytest.mark.parametrize("command", ["RCPT", "DATA", "."])
async def test_who_refuses_a_mail_is_believed(opens: Open, command: str, answer: str) -> None:
    async with listening(Relay(answers={command: answer})) as relay, desk_at(opens, relay) as desk:
        await desk.settle(opened())
        (failed,) = await ended(desk)
        assert (failed["status"], failed["attempts"], failed["detail"]) == ("failed", 1, answer)
        (told,) = await desk.published(NotificationFailedV1)
        assert (told.reason, told.detail) == ("refused", answer)


@pytest.mark.parametrize("answer", ["421 4.7.0 closing", "451 4.3.0 later", "999 what", "nonsense"])
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
async def test_what_is_not_refused_for_good_is_tried_again(opens: Open, command: str, answer: str) -> None:
    async with listening(Relay(answers={command: answer})) as relay, desk_at(opens, relay) as desk:
        await desk.settle(opened())
        await until(lambda: _is(relay.times("MAIL") >= 2))
        assert await desk.published(NotificationEvent) == []
        relay.answers.clear()
        (sent,) = await ended(desk)
        assert sent["status"] == "sent"
        assert len(relay.taken) == 1


async def test_every_attempt_is_kept_with_the_moment_and_the_answer_of_the_server(opens: Open) -> None:
    async with listening(Relay(answers={"RCPT": "451 4.2.1 later"})) as relay, desk_at(opens, relay, retry_first_seconds=0) as desk:
        await desk.settle(opened())

        async def is_recorded() -> bool:
            return bool((await deliveries(desk))[0]["answers"])

        await until(is_recorded)
        many = (
            "UPDATE deliveries SET answers = to_jsonb(ARRAY(SELECT answers->0 FROM generate_series(1, 20))) WHERE answers <> '[]'"
        )
        async with desk.service.engine.begin() as connection:
            await connection.execute(text(many))
        relay.answers.clear()
        (sent,) = await ended(desk)
        *before, last = sent["answers"]
        assert len(before) == 19, "of many attempts the last twenty"
        assert {(a["outcome"], a["answer"], a["status_code"]) for a in before} == {("retry", "451 4.2.1 later", "4.2.1")}
        assert (last["outcome"], last["answer"], last["status_code"]) == ("sent", "250 queued as 7", None)
        moments = [a["at"] for a in sent["answers"]]
        assert moments == sorted(moments)


async def test_what_had_failed_and_was_asked_for_again_is_sent_once(opens: Open) -> None:
    async with listening(Relay(answers={"RCPT": "550 5.7.1 relay access denied"})) as relay, desk_at(opens, relay) as desk:
        await desk.settle(opened(), opened("ann@sample.com"))
        await ended(desk, 2)
        relay.answers.clear()
        answer = accepted(await desk.as_("operator").post("/deliveries/resend", json={"answer": "5.7.1"}))
        assert answer["resent"] == 2

        async def all_sent() -> bool:
            return {d["status"] for d in await deliveries(desk)} == {"sent"}

        await until(all_sent)
        assert sorted(mail.recipient for mail in relay.taken) == ["ann@sample.com", "jim@sample.com"]
        told = [type(event).__name__ for event in await desk.published(NotificationEvent)]
        assert sorted(told) == sorted(["NotificationFailedV1", "NotificationRequeuedV1", "NotificationSentV1"] * 2)


@pytest.mark.parametrize("code", [530, 534, 535, 538])
async def test_a_domain_that_answers_as_if_we_had_not_logged_in_holds_up_only_its_own_mail(opens: Open, code: int) -> None:
    before = refusals("login")
    relay = Relay(by_domain=dict.fromkeys(("evil.example", "a.evil.example", "b.evil.example"), f"{code} 5.7.0 log in"))
    async with listening(relay), desk_at(opens, relay, smtp_connections=2, retry_first_seconds=60, **LOGIN) as desk:
        evil = [opened(f"user{n}@{domain}") for domain in relay.by_domain for n in range(3)]
        await desk.settle(*evil)
        await until(lambda: _is(relay.times("RCPT") >= len(evil)))
        await desk.settle(*(opened(f"user{n}@sample.com") for n in range(10)))
        async with asyncio.timeout(10):
            assert {d["status"] for d in await ended(desk, 10)} == {"sent"}
        waiting = [d for d in await deliveries(desk, limit=500) if d["status"] == "queued"]
        assert len(waiting) == len(evil), "and none of it is lost"
        assert {(d["attempts"], d["detail"]) for d in waiting} == {(1, f"{code} 5.7.0 log in")}
        assert relay.times("RCPT") == len(evil) + 10, "each waits for its time"
        assert refusals("login") == before
        assert refuses_seconds("login") == 0


@pytest.mark.parametrize("command", ["RCPT", "DATA", "."])
async def test_a_login_that_mails_to_two_domains_are_asked_for_is_about_us(opens: Open, command: str) -> None:
    before = refusals("login")
    relay = Relay(answers={command: "530 5.7.0 authenticate first"})
    async with listening(relay), desk_at(opens, relay, retry_first_seconds=0.5) as desk:
        await desk.settle(*(opened(f"user{n}@{domain}") for n in range(20) for domain in ("sample.com", "sample.org")))
        await until(lambda: _is(refusals("login") >= before + 2))
        await until(lambda: _is(refuses_seconds("login") > 0))
        assert relay.times("MAIL") < 20, "it is asked at growing distances"
        relay.answers.clear()
        assert {d["status"] for d in await ended(desk, 40)} == {"sent"}
        assert len(relay.taken) == 40
        await until(lambda: _is(refuses_seconds("login") == 0))


async def test_one_connection_finds_out_whether_the_server_takes_mail_again_and_all_the_others_wait(opens: Open) -> None:
    async with listening(Relay(answers={"AUTH": "535 5.7.8 wrong password"})) as relay:
        async with desk_at(opens, relay, smtp_connections=4, **LOGIN) as desk:
            await desk.settle(*(opened(f"user{n}@sample.com") for n in range(150)))
            await until(lambda: _is(relay.times("AUTH") >= 6))
            assert relay.connections < 20, "it is not hammered"

            async def all_wait() -> bool:
                found = await deliveries(desk, limit=500)
                return all("535 5.7.8" in d["detail"] and d["attempts"] == 0 for d in found if d["status"] == "queued")

            await until(all_wait)
            relay.answers.clear()
            assert {d["status"] for d in await ended(desk, 150) if d} == {"sent"}
        assert sorted(mail.recipient for mail in relay.taken) == sorted(f"user{n}@sample.com" for n in range(150))


async def test_a_server_that_lets_in_few_connections_is_sent_to_over_those(opens: Open) -> None:
    relay = Relay()
    serve, inside = relay.serve, 0

    async def one_at_a_time(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal inside
        if inside:
            writer.write(b"421 4.7.0 too many connections\r\n")
            writer.close()
            return
        inside += 1
        try:
            await serve(reader, writer)
        finally:
            inside -= 1

    relay.serve = one_at_a_time  # type: ignore[method-assign]
    async with listening(relay), desk_at(opens, relay, smtp_connections=4) as desk:
        await desk.settle(*(opened(f"user{n}@sample.com") for n in range(60)))
        assert {d["status"] for d in await ended(desk, 50)} == {"sent"}
        assert relay.connections == 1


async def test_a_server_that_is_not_there_is_waited_for(opens: Open) -> None:
    async with listening(Relay()) as relay:
        gone = Relay(port=relay.port)
    before = refusals("connection")
    async with desk_at(opens, gone) as desk:
        await desk.settle(opened())
        await until(lambda: _is(refusals("connection") >= before + 2))
        await until(lambda: _is(refuses_seconds("connection") > 0))
        (waiting,) = await deliveries(desk)
        assert waiting["status"] in ("queued", "sending")


async def test_what_has_waited_too_long_for_the_server_is_given_up_and_told(opens: Open) -> None:
    async with listening(Relay(answers={"greeting": "554 go away"})) as relay, desk_at(opens, relay, give_up_after_hours=0) as desk:
        await desk.settle(opened(), opened("ann@sample.com"))
        assert {d["status"] for d in await ended(desk, 2)} == {"failed"}
        told = await desk.published(NotificationFailedV1)
        assert {(t.reason, t.notification.recipient) for t in told} == {
            ("expired", "jim@sample.com"),
            ("expired", "ann@sample.com"),
        }
        assert all("554 go away" in t.detail for t in told)


async def test_mail_that_comes_while_the_server_refuses_us_says_why_it_waits_and_is_given_up_in_time(opens: Open) -> None:
    async with (
        listening(Relay(answers={"greeting": "554 go away"})) as relay,
        desk_at(opens, relay, retry_first_seconds=60) as desk,
    ):
        await desk.settle(opened())
        await until(lambda: _is(refuses_seconds("greeting") > 0))
        asked = relay.connections
        await desk.settle(opened("ann@sample.com"))

        async def says_why() -> bool:
            (found,) = [d for d in await deliveries(desk) if d["recipient"] == "ann@sample.com"]
            return "refuses us (greeting): 554 go away" in found["detail"] and found["attempts"] == 0

        await until(says_why)
        assert relay.connections == asked, "nobody tries it before its time"
        async with desk.service.engine.begin() as connection:
            await connection.execute(text("UPDATE deliveries SET expires_at = now() WHERE recipient = 'ann@sample.com'"))
        await until(lambda: _given_up(desk))


async def _given_up(desk: OpenService) -> bool:
    return [(t.reason, t.notification.recipient) for t in await desk.published(NotificationFailedV1)] == [
        ("expired", "ann@sample.com")
    ]


async def test_a_refusal_counts_though_the_connection_breaks_behind_it(opens: Open) -> None:
    async with (
        listening(Relay(answers={"RCPT": "550 5.1.1 no such user", "RSET": "421 bye"})) as relay,
        desk_at(opens, relay) as desk,
    ):
        await desk.settle(opened())
        (failed,) = await ended(desk)
        assert (failed["status"], failed["detail"], relay.times("RCPT")) == ("failed", "550 5.1.1 no such user", 1)


async def test_an_answer_in_any_bytes_is_kept_and_stops_nothing(opens: Open) -> None:
    async with (
        listening(Relay(answers={"RCPT": "550 5.1.1 J\xf6rg\0 unbekannt " + "x" * 3000})) as relay,
        desk_at(opens, relay) as desk,
    ):
        await desk.settle(opened())
        (failed,) = await ended(desk)
        assert failed["detail"].startswith("550 5.1.1 J\ufffdrg\ufffd unbekannt")
        assert len(failed["detail"]) <= 510


async def test_an_address_of_any_script_is_sent_to_as_the_standard_wants(opens: Open) -> None:
    async with listening(Relay()) as relay, desk_at(opens, relay) as desk:
        await desk.settle(opened("joerg@b\xfccher.example"), opened("j\xf6rg@example.com"), opened("a..b@docomo.example"))
        await ended(desk, 3)
        assert {mail.recipient for mail in relay.taken} == {
            "joerg@xn--bcher-kva.example",
            "j\xf6rg@example.com",
            '"a..b"@docomo.example',
        }
        commands = [line for line in relay.said if line.startswith("MAIL")]
        assert sum(line.endswith("> SMTPUTF8 BODY=8BITMIME") for line in commands) == 1, "only where it is needed"


async def test_an_address_that_the_server_cannot_be_given_fails_at_once_and_says_why(opens: Open) -> None:
    async with listening(Relay(answers={"EHLO": "250 relay.example"})) as relay, desk_at(opens, relay) as desk:
        await desk.settle(opened("j\xf6rg@example.com"), opened())
        assert {(d["recipient"], d["status"]) for d in await ended(desk, 2)} == {
            ("j\xf6rg@example.com", "failed"),
            ("jim@sample.com", "sent"),
        }
        (told,) = await desk.published(NotificationFailedV1)
        assert told.reason == "needs_smtputf8"
        assert "SMTPUTF8" in told.detail


async def test_a_mail_that_an_older_release_queued_for_no_address_ends_too(opens: Open) -> None:
    async with listening(Relay()) as relay, desk_at(opens, Relay(port=1)) as desk:
        await desk.settle(opened())
        async with desk.service.engine.begin() as connection:
            await connection.exec_driver_sql("UPDATE deliveries SET recipient = 'no address'")
    async with desk_at(opens, relay) as desk:
        (failed,) = await ended(desk)
        assert (failed["status"], failed["detail"]) == ("failed", "it is no mail address")


async def test_a_server_may_think_longer_after_the_mail_than_before_it_and_gets_it_once(opens: Open) -> None:
    short = {
        "smtp_command_seconds": 0.3,
        "smtp_data_start_seconds": 0.3,
        "smtp_data_block_seconds": 0.1,
        "smtp_data_end_seconds": 8,
    }
    async with listening(Relay(seconds={".": 1.0})) as relay, desk_at(opens, relay, **short) as desk:
        await desk.settle(opened())
        (sent,) = await ended(desk)
        assert (sent["status"], sent["attempts"]) == ("sent", 1)
        assert len(relay.taken) == relay.connections == 1


@pytest.mark.parametrize("command", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "."])
async def test_a_server_that_says_nothing_for_too_long_is_left_and_asked_again(opens: Open, command: str) -> None:
    short = dict.fromkeys(
        ("smtp_command_seconds", "smtp_data_start_seconds", "smtp_data_block_seconds", "smtp_data_end_seconds"), 0.2
    )
    async with listening(Relay(seconds={command: 600})) as relay, desk_at(opens, relay, **short) as desk:
        await desk.settle(opened())
        await until(lambda: _is(relay.connections >= 2))
        relay.seconds.clear()
        (sent,) = await ended(desk)
        assert sent["status"] == "sent"


async def test_the_server_is_told_the_name_that_is_set(opens: Open) -> None:
    async with listening(Relay()) as relay, desk_at(opens, relay, smtp_ehlo_name="out.acme.example") as desk:
        await desk.settle(opened())
        await ended(desk)
        assert relay.said[0] == "EHLO out.acme.example"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1 that is an authority of its own, and a server's context with it."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = tmp_path / "relay.pem", tmp_path / "relay.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return pem, context


@pytest.mark.parametrize("way", ["smtp_starttls", "smtp_implicit_tls"])
async def test_a_password_goes_over_tls_to_a_server_of_an_authority_of_our_own(
    opens: Open, certificate: tuple[Path, ssl.SSLContext], way: str
) -> None:
    pem, context = certificate
    relay = Relay(tls=context, implicit=way == "smtp_implicit_tls")
    async with listening(relay), desk_at(opens, relay, **{way: True}, smtp_ca_file=pem, **LOGIN) as desk:
        await desk.settle(opened())
        (sent,) = await ended(desk)
        assert sent["status"] == "sent"
        assert relay.times("AUTH") == 1
        assert relay.times("STARTTLS") == int(way == "smtp_starttls")


@pytest.mark.parametrize("way", ["smtp_starttls", "smtp_implicit_tls"])
async def test_a_server_that_nobody_vouches_for_is_told_nothing(
    opens: Open, certificate: tuple[Path, ssl.SSLContext], way: str
) -> None:
    before = refusals("tls")
    relay = Relay(tls=certificate[1], implicit=way == "smtp_implicit_tls")
    async with listening(relay), desk_at(opens, relay, **{way: True}, **LOGIN) as desk:
        await desk.settle(opened())
        await until(lambda: _is(refusals("tls") >= before + 1))
        (waiting,) = await deliveries(desk)
        assert waiting["attempts"] <= 1
        assert relay.times("AUTH") == relay.times("MAIL") == 0
