"""The ledger: everything received has exactly one outcome, whatever is killed in between."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import TextClause

from deskstream_chassis.run.clock import new_id
from deskstream_chassis.run.waiting import pause
from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.testing import example, received
from deskstream_contracts.events.tickets import TicketCustomerRepliedV1, TicketOpenedV1, TicketState
from deskstream_contracts.topics import TICKETS
from ingest_svc.adapters.parsing.pool import Limits, ParserPool
from ingest_svc.domain.contents import ParserAway, TooSlow
from ingest_svc.domain.lanes import MOST_ATTEMPTS, Lane
from ingest_svc.domain.mail import ParsedMail
from ingest_svc.handlers import sort_message
from ingest_svc.handlers.accept import Acceptance, Incoming
from ingest_svc.persistence import sorting
from ingest_svc.settings import Settings
from ingest_svc.wiring import build
from ingest_svc.workers import sorter
from ingest_svc.workers.sorter import Sorter

from .conftest import Desk, Play

BOMB = b"From: eve@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" + b"\r\n" * 5_000_000


def _mail(number: int, reply_to: int | None = None, sender: str = "alice@example.com") -> bytes:
    message = EmailMessage()
    message["From"] = sender
    message["Subject"] = f"Question {number}"
    message["Message-ID"] = f"<{number}@example.com>"
    message["Date"] = "Sun, 22 Nov 2026 10:00:00 +0100"
    if reply_to is not None:
        message["In-Reply-To"] = f"<{reply_to}@example.com>"
    message.set_content("Hello\n")
    message.add_attachment(b"\x00\x01<script>", maintype="text", subtype="html", filename="evil.html")
    message.set_boundary("b")  # not by chance, so that the same mail is the same bytes
    return message.as_bytes()


async def _hand_in(desk: Desk, *raws: bytes) -> list[UUID]:
    acceptance: Acceptance = desk.door._handler._acceptance  # type: ignore[assignment]
    incoming = [Incoming("smtp", raw, "message/rfc822", ["support@desk.example"], "alice@example.com") for raw in raws]
    return [(await acceptance.accept(h))[0] for h in incoming]


def _ticket(root: UUID, number: int = 1042, version: int = 1, participants: Sequence[str] = ("alice@example.com",)) -> TicketState:
    return example(
        TicketState, id=UUID(int=number), number=number, version=version, thread_root=root, participants=list(participants)
    )


def _opened(message_id: UUID, ticket: TicketState) -> TicketOpenedV1:
    return example(TicketOpenedV1, ticket=ticket, message_id=message_id)


def _count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def _counts() -> dict[str, float]:
    outcomes, seconds = "deskstream_ingest_outcomes_total", "deskstream_ingest_ticket_seconds_count"
    return {
        "opened": _count(outcomes, outcome="opened", reason="new"),
        "appended": _count(outcomes, outcome="appended", reason="reply by references, reopened"),
        "opened after": _count(seconds, outcome="opened"),
        "appended after": _count(seconds, outcome="appended"),
        "doubled": _count("deskstream_consumer_messages_total", topic=TICKETS.name, fate="duplicate"),
    }


def test_a_batch_is_told_in_order_with_the_cause_of_each_mail(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        first, second, again = await _hand_in(desk, _mail(1), _mail(2, reply_to=1), _mail(2, reply_to=1))
        assert await desk.sort() == 3
        events = await desk.events()
        assert [e["type"] for e in events] == ["message.received.v1", "message.received.v1", "message.suppressed.v1"]
        assert {e["key"] for e in events} == {str(first)}
        assert [e["headers"]["ce_correlationid"] for e in events] == [str(first), str(second), str(again)]
        receipts = await desk.receipts()
        assert [e["headers"]["traceparent"] for e in events] == [r["traceparent"] for r in receipts]
        assert [(r["state"], r["outcome"], r["reason"]) for r in receipts] == [
            ("sorted", None, "new"),
            ("sorted", None, "reply by references"),
            ("closed", "suppressed", "duplicate"),
        ]

    play(scene)


def test_a_reply_in_a_later_batch_finds_its_thread(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        [first] = await _hand_in(desk, _mail(1))
        await desk.sort()
        await _hand_in(desk, _mail(2, reply_to=1), _mail(3, reply_to=1, sender="eve@evil.example"), _mail(1))
        await desk.sort()
        threads = [e["thread"] for e in await desk.events()][1:]
        assert threads[0] == {"root": str(first), "relation": "reply", "proof": "references"}
        assert (threads[1]["relation"], threads[1]["follows"]) == ("possible_follow_up", str(first))
        assert (await desk.receipts())[3]["reason"] == "duplicate"

    play(scene)


def test_a_sorter_that_dies_before_its_commit_has_done_nothing(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        await _hand_in(desk, _mail(1), _mail(2))
        flush = Outbox.flush

        async def dies(self: Outbox) -> None:
            await flush(self)
            raise ConnectionError("killed")

        monkeypatch.setattr(Outbox, "flush", dies)
        with pytest.raises(ConnectionError):
            await desk.sort()
        assert {r["state"] for r in await desk.receipts()} == {"received"}
        assert await desk.events() == []
        monkeypatch.setattr(Outbox, "flush", flush)
        assert await desk.sort() == 2
        assert len(await desk.events()) == 2

    play(scene)


def test_two_sorters_never_sort_one_message_twice(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        await _hand_in(desk, *(_mail(n) for n in range(20)))
        assert desk.service.pool is not None
        async with desk.service.pool.session() as one, desk.service.pool.session() as other:
            # Without the lock that keeps the second away, the state of the receipts still does.
            desk.sorter._batch = 200
            results = await asyncio.gather(desk.sorter.turn(one), desk.sorter.turn(other), return_exceptions=True)
        assert [type(r) for r in results if not isinstance(r, int)] in ([], [sorting.NotOurs])
        assert len(await desk.events()) == 20

    play(scene)


def test_a_message_that_breaks_its_parser_is_found_and_the_others_go_on(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        desk.sorter._quick = desk.sorter._slow = ParserPool(1, Limits(memory_mb=400))
        await _hand_in(desk, _mail(1), BOMB, _mail(2))
        assert await desk.sort() == 3
        assert [(r["outcome"], r["reason"]) for r in await desk.receipts()] == [
            (None, "new"),
            ("quarantined", "parser_limit"),
            (None, "new"),
        ]
        assert [e["type"] for e in await desk.events()][-1] == "message.quarantined.v1"

    play(scene, message_bytes=30_000_000)


class _ByTheSubject:
    """Parses mails whose subject begins with `slow` only where there is much time, and with `hopeless` never."""

    def __init__(self, parser: ParserPool) -> None:
        self._parser = parser
        self.tried: list[bytes] = []
        self.close = parser.close
        self.start = parser.start

    async def parse(self, raws: Sequence[bytes], seconds: float) -> list[Any]:
        self.tried += [raw.partition(b"Subject: ")[2].partition(b"\n")[0].strip() for raw in raws]
        parsed = await self._parser.parse(raws, 10.0)
        return [TooSlow() if self._too_slow(p.subject, seconds) else p for p in parsed if isinstance(p, ParsedMail)]

    def _too_slow(self, subject: str, seconds: float) -> bool:
        return subject.startswith("hopeless") or (subject.startswith("slow") and seconds < 1)


def _named(subject: str, sender: str = "alice@example.com", answers: str | None = None) -> bytes:
    reference = f"In-Reply-To: <{answers}@example.com>\r\n" if answers else ""
    return f"From: {sender}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.com>\r\n{reference}\r\nHello\r\n".encode()


def test_what_is_slow_to_read_waits_behind_what_is_not_and_is_given_up_after_its_second_try(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        parser = _ByTheSubject(ParserPool(1, Limits(memory_mb=400)))
        desk.sorter._quick = desk.sorter._slow = parser
        subjects = ["slow1", "hopeless", "slow2", "quick1", "quick2"]
        await _hand_in(desk, *map(_named, subjects))
        await desk.sort()
        assert [(r["subject"], r["outcome"], r["reason"]) for r in await desk.receipts()] == [
            ("slow1", None, "new"),
            (None, "quarantined", "parser_limit"),
            ("slow2", None, "new"),
            ("quick1", None, "new"),
            ("quick2", None, "new"),
        ]
        told = [e.get("message", {}).get("subject") for e in await desk.events()]
        assert told == ["quick1", "quick2", "slow1", None, "slow2"]
        assert parser.tried == [s.encode() for s in (*subjects, "slow1", "hopeless", "slow2")]

    play(scene)


def test_an_answer_waits_for_what_is_slower_to_read_and_goes_into_its_thread(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        desk.sorter._quick = desk.sorter._slow = _ByTheSubject(ParserPool(1, Limits(memory_mb=400)))
        desk.sorter._batch = 200
        answers = [_named(f"answer{n}", answers="slow") for n in range(2)]
        first, *_ = await _hand_in(desk, _named("slow"), *answers, _named("other"))
        assert next(r["rfc_message_id"] for r in await desk.receipts()) == "<slow@example.com>"
        await desk.sort()
        assert [e["message"]["subject"] for e in await desk.events()] == ["other", "slow", "answer0", "answer1"]
        receipts = await desk.receipts()
        assert [r["reason"] for r in receipts] == ["new", "reply by references", "reply by references", "new"]
        assert {r["thread_root"] for r in receipts[:3]} == {first}

    play(scene)


def test_an_answer_waits_only_so_long(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        desk.sorter._quick = desk.sorter._slow = _ByTheSubject(ParserPool(1, Limits(memory_mb=400)))
        desk.sorter._batch = 200
        answer = _named("answer", answers="slow")
        await _hand_in(desk, _named("slow"), answer)
        assert desk.service.pool is not None
        async with desk.service.pool.session() as connection:
            assert await desk.sorter.turn(connection) == 2
            assert await sorting.release_late(connection, 3600) == 0
            assert await sorting.release_late(connection, 0) == 1
            assert await desk.sorter.turn(connection) == 1
        assert [e["message"]["subject"] for e in await desk.events()] == ["answer"]

    play(scene)


def test_a_parser_that_gets_no_time_is_no_messages_fault(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        pool = ParserPool(1, Limits(memory_mb=400, grace_seconds=0.3))
        await pool.start()
        [parser] = pool._parsers
        process = await parser.running()
        process.send_signal(signal.SIGSTOP)
        with pytest.raises(ParserAway):
            await pool.parse([_mail(1)], 0.05)
        assert process.returncode is not None
        [found] = await pool.parse([_mail(1)], 2.0)
        assert isinstance(found, ParsedMail)
        await pool.close()

    play(scene)


@pytest.mark.parametrize("breaks", [False, True])
def test_an_answer_to_what_is_given_up_or_was_under_way_at_a_break_does_not_wait_for_ever(play: Play, breaks: bool) -> None:
    async def scene(desk: Desk) -> None:
        desk.sorter._quick = desk.sorter._slow = _ByTheSubject(ParserPool(1, Limits(memory_mb=400)))
        desk.sorter._batch = 200
        answer = _named("answer", answers="hopeless")
        await _hand_in(desk, _named("hopeless"), answer)
        assert desk.service.pool is not None
        async with desk.service.pool.session() as connection:
            assert await desk.sorter.turn(connection) == 2
        waiting = await desk.receipts()
        assert [(r["lane"], r["behind"]) for r in waiting] == [(Lane.SLOW, None), (Lane.BEHIND, waiting[0]["id"])]
        if breaks:
            desk.sorter._awaited.clear()
            stop = asyncio.Event()
            at_work = asyncio.create_task(desk.sorter.run(stop))
            async with asyncio.timeout(20):
                while len(await desk.events()) < 2:
                    await pause(desk.stop, 0.05)
            stop.set()
            await at_work
        else:
            await desk.sort()
        assert [r["reason"] for r in await desk.receipts()] == ["parser_limit", "new"]

    play(scene)


def test_who_sends_much_that_is_slow_waits_without_being_tried_and_others_do_not(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        parser = _ByTheSubject(ParserPool(1, Limits(memory_mb=400)))
        desk.sorter._quick = desk.sorter._slow = parser
        for n in range(10):
            await _hand_in(desk, _named(f"hopeless{n}"))
        assert desk.service.pool is not None
        async with desk.service.pool.session() as connection:
            while await desk.sorter.turn(connection):
                pass
            parser.tried.clear()
            await _hand_in(desk, _named("hopeless-more"), _named("quick-of-the-same"))
            accept: Acceptance = desk.door._handler._acceptance  # type: ignore[assignment]
            await accept.accept(
                Incoming("smtp", _named("quick-of-another"), "message/rfc822", ["support@desk.example"], "b@b.example")
            )
            while await desk.sorter.turn(connection):
                pass
        assert parser.tried == [b"quick-of-another"]
        await desk.sort()
        outcomes = {r["subject"]: r["reason"] for r in await desk.receipts()}
        assert outcomes["quick-of-the-same"] == "new"  # late, and not lost
        assert {r["outcome"] for r in await desk.receipts()} == {"quarantined", None}

    play(scene)


def test_more_than_can_be_read_soon_is_quarantined(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        monkeypatch.setattr(sorter, "MOST_SLOW", 2)
        desk.sorter._quick = desk.sorter._slow = _ByTheSubject(ParserPool(1, Limits(memory_mb=400)))
        desk.sorter._batch = 200
        await _hand_in(desk, *(_named(f"slow{n}") for n in range(5)))
        await desk.sort()
        assert [r["reason"] for r in await desk.receipts()] == ["new", "new", "new", "rate_limit", "rate_limit"]

    play(scene)


def test_what_breaks_sorting_off_each_time_is_met_alone_and_then_quarantined(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        _, bad, *_ = await _hand_in(desk, *(_mail(n) for n in range(6)))
        decide = sort_message.decide

        def breaks_off(examined: Any, *more: Any) -> Any:
            if examined.receipt.id == bad and examined.message_id:
                raise ConnectionResetError("as if the session had gone")
            return decide(examined, *more)

        monkeypatch.setattr(sort_message, "decide", breaks_off)
        stop = asyncio.Event()
        at_work = asyncio.create_task(desk.sorter.run(stop))
        async with asyncio.timeout(20):
            while [r["outcome"] for r in await desk.receipts()].count("quarantined") < 1:
                await pause(desk.stop, 0.05)
            while len(await desk.events()) < 6:
                await pause(desk.stop, 0.05)
        stop.set()
        await at_work
        receipts = await desk.receipts()
        assert [r["outcome"] for r in receipts] == [None, "quarantined", None, None, None, None]
        assert (receipts[1]["reason"], receipts[1]["attempts"]) == ("unparseable", MOST_ATTEMPTS + 1)

    play(scene)


def test_a_message_that_cannot_be_sorted_is_quarantined_alone(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(desk: Desk) -> None:
        _, bad, _ = await _hand_in(desk, _mail(1), _mail(2), _mail(3))
        decide = sort_message.decide

        def stumbles(examined: Any, *more: Any) -> Any:
            if examined.receipt.id == bad and examined.message_id:
                raise KeyError("a bug")
            return decide(examined, *more)

        monkeypatch.setattr(sort_message, "decide", stumbles)
        assert await desk.sort() == 3
        assert [r["outcome"] for r in await desk.receipts()] == [None, "quarantined", None]
        assert len(await desk.events()) == 3

    play(scene)


@pytest.mark.parametrize("mails", [1, 40])
def test_a_batch_is_one_transaction_of_a_handful_of_statements_whatever_its_size(
    play: Play, monkeypatch: pytest.MonkeyPatch, mails: int
) -> None:
    async def scene(desk: Desk) -> None:
        await _hand_in(desk, *(_mail(n, reply_to=n - 1) for n in range(mails)))
        said: list[str] = []
        execute, begin = AsyncpgConnection.execute, AsyncpgConnection.begin

        def executed(self: AsyncpgConnection, statement: TextClause, parameters: Any = None) -> Any:
            said.append(statement.text.split()[0])
            return execute(self, statement, parameters)

        def begun(self: AsyncpgConnection) -> Any:
            said.append("BEGIN")
            return begin(self)

        assert desk.service.pool is not None
        desk.sorter._batch = 200  # as when it has worked for a while
        async with desk.service.pool.session() as connection:
            monkeypatch.setattr(AsyncpgConnection, "execute", executed)
            monkeypatch.setattr(AsyncpgConnection, "begin", begun)
            assert await desk.sorter.turn(connection) == mails
            monkeypatch.undo()
        # What is to be sorted; then originals and roots; verdicts, new threads, and the outbox.
        assert said == ["SELECT", "BEGIN", "SELECT", "SELECT", "UPDATE", "INSERT", "INSERT"]

    play(scene)


def test_a_sorter_at_work_sorts_what_comes_and_another_takes_over_when_it_stops(play: Play) -> None:
    async def sorted_(desk: Desk, count: int) -> None:
        while len(await desk.events()) < count:
            await pause(desk.stop, 0.01)

    async def scene(desk: Desk) -> None:
        assert isinstance(desk.service.settings, Settings)
        other = build(desk.service.settings, "worker")
        stand_by = next(w for w in other.workers if isinstance(w, Sorter))
        stop, stop_other = asyncio.Event(), asyncio.Event()
        at_work = asyncio.create_task(desk.sorter.run(stop))
        await _hand_in(desk, _mail(1))
        await sorted_(desk, 1)
        assert _count("deskstream_ingest_sorter_active") == 1
        standing_by = asyncio.create_task(stand_by.run(stop_other))
        stop.set()
        await at_work
        await _hand_in(desk, _mail(2))
        await sorted_(desk, 2)
        stop_other.set()
        await standing_by
        assert _count("deskstream_ingest_sorter_active") == 0
        await other.dispose()

    play(scene)


def test_ticket_events_close_the_ledger_once(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        first, second = await _hand_in(desk, _mail(1), _mail(2, reply_to=1))
        await desk.sort()
        opened = received(_opened(first, _ticket(first)))
        replied = example(TicketCustomerRepliedV1, ticket=_ticket(first, version=2), message_id=second, reopened=True)
        counts = _counts()
        await desk.settle(opened, replied, opened)
        assert {name: value - counts[name] for name, value in _counts().items()} == dict.fromkeys(counts, 1.0)
        closed = await desk.receipts()
        assert [(r["state"], r["outcome"], r["reason"], r["ticket_number"]) for r in closed] == [
            ("closed", "opened", "new", 1042),
            ("closed", "appended", "reply by references, reopened", 1042),
        ]
        contradictions = _count("deskstream_ingest_contradictions_total")
        await desk.settle(_opened(first, _ticket(first, number=7)), _opened(first, _ticket(first)))
        assert await desk.receipts() == closed
        assert _count("deskstream_ingest_contradictions_total") == contradictions + 1

    play(scene)


def test_a_ticket_says_who_takes_part_in_its_thread(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        [first] = await _hand_in(desk, _mail(1))
        await desk.sort()
        newer = _ticket(first, version=3, participants=["alice@example.com", "Bob@Example.com"])
        older = _ticket(first, version=2, participants=["eve@evil.example"])
        await desk.settle(_opened(first, newer))
        await desk.settle(_opened(new_id(), older))
        tagged = _mail(2, sender="bob@example.com").replace(b"Question 2", b"Re: [#1042] Question")
        await _hand_in(desk, tagged)
        await desk.sort()
        assert (await desk.events())[-1]["thread"] == {"root": str(first), "relation": "reply", "proof": "subject_tag"}

    play(scene)


def test_people_can_read_the_ledger(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        ids = await _hand_in(desk, *(_mail(n) for n in range(5)), _mail(0))
        await desk.sort()
        await desk.settle(_opened(ids[0], _ticket(ids[0])))
        page = (await desk.get("/ledger", limit=4)).json()
        rest = (await desk.get("/ledger", limit=4, cursor=page["next"])).json()
        assert [e["id"] for e in page["items"] + rest["items"]] == [str(i) for i in reversed(ids)]
        assert rest["next"] is None
        filters = (("outcome", "suppressed", 1), ("state", "sorted", 4), ("ticket", 1042, 1), ("sender", "ALICE@example.com", 6))
        for name, value, count in filters:
            assert len((await desk.get("/ledger", **{name: value})).json()["items"]) == count, name
        assert (await desk.get("/ledger", since=datetime.now(UTC).isoformat())).json()["items"] == []
        summary = (await desk.get("/ledger/summary")).json()
        assert (summary["received"], summary["closed"], summary["open"]) == (6, 2, 4)
        assert summary["oldest_open"]["id"] == str(ids[1])
        entry = (await desk.get(f"/ledger/{ids[0]}", role="viewer")).json()
        assert (entry["outcome"], entry["ticket_number"], entry["sender"]) == ("opened", 1042, "alice@example.com")
        assert (await desk.get(f"/ledger/{new_id()}")).status_code == 404
        assert (await desk.get("/ledger", outcome="lost")).status_code == 422
        assert (await desk.get("/ledger", sender="a\0b")).status_code == 422
        assert (await desk.as_().get("/ledger")).status_code == 403
        assert (await desk.http.get("/ledger")).status_code == 401

    play(scene)


def test_raw_messages_and_attachments_are_downloads_that_no_browser_opens(play: Play) -> None:
    async def scene(desk: Desk) -> None:
        sent = _mail(1)
        [id_] = await _hand_in(desk, sent)
        await desk.sort()
        [listed] = (await desk.events())[0]["message"]["attachments"]
        raw = await desk.get(f"/messages/{id_}/raw")
        assert (raw.content, raw.headers["content-type"]) == (sent, "message/rfc822")
        file = await desk.get(f"/messages/{id_}/attachments/{listed['part']}")
        assert (file.content, file.headers["content-type"]) == (b"\x00\x01<script>", "application/octet-stream")
        for answer in (raw, file):
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-disposition"].startswith("attachment; ")
            assert answer.headers["content-security-policy"].startswith("sandbox")
        assert (await desk.get(f"/messages/{id_}/attachments/99")).status_code == 404
        assert (await desk.get(f"/messages/{id_}/raw", role="viewer")).status_code == 403

    play(scene)
