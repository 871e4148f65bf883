"""Every event of a ticket that its clocks hear."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from deskstream_chassis.testing import accepted, another, following, received, refused
from deskstream_contracts.events.slas import (
    SlaClockStartedV1,
    SlaEvent,
    SlaFulfilledV1,
    SlaPausedV1,
    SlaResumedV1,
    SlaState,
    SlaUpdatedV1,
)
from deskstream_contracts.events.tickets import (
    Assignee,
    TicketAgentRepliedV1,
    TicketAssignedV1,
    TicketClassifiedV1,
    TicketClosedV1,
    TicketCustomerRepliedV1,
    TicketNotedV1,
    TicketPrioritisedV1,
    TicketReopenedV1,
    TicketResolvedV1,
)

from .conftest import Desk

pytestmark = pytest.mark.anyio
TARGETS = {"first_response": 3600, "resolution": 7200}


def statuses(event: SlaEvent) -> dict[str, str]:
    return {c.kind: c.status for c in event.sla.clocks}


def answered(previous: Any, at: datetime) -> TicketAgentRepliedV1:
    first = previous.ticket.first_responded_at or at
    return following(previous, TicketAgentRepliedV1, ticket={"waiting_for": "customer", "first_responded_at": first}, at=at)


async def test_what_is_told_carries_its_cause_and_its_story_once(desk: Desk) -> None:
    message = received(desk.opened(), correlation_id="mail-1")
    await desk.settle(message, message)
    (published,) = await desk.outbox()
    assert (published.caused_by, published.correlation_id, published.key, published.sequence) == (
        message.event_id,
        "mail-1",
        message.key,
        1,
    )


async def test_a_closed_ticket_has_no_clocks_left(desk: Desk) -> None:
    await desk.targets(TARGETS)
    opened = desk.opened()
    await desk.settle(opened, following(opened, TicketClosedV1, ticket={"status": "closed"}, at=opened.at))
    (ended,) = await desk.published(SlaPausedV1)
    assert ended.reason == "The ticket was closed. Nothing more is waited for."
    assert statuses(ended) == {"first_response": "cancelled", "resolution": "cancelled"}
    assert await desk.rows("SELECT * FROM timers") == []


async def test_a_ticket_reopened_by_an_agent_runs_on(desk: Desk) -> None:
    await desk.targets(TARGETS)
    opened = desk.opened()
    resolved = following(opened, TicketResolvedV1, ticket={"status": "resolved"}, at=opened.at)
    await desk.settle(opened, resolved, following(resolved, TicketReopenedV1, ticket={"status": "open"}, at=opened.at))
    (resumed,) = await desk.published(SlaResumedV1)
    assert resumed.reason == "The ticket was reopened; the time used before counts."
    assert statuses(resumed)["resolution"] == "running"


async def test_a_policy_that_a_rule_asks_for_sets_the_targets_anew(desk: Desk) -> None:
    gold = {"name": "Gold", "targets": {"medium": {"resolution": 60}}}
    plain = {"name": "Plain", "is_default": True, "targets": {"medium": {"resolution": 7200}}}
    await desk.put("/policies", {"policies": [gold | {"conditions": {"tags": ["gold"]}}, plain]})
    opened = desk.opened(tags=[])
    await desk.settle(opened, following(opened, TicketClassifiedV1, ticket={"sla_policy": "gold"}, at=opened.at))
    one, two = await desk.published(SlaClockStartedV1)
    assert (one.sla.policy, two.sla.policy) == ("Plain", "Gold")
    assert [c.target_seconds for c in two.sla.clocks] == [60]


async def test_who_has_the_ticket_is_told_with_a_version_of_its_own(desk: Desk) -> None:
    await desk.targets(TARGETS)
    opened = desk.opened()
    team = Assignee(team_id=uuid4(), team_name="Billing", agent_id=uuid4())
    assigned = following(opened, TicketAssignedV1, ticket={"assignee": team}, at=opened.at)
    await desk.settle(opened, assigned)
    (updated,) = await desk.published(SlaUpdatedV1)
    assert (updated.changed, updated.sla.version) == (["agent_id", "team_id"], 2)
    assert (updated.sla.team_id, updated.sla.agent_id) == (team.team_id, team.agent_id)
    found = accepted(await desk.http.get(f"/tickets/{opened.ticket.id}/sla"), SlaState)
    assert (found.version, found.team_id) == (2, team.team_id)


async def test_what_nobody_can_see_has_no_version_and_no_event(desk: Desk) -> None:
    await desk.targets(TARGETS)
    opened = desk.opened(tags=[])
    tagged = following(opened, TicketClassifiedV1, ticket={"tags": ["vip"]}, at=opened.at)
    await desk.settle(opened, tagged, following(tagged, TicketPrioritisedV1, ticket={"priority": "high"}, at=opened.at))
    started, set_anew = await desk.published()
    assert (started.sla.version, set_anew.sla.version, set_anew.sla.priority) == (1, 2, "high")


async def test_a_priority_that_sets_no_clock_is_told_all_the_same(desk: Desk) -> None:
    await desk.targets(TARGETS)
    opened = desk.opened()
    closed = following(opened, TicketClosedV1, ticket={"status": "closed"}, at=opened.at)
    await desk.settle(opened, closed, following(closed, TicketPrioritisedV1, ticket={"priority": "high"}, at=opened.at))
    (updated,) = await desk.published(SlaUpdatedV1)
    assert (updated.changed, updated.sla.priority, updated.sla.version) == (["priority"], "high", 3)


async def test_a_note_is_passed_over(desk: Desk) -> None:
    opened = desk.opened()
    await desk.settle(opened, following(opened, TicketNotedV1))
    assert len(await desk.published()) == 1


async def test_a_ticket_that_no_policy_is_for_has_no_clocks(desk: Desk) -> None:
    nothing = {"name": "Nothing promised", "is_default": True, "targets": {}}
    await desk.put("/policies", {"policies": [nothing]})
    opened = desk.opened()
    await desk.settle(opened)
    assert await desk.published() == []
    assert refused(await desk.http.get(f"/tickets/{opened.ticket.id}/sla")) == (404, None)


async def test_a_clock_that_starts_late_does_not_count_what_waited_for_the_customer(desk: Desk) -> None:
    targets = {"low": {}, "medium": {"resolution": 7200}}
    await desk.put("/policies", {"policies": [{"name": "Short", "is_default": True, "targets": targets}]})
    start = datetime.now(UTC) - timedelta(days=3)
    opened = desk.opened(at=start, priority="low")
    asked = answered(opened, start + timedelta(minutes=30))
    wrote = following(asked, TicketCustomerRepliedV1, ticket={"waiting_for": "agent"}, at=start + timedelta(days=3))
    await desk.settle(opened, asked, wrote)
    assert await desk.published() == []
    urgent = following(wrote, TicketPrioritisedV1, ticket={"priority": "medium"}, at=start + timedelta(days=3, minutes=10))
    await desk.settle(urgent)
    (started,) = await desk.published()
    assert [(c.kind, c.status, c.due_at) for c in started.sla.clocks] == [
        ("resolution", "running", urgent.at + timedelta(minutes=80))
    ]


async def test_a_policy_that_lets_the_clock_go_on_starts_one_that_waits(desk: Desk) -> None:
    gold = {"name": "Gold", "targets": {"medium": {"resolution": 7200}}, "pause_while_waiting": False}
    plain = {"name": "Plain", "is_default": True, "targets": {"medium": {"resolution": 7200}}}
    await desk.put("/policies", {"policies": [gold | {"conditions": {"tags": ["gold"]}}, plain]})
    opened = desk.opened(tags=[])
    asked = answered(opened, opened.at)
    await desk.settle(opened, asked, following(asked, TicketClassifiedV1, ticket={"tags": ["gold"]}, at=opened.at))
    (resumed,) = await desk.published(SlaResumedV1)
    assert (resumed.reason, statuses(resumed)["resolution"]) == (
        "Policy “Gold” goes on while the customer is asked.",
        "running",
    )


async def test_a_priority_without_targets_ends_the_clocks_until_there_is_one_again(desk: Desk) -> None:
    targets = {"low": {}, "medium": {"first_response": 3600, "resolution": 7200}}
    await desk.put("/policies", {"policies": [{"name": "Short", "is_default": True, "targets": targets}]})
    start = datetime.now(UTC) - timedelta(minutes=30)
    opened = desk.opened(at=start)
    low = following(opened, TicketPrioritisedV1, ticket={"priority": "low"}, at=start + timedelta(minutes=10))
    again = following(low, TicketPrioritisedV1, ticket={"priority": "medium"}, at=start + timedelta(minutes=25))
    await desk.settle(opened, low, again)
    _, ended, back = await desk.published()
    assert isinstance(ended, SlaPausedV1)
    assert ended.reason == "Policy “Short” has no target for priority low: first response, resolution."
    assert {(c.outcome, c.elapsed_seconds) for c in ended.sla.clocks} == {("no_target", 600)}
    assert {c.kind: c.due_at for c in back.sla.clocks} == {
        "first_response": again.at + timedelta(minutes=50),
        "resolution": again.at + timedelta(minutes=110),
    }


async def test_one_answer_ends_the_first_and_the_next_response(desk: Desk) -> None:
    plain = {"name": "Plain", "is_default": True, "targets": {"medium": {"next_response": 3600}}}
    gold = {"name": "Gold", "targets": {"medium": {"first_response": 3600, "next_response": 3600}}}
    await desk.put("/policies", {"policies": [gold | {"conditions": {"tags": ["gold"]}}, plain]})
    opened = desk.opened(tags=[])
    wrote = following(opened, TicketCustomerRepliedV1, at=opened.at)
    tagged = following(wrote, TicketClassifiedV1, ticket={"tags": ["gold"]}, at=opened.at)
    await desk.settle(opened, wrote, tagged, answered(tagged, opened.at))
    one, two = await desk.published(SlaFulfilledV1)
    assert (one.clock, two.clock) == ("first_response", "next_response")
    assert await desk.rows("SELECT * FROM timers") == []


async def test_a_ticket_reopened_has_the_targets_that_it_would_have_now(desk: Desk) -> None:
    targets = {"low": {}, "medium": {"resolution": 7200}, "high": {"resolution": 3600}}
    await desk.put("/policies", {"policies": [{"name": "Short", "is_default": True, "targets": targets}]})
    for priority, due in (("high", timedelta(hours=1)), ("low", None)):
        opened = desk.opened()
        resolved = following(opened, TicketResolvedV1, ticket={"status": "resolved"}, at=opened.at)
        changed = following(resolved, TicketPrioritisedV1, ticket={"priority": priority}, at=opened.at)
        await desk.settle(opened, resolved, changed, following(changed, TicketReopenedV1, ticket={"status": "open"}, at=opened.at))
        (clock,) = accepted(await desk.http.get(f"/tickets/{opened.ticket.id}/sla"), SlaState).clocks
        assert clock.due_at == (opened.at + due if due else None)


async def test_a_clock_that_is_late_does_not_count_while_the_customer_is_asked(desk: Desk) -> None:
    await desk.targets({"resolution": 7200})
    start = datetime.now(UTC) - timedelta(days=3)
    opened = desk.opened(at=start)
    asked = answered(opened, start + timedelta(minutes=130))
    wrote = following(asked, TicketCustomerRepliedV1, ticket={"waiting_for": "agent"}, at=start + timedelta(days=2))
    done = following(wrote, TicketResolvedV1, ticket={"status": "resolved"}, at=start + timedelta(days=2, minutes=10))
    await desk.settle(opened, asked, wrote, done)
    published = await desk.published()
    assert [e.type.split(".")[1] for e in published] == ["clock_started", "breached", "paused", "resumed", "fulfilled"]
    assert published[2].reason == "Waiting for the customer."
    assert [(c.outcome, c.elapsed_seconds) for c in published[4].sla.clocks] == [("late", 140 * 60)]


async def test_a_ticket_done_with_unanswered_says_so_and_its_clock_runs_again(desk: Desk) -> None:
    await desk.targets(TARGETS)
    opened = desk.opened()
    closed = following(opened, TicketClosedV1, ticket={"status": "closed"}, at=opened.at)
    await desk.settle(opened, closed)
    (ended,) = await desk.published(SlaPausedV1)
    assert {c.kind: c.outcome for c in ended.sla.clocks} == {"first_response": "unanswered", "resolution": "unsolved"}
    (line,) = accepted(await desk.http.get("/attainment"))["lines"]
    assert (line["clock"], line["met"], line["breached"], line["unanswered"], line["percent"]) == (
        *("first_response", 0, 0, 1),
        None,
    )
    await desk.settle(following(closed, TicketReopenedV1, ticket={"status": "open", "closed_at": None}, at=opened.at))
    (resumed,) = await desk.published(SlaResumedV1)
    assert statuses(resumed) == {"first_response": "running", "resolution": "running"}


async def test_a_solution_that_is_mailed_ends_the_first_response(desk: Desk) -> None:
    await desk.targets(TARGETS)
    opened = desk.opened()
    told = {"status": "resolved", "solution": "Try again.", "resolved_at": opened.at}
    await desk.settle(opened, following(opened, TicketResolvedV1, ticket=told, solution="Try again.", at=opened.at))
    assert [e.clock for e in await desk.published(SlaFulfilledV1)] == ["first_response", "resolution"]


async def test_a_longer_target_warns_again(desk: Desk) -> None:
    targets = {"medium": {"resolution": 3600}, "low": {"resolution": 36000}}
    await desk.put("/policies", {"policies": [{"name": "Short", "is_default": True, "targets": targets}]})
    opened = desk.opened(at=datetime.now(UTC) - timedelta(minutes=50))
    await desk.settle(opened)
    assert await desk.timers.fire_due() == 1
    await desk.settle(following(opened, TicketPrioritisedV1, ticket={"priority": "low"}, at=datetime.now(UTC)))
    assert await desk.rows("SELECT due_at FROM timers WHERE kind = 'warn'") == [(opened.at + timedelta(hours=8),)]


async def test_a_ticket_whose_opening_was_not_heard_gets_the_clocks_that_it_should_have(desk: Desk) -> None:
    await desk.targets({**TARGETS, "next_response": 1800})
    opened = desk.opened()
    replied = following(opened, TicketCustomerRepliedV1, ticket={"first_responded_at": opened.at}, at=opened.at)
    await desk.settle(replied)
    published = await desk.published(SlaClockStartedV1)
    assert [e.clocks for e in published] == [["resolution"], ["next_response"]]
    assert [e.sla.version for e in published] == [1, 2]


async def test_an_older_state_changes_nothing(desk: Desk) -> None:
    await desk.targets(TARGETS)
    opened = desk.opened()
    closed = following(opened, TicketClosedV1, ticket={"status": "closed"}, at=opened.at)
    await desk.settle(opened, closed)
    await desk.settle(another(TicketReopenedV1, ticket=opened.ticket), opened)
    assert [e.type for e in await desk.published()] == ["sla.clock_started.v1", "sla.paused.v1"]
