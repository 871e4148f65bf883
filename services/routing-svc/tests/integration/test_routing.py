"""From events in to decisions out, on a real PostgreSQL."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from deskstream_contracts.events.slas import ClockState, SlaBreachedV1, SlaState, SlaWarnedV1
from deskstream_contracts.events.tickets import (
    Actor,
    Assignee,
    TicketAssignedV1,
    TicketOpenedV1,
    TicketPrioritisedV1,
    TicketResolvedV1,
    TicketState,
)

Open = Callable[[], AbstractAsyncContextManager[Any]]
BILLING = {
    "name": "Billing words",
    "conditions": ["ticket.content.contains('invoice')", "organization.custom_fields.tier == 'gold'"],
    "actions": {
        "team": "Billing",
        "strategy": "round_robin",
        "priority": "high",
        "ticket_type": "Billing Query",
        "tags": ["money"],
    },
}
DEFAULT = {"name": "Everything else", "conditions": [], "actions": {"team": "Support", "strategy": "least_loaded"}}
ESCALATION = {
    "name": "Breached",
    "kind": "escalation",
    "conditions": ["sla.event == 'breached'", "sla.clock == 'resolution'"],
    "actions": {"notify": ["manager", "agent"], "raise_priority": True, "strategy": "least_loaded", "escalate": True},
}


def then(event_class: type[Any], ticket: TicketState, changes: dict[str, Any], **more: Any) -> Any:
    state = ticket.model_copy(update={"version": ticket.version + 1, **changes})
    return event_class(ticket=state, by=Actor(kind="agent", id="1"), at=datetime.now(UTC), **more)


def breached(ticket: TicketState, run: datetime, event_class: type[Any] = SlaBreachedV1) -> Any:
    clock = ClockState(kind="resolution", status="breached", target_seconds=2, started_at=run)
    state = SlaState(
        ticket_id=ticket.id, ticket_number=ticket.number, version=2, policy="Standard", policy_version=1, calendar="24x7",
        priority=ticket.priority, clocks=[clock], updated_at=run,
    )  # fmt: skip
    return event_class(sla=state, at=run, clock="resolution", due_at=run, late_seconds=0.4)


def agents_of(decisions: list[dict[str, Any]]) -> list[str | None]:
    return [d.get("assign", {}).get("agent_name") for d in decisions]


async def desk(routing: Any) -> None:
    await routing.staff("Billing", "bo", "bea", "bill")
    await routing.staff("Support", "sue", "sam")
    await routing.rules(BILLING, DEFAULT, ESCALATION)


def test_an_opened_ticket_is_decided_with_its_explanation(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await desk(routing)
            event = routing.opened("Your INVOICE 7")
            await routing.settle(event)
            (decision,) = await routing.published_data("routing.decided.v1")
            assert decision["assign"]["team_name"] == "Billing"
            assert decision["assign"]["agent_name"] == "bo"
            assert (decision["priority"], decision["ticket_type"], decision["add_tags"]) == ("high", "Billing Query", ["money"])
            seen = decision["rules"][0]["conditions"]
            assert seen[0]["values"] == {"ticket.content": "your invoice 7\nthe text"}
            assert seen[1]["values"] == {"organization.custom_fields.tier": "gold"}
            assert {a["agent_name"]: a["why"] for a in decision["agents"]}["bo"] == "is next in turn"
            kept = (await routing.http.get(f"/tickets/{event.ticket.id}/decisions")).json()
            assert [k["decision_id"] for k in kept] == [decision["decision_id"]]
            assert (await routing.http.get(f"/tickets/{event.ticket.number}/decisions")).json() == kept

    asyncio.run(scenario())


def test_a_ticket_that_no_rule_matches_is_decided_too(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await routing.staff("Billing", "bo")
            await routing.rules(BILLING)
            await routing.settle(routing.opened("Hello"))
            (decision,) = await routing.published_data("routing.decided.v1")
            assert decision["reason"] == "None of 1 rules matched."
            assert "assign" not in decision

    asyncio.run(scenario())


def test_turns_are_exact_in_a_batch_and_over_batches(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await desk(routing)
            await routing.settle(*(routing.opened("invoice") for _ in range(4)))
            await routing.settle(*(routing.opened("invoice") for _ in range(3)))
            names = agents_of(await routing.published_data("routing.decided.v1"))
            assert names == ["bo", "bea", "bill", "bo", "bea", "bill", "bo"]

    asyncio.run(scenario())


def test_two_workers_at_once_give_everybody_the_same_number(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing, open_routing() as other:
            await desk(routing)
            batches = [[routing.opened("invoice") for _ in range(9)] for _ in range(10)]
            await asyncio.gather(*((routing if i % 2 else other).settle(*b) for i, b in enumerate(batches)))
            names = agents_of(await routing.published_data("routing.decided.v1"))
            assert Counter(names) == {"bo": 30, "bea": 30, "bill": 30}
            assert sorted(await routing.rows("SELECT open_tickets FROM agent_loads")) == [(30,), (30,), (30,)]

    asyncio.run(scenario())


def test_the_least_loaded_is_found_by_what_is_open_now(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await desk(routing)
            events = [routing.opened() for _ in range(4)]
            await routing.settle(*events)
            decisions = await routing.published_data("routing.decided.v1")
            assert agents_of(decisions) == ["sue", "sam", "sue", "sam"]
            sues = [e for e, d in zip(events, decisions, strict=True) if d["assign"]["agent_name"] == "sue"]
            sue = Assignee(**decisions[0]["assign"])
            resolved = [then(TicketResolvedV1, e.ticket, {"status": "resolved", "assignee": sue}, solution="x") for e in sues]
            await routing.settle(*resolved)
            await routing.settle(routing.opened(), routing.opened())
            assert agents_of(await routing.published_data("routing.decided.v1"))[4:] == ["sue", "sue"]

    asyncio.run(scenario())


def test_a_promised_agent_is_counted_until_the_ticket_says_otherwise(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await desk(routing)
            event = routing.opened()
            await routing.settle(event)
            under_way = then(TicketPrioritisedV1, event.ticket, {"priority": "low"}, previous="medium")
            await routing.settle(under_way)
            assert await routing.rows("SELECT open_tickets FROM agent_loads WHERE open_tickets > 0") == [(1,)]
            await routing.settle(then(TicketAssignedV1, under_way.ticket, {"assignee": Assignee()}))
            assert await routing.rows("SELECT open_tickets FROM agent_loads WHERE open_tickets > 0") == []

    asyncio.run(scenario())


def test_an_older_version_changes_nothing_and_a_ticket_is_decided_once(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await desk(routing)
            event = routing.opened()
            resolved = then(TicketResolvedV1, event.ticket, {"status": "resolved"}, solution="x")
            await routing.settle(event, resolved, event)
            await routing.settle(then(TicketPrioritisedV1, event.ticket, {"priority": "low"}, previous="medium"))
            assert len(await routing.published_data("routing.decided.v1")) == 1
            assert await routing.rows("SELECT version, state->>'open' FROM tickets") == [(2, "false")]

    asyncio.run(scenario())


def test_a_breach_escalates_once_to_the_manager_and_to_somebody_else(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await desk(routing)
            event = routing.opened()
            run = datetime.now(UTC)
            await routing.settle(event)
            await routing.settle(breached(event.ticket, run, SlaWarnedV1), breached(event.ticket, run), breached(event.ticket, run))
            first, escalation = await routing.published_data("routing.decided.v1")
            assert escalation["kind"] == "escalation"
            assert escalation["escalate"] is True
            assert escalation["priority"] == "high"
            assert first["assign"]["agent_name"] == "sue"
            assert escalation["assign"]["agent_name"] == "sam"
            assert [p["email"] for p in escalation["notify"]] == ["boss@desk.example", "sue@desk.example"]
            assert escalation["reason"].startswith("The resolution target of policy “Standard” was missed. It was due at ")
            kept = (await routing.http.get(f"/tickets/{event.ticket.id}/decisions")).json()
            assert [k["published"] for k in kept] == [True, False, True]
            await routing.settle(breached(event.ticket, run + timedelta(hours=1)))
            assert len(await routing.published_data("routing.decided.v1")) == 3

    asyncio.run(scenario())


def test_two_clocks_of_a_ticket_that_are_breached_at_one_moment_raise_its_priority_twice(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await desk(routing)
            await routing.rules(DEFAULT, {**ESCALATION, "conditions": ["sla.event == 'breached'"]})
            event, run = routing.opened(), datetime.now(UTC)
            await routing.settle(event)
            both = breached(event.ticket, run), breached(event.ticket, run).model_copy(update={"clock": "first_response"})
            await routing.settle(*both)
            _, *raised = await routing.published_data("routing.decided.v1")
            assert [d["priority"] for d in raised] == ["high", "critical"]

    asyncio.run(scenario())


def test_an_escalation_says_what_was_due_when_and_how_late_that_was_noticed(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await desk(routing)
            event, run = routing.opened(), datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
            await routing.settle(event, breached(event.ticket, run).model_copy(update={"late_seconds": 90.4}))
            escalation = (await routing.published_data("routing.decided.v1"))[1]
            deadline = {"clock": "resolution", "event": "breached", "policy": "Standard", "late_seconds": 90.0}
            assert escalation["deadline"] == deadline | {"due_at": "2026-03-02T09:15:00Z"}

    asyncio.run(scenario())


def test_a_breach_that_overtakes_its_ticket_waits_for_it(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await desk(routing)
            event = routing.opened()
            await routing.settle(breached(event.ticket, datetime.now(UTC)))
            assert await routing.published_data("routing.decided.v1") == []
            await routing.settle(event)
            assert [d["kind"] for d in await routing.published_data("routing.decided.v1")] == ["assignment", "escalation"]

    asyncio.run(scenario())


def test_those_who_speak_the_language_come_first(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await routing.staff("Support", "sue", "sam")
            await routing.staff("Support", "greta", languages=["de-AT"])
            await routing.rules({**DEFAULT, "actions": {"team": "support", "strategy": "round_robin"}})
            await routing.settle(*(routing.opened(language=tag) for tag in ("de", "en", "de", "fr", "en")))
            assert agents_of(await routing.published_data("routing.decided.v1")) == ["greta", "sue", "greta", "sam", "sue"]

    asyncio.run(scenario())


def test_who_is_away_gets_nothing_and_an_empty_team_gets_the_ticket(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await desk(routing)
            await routing.http.post("/agents/sue@desk.example/availability", json={"available": False})
            await routing.settle(routing.opened(), routing.opened())
            await routing.http.post("/agents/sam@desk.example/availability", json={"available": False})
            await routing.settle(routing.opened())
            decisions = await routing.published_data("routing.decided.v1")
            assert agents_of(decisions) == ["sam", "sam", None]
            assert decisions[2]["assign"]["team_name"] == "Support"
            assert "nobody is available" in decisions[2]["reason"]

    asyncio.run(scenario())


def test_loads_are_what_the_tickets_say(open_routing: Open) -> None:
    async def scenario() -> None:
        async with open_routing() as routing:
            await desk(routing)
            events: list[TicketOpenedV1] = [routing.opened("invoice" if i % 3 else "x") for i in range(30)]
            await routing.settle(*events)
            decisions = {UUID(d["ticket_id"]): Assignee(**d["assign"]) for d in await routing.published_data("routing.decided.v1")}
            assigned = [then(TicketAssignedV1, e.ticket, {"assignee": decisions[e.ticket.id]}) for e in events]
            moved = [then(TicketAssignedV1, a.ticket, {"assignee": Assignee(agent_id=uuid4())}) for a in assigned[:5]]
            closed = [then(TicketResolvedV1, a.ticket, {"status": "resolved"}, solution="x") for a in assigned[10:20]]
            await routing.settle(*assigned, *moved, *closed)
            wrong = await routing.rows(
                """SELECT * FROM (SELECT state->>'agent_id' AS agent, count(*) AS n FROM tickets
                   WHERE state->>'open' = 'true' AND state->>'agent_id' IS NOT NULL GROUP BY 1) c
                   FULL JOIN (SELECT agent_id::text AS agent, open_tickets FROM agent_loads WHERE open_tickets <> 0) l USING (agent)
                   WHERE n IS DISTINCT FROM open_tickets"""
            )
            assert wrong == []

    asyncio.run(scenario())
