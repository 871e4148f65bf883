"""Every event of a ticket that its clocks hear."""

from uuid import uuid4

import pytest

from deskstream_chassis.testing import another, following, received
from deskstream_contracts.events.slas import SlaClockStartedV1, SlaEvent, SlaPausedV1, SlaResumedV1
from deskstream_contracts.events.tickets import (
    Assignee,
    TicketAssignedV1,
    TicketClassifiedV1,
    TicketClosedV1,
    TicketCustomerRepliedV1,
    TicketNotedV1,
    TicketReopenedV1,
    TicketResolvedV1,
)

from .conftest import Desk

pytestmark = pytest.mark.anyio
TARGETS = {"first_response": 3600, "resolution": 7200}


def statuses(event: SlaEvent) -> dict[str, str]:
    return {c.kind: c.status for c in event.sla.clocks}


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


async def test_an_assignment_tells_nothing_and_is_known_to_what_comes_after(desk: Desk) -> None:
    await desk.targets(TARGETS)
    opened = desk.opened()
    team = Assignee(team_id=uuid4(), team_name="Billing", agent_id=uuid4())
    assigned = following(opened, TicketAssignedV1, ticket={"assignee": team}, at=opened.at)
    await desk.settle(opened, assigned)
    assert len(await desk.published()) == 1
    await desk.settle(following(assigned, TicketClosedV1, ticket={"status": "closed"}, at=opened.at))
    (ended,) = await desk.published(SlaPausedV1)
    assert (ended.sla.team_id, ended.sla.agent_id) == (team.team_id, team.agent_id)


async def test_a_note_is_passed_over(desk: Desk) -> None:
    opened = desk.opened()
    await desk.settle(opened, following(opened, TicketNotedV1))
    assert len(await desk.published()) == 1


async def test_a_ticket_that_no_policy_is_for_has_no_clocks(desk: Desk) -> None:
    await desk.put("/policies", {"policies": []})
    await desk.settle(desk.opened())
    assert await desk.published() == []


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
