"""From ticket events to clocks, warnings and breaches, on a real PostgreSQL and its clock."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from prometheus_client import REGISTRY

from deskstream_chassis.testing import received
from deskstream_contracts.events.tickets import (
    Actor,
    TicketAgentRepliedV1,
    TicketCustomerRepliedV1,
    TicketPrioritisedV1,
    TicketResolvedV1,
    TicketState,
)

Open = Callable[[], AbstractAsyncContextManager[Any]]


def then(event_class: type[Any], ticket: TicketState, at: datetime, changes: dict[str, Any], **more: Any) -> Any:
    state = ticket.model_copy(update={"version": ticket.version + 1, "updated_at": at, **changes})
    return event_class(ticket=state, by=Actor(kind="agent", id="1"), at=at, **more)


def answered(ticket: TicketState, at: datetime) -> Any:
    changes = {"waiting_for": "customer", "first_responded_at": ticket.first_responded_at or at, "status": "in_progress"}
    return then(TicketAgentRepliedV1, ticket, at, changes, message_id=uuid4(), text="Hello")


def wrote_again(ticket: TicketState, at: datetime, **more: Any) -> Any:
    changes = {"waiting_for": "agent", "status": "in_progress"}
    return then(TicketCustomerRepliedV1, ticket, at, changes, message_id=uuid4(), **more)


def clocks_of(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {c["kind"]: c for c in data["sla"]["clocks"]}


def outcomes() -> list[float]:
    """First responses in time and breached, of medium priority."""
    labels = {"clock": "first_response", "priority": "medium"}
    values = [REGISTRY.get_sample_value("deskstream_sla_outcomes_total", {**labels, "result": r}) for r in ("in_time", "breached")]
    return [value or 0.0 for value in values]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_both_clocks_start_in_one_event_by_the_seeded_policy(open_desk: Open) -> None:
    async def scenario() -> None:
        async with open_desk() as desk:
            event = desk.opened(priority="critical")
            await desk.settle(event)
            ((type_, data),) = await desk.published_data()
            assert (type_, data["clocks"]) == ("clock_started", ["first_response", "resolution"])
            clocks = clocks_of(data)
            assert moment(clocks["first_response"]["due_at"]) == event.ticket.opened_at + timedelta(hours=1)
            assert moment(clocks["resolution"]["due_at"]) == event.ticket.opened_at + timedelta(hours=4)
            assert moment(clocks["resolution"]["warn_at"]) == event.ticket.opened_at + timedelta(hours=3.2)
            assert len(await desk.rows("SELECT * FROM timers")) == 4

    asyncio.run(scenario())


def test_a_conversation_fulfils_pauses_and_resumes(open_desk: Open) -> None:
    async def scenario() -> None:
        async with open_desk() as desk:
            t0 = datetime.now(UTC) - timedelta(minutes=10)
            await desk.targets(targets={"first_response": 3600, "next_response": 1800, "resolution": 7200})
            event = desk.opened(at=t0)
            answer = answered(event.ticket, t0 + timedelta(minutes=2))
            again = wrote_again(answer.ticket, t0 + timedelta(minutes=5))
            answer2 = answered(again.ticket, t0 + timedelta(minutes=6))
            done = then(TicketResolvedV1, answer2.ticket, t0 + timedelta(minutes=7), {"status": "resolved"}, solution="x")
            await desk.settle(event, answer, again, answer2, done)
            published = await desk.published_data()
            assert [t for t, _ in published] == [
                *("clock_started", "fulfilled", "paused", "clock_started", "resumed", "fulfilled", "paused", "fulfilled")
            ]
            assert [d["sla"]["version"] for _, d in published] == list(range(1, 9))
            paused = clocks_of(published[2][1])["resolution"]
            assert paused["remaining_seconds"] == 7200 - 120
            assert "due_at" not in paused
            resumed = clocks_of(published[4][1])["resolution"]
            assert moment(resumed["due_at"]) == t0 + timedelta(minutes=5, seconds=7080)
            assert clocks_of(published[7][1])["resolution"]["elapsed_seconds"] == 180
            assert await desk.rows("SELECT * FROM timers") == []
            lines = (await desk.http.get("/attainment?by=organization")).json()["lines"]
            assert {(x["group"], x["clock"], x["met"], x["percent"]) for x in lines} == {
                ("ACME", "first_response", 1, 100.0),
                ("ACME", "next_response", 1, 100.0),
                ("ACME", "resolution", 1, 100.0),
            }

    asyncio.run(scenario())


def test_a_new_priority_sets_new_targets_and_keeps_what_has_elapsed(open_desk: Open) -> None:
    async def scenario() -> None:
        async with open_desk() as desk:
            t0 = datetime.now(UTC) - timedelta(minutes=30)
            event = desk.opened(at=t0)
            urgent = then(
                TicketPrioritisedV1, event.ticket, t0 + timedelta(minutes=20), {"priority": "critical"}, previous="medium"
            )
            await desk.settle(event, urgent, event)
            (_, (type_, data)) = await desk.published_data()
            assert type_ == "clock_started"
            assert moment(clocks_of(data)["first_response"]["due_at"]) == t0 + timedelta(hours=1)
            dues = await desk.rows("SELECT due_at FROM timers WHERE clock = 'resolution' AND kind = 'breach'")
            assert dues == [(t0 + timedelta(hours=4),)]

    asyncio.run(scenario())


def test_a_reopened_ticket_goes_on_with_the_time_it_had(open_desk: Open) -> None:
    async def scenario() -> None:
        async with open_desk() as desk:
            t0 = datetime.now(UTC) - timedelta(minutes=60)
            event = desk.opened(at=t0, priority="critical")
            done = then(TicketResolvedV1, event.ticket, t0 + timedelta(minutes=30), {"status": "resolved"}, solution="x")
            again = wrote_again(done.ticket, t0 + timedelta(minutes=50), reopened=True)
            await desk.settle(event, done, again)
            published = await desk.published_data()
            assert [t for t, _ in published] == ["clock_started", "fulfilled", "fulfilled", "resumed"]
            clocks = clocks_of(published[3][1])
            assert moment(clocks["resolution"]["due_at"]) == t0 + timedelta(minutes=50) + timedelta(minutes=210)
            assert clocks["first_response"]["outcome"] == "in_time", "the solution was mailed to the customer"

    asyncio.run(scenario())


def test_a_short_target_warns_and_breaches_once_each_and_on_time(open_desk: Open) -> None:
    async def scenario() -> None:
        async with open_desk() as desk:
            await desk.targets(targets={"resolution": 1}, warn_fraction=0.5)
            stop = asyncio.Event()
            worker = asyncio.create_task(desk.timers.run(stop))
            await asyncio.sleep(0.3)
            event = desk.opened()
            await desk.settle(received(event, correlation_id="mail-1"))
            await asyncio.sleep(1.4)
            stop.set()
            await worker
            published = await desk.published_data()
            assert [t for t, _ in published] == ["clock_started", "warned", "breached"]
            assert published[2][1]["late_seconds"] < 0.25
            assert published[1][1]["late_seconds"] < 0.25
            assert clocks_of(published[2][1])["resolution"]["status"] == "breached"
            assert (await desk.outbox())[2].correlation_id == "mail-1"
            (line,) = (await desk.http.get("/attainment")).json()["lines"]
            assert (line["group"], line["met"], line["breached"]) == ("medium", 0, 1)

    asyncio.run(scenario())


def test_after_downtime_all_that_was_missed_fires_once_and_says_how_late(open_desk: Open) -> None:
    async def scenario() -> None:
        async with open_desk() as desk:
            await desk.targets(targets={"first_response": 60, "resolution": 120})
            await desk.settle(*(desk.opened(at=datetime.now(UTC) - timedelta(hours=1)) for _ in range(20)))
            fired = await asyncio.gather(desk.timers.fire_due(), desk.timers.fire_due())
            assert sum(fired) == 80
            assert await desk.timers.fire_due() == 0
            published = (await desk.published_data())[20:]
            assert len(published) == 80
            assert {round(d["late_seconds"]) for t, d in published if t == "breached"} == {3600 - 60, 3600 - 120}

    asyncio.run(scenario())


def test_an_answer_that_was_late_breaches_whoever_looks_first(open_desk: Open) -> None:
    async def scenario() -> None:
        async with open_desk() as desk:
            await desk.targets(targets={"first_response": 60})
            t0 = datetime.now(UTC) - timedelta(minutes=10)
            event = desk.opened(at=t0)
            before = outcomes()
            await desk.settle(event, answered(event.ticket, t0 + timedelta(seconds=61)))
            assert [now - then for now, then in zip(outcomes(), before, strict=True)] == [0, 1], "fulfilled late is breached, once"
            published = await desk.published_data()
            assert [t for t, _ in published] == ["clock_started", "breached", "fulfilled"]
            assert published[2][1]["in_time"] is False
            assert await desk.timers.fire_due() == 0

    asyncio.run(scenario())


def test_a_reply_that_races_a_breach_has_one_outcome(open_desk: Open) -> None:
    async def scenario() -> None:
        async with open_desk() as desk:
            await desk.targets(targets={"first_response": 1}, warn_fraction=0.99)
            started = datetime.now(UTC) - timedelta(seconds=0.9)
            events = [desk.opened(at=started) for _ in range(60)]
            await desk.settle(*events)
            stop = asyncio.Event()
            worker = asyncio.create_task(desk.timers.run(stop))

            async def answer(event: Any) -> None:
                await asyncio.sleep(random.uniform(0, 0.25))
                await desk.settle(answered(event.ticket, datetime.now(UTC)))

            await asyncio.gather(*(answer(e) for e in events))
            await asyncio.sleep(0.3)
            stop.set()
            await worker
            by_ticket: dict[str, list[tuple[str, dict[str, Any]]]] = {}
            for type_, data in await desk.published_data():
                by_ticket.setdefault(data["sla"]["ticket_id"], []).append((type_, data))
            for published in by_ticket.values():
                kinds = [t for t, _ in published]
                assert kinds.count("fulfilled") == 1
                assert kinds.count("breached") == (0 if published[-1][1]["in_time"] else 1), kinds
                assert kinds.count("warned") <= 1
                assert [d["sla"]["version"] for _, d in published] == list(range(1, len(published) + 1))
            assert await desk.rows("SELECT * FROM timers") == []
            assert await desk.rows("SELECT * FROM parked") == []

    asyncio.run(scenario())


OFFICE = {
    "name": "Office",
    "time_zone": "Europe/Oslo",
    "weekly": {d: [["08:00", "12:00"], ["12:30", "16:00"]] for d in ("monday", "tuesday", "wednesday", "thursday", "friday")},
    "holidays": {"country": "NO"},
    "closed_dates": ["2026-12-28"],
}


def test_a_deadline_is_explained_line_by_line(open_desk: Open) -> None:
    async def scenario() -> None:
        async with open_desk() as desk:
            calendars = (await desk.http.get("/calendars")).json()["calendars"]
            await desk.put("/calendars", {"calendars": [*calendars, OFFICE]})
            await desk.targets(targets={"resolution": 4 * 3600}, calendar="Office")
            # The afternoon before Norwegian Easter: Maundy Thursday, Good Friday and Easter Monday do not count.
            event = desk.opened(at=datetime(2026, 4, 1, 13, 0, tzinfo=UTC))
            await desk.settle(event)
            explained = (await desk.http.get(f"/tickets/{event.ticket.id}/sla/explain")).json()
            assert explained["why_this_policy"] == "Policy “Short” (version 1) for priority medium: it is the default."
            (clock,) = explained["clocks"]
            assert clock["due_at"] == "2026-04-07T09:00:00Z"
            assert [x["text"] for x in clock["lines"]][:1] == ["The target is 4 h of business time."]
            due = next(x for x in clock["lines"] if x["kind"] in ("due", "left"))
            assert due is not None

    asyncio.run(scenario())


def test_what_cannot_be_taken_is_refused_with_a_pointer(open_desk: Open) -> None:
    async def scenario() -> None:
        async with open_desk() as desk:
            calendars = (await desk.http.get("/calendars")).json()["calendars"]

            async def refused(path: str, body: object) -> str:
                answer = await desk.http.put(path, json=body)
                assert answer.status_code == 422, answer.text
                return str(answer.json()["errors"][0]["pointer"])

            put = "/calendars"
            assert await refused(put, {"calendars": [{**OFFICE, "time_zone": "Mars/Base"}]}) == "#/calendars/0/time_zone"
            assert await refused(put, {"calendars": [{**OFFICE, "holidays": {"country": "XX"}}]}) == "#/calendars/0/country"
            assert await refused(put, {"calendars": [{**OFFICE, "weekly": {}}]}) == "#/calendars/0/weekly"
            for time in ("25:00", "1٣:00", "13:00\n"):
                bad = {"monday": [["08:00", time]]}
                assert (await refused(put, {"calendars": [{**OFFICE, "weekly": bad}]})).startswith("#/calendars/0/weekly/monday/0")
            assert await refused(put, {"calendars": [OFFICE]}) == "#/policies/0/calendar"
            policy = {"name": "A", "targets": {"low": {"resolution": 60}}, "calendar": "Nowhere"}
            assert await refused("/policies", {"policies": [policy]}) == "#/policies/0/calendar"
            policy = {"name": "A", "targets": {"low": {"resolution": 0}}}
            assert await refused("/policies", {"policies": [policy]}) == "#/policies/0/targets/low/resolution"
            again = await desk.put("/calendars", {"calendars": calendars})
            assert again["version"] == 1
            conflict = await desk.http.put("/calendars", json={"calendars": [*calendars, OFFICE]}, headers={"if-match": '"7"'})
            assert conflict.status_code == 412

    asyncio.run(scenario())
