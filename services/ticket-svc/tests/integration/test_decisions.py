"""Routing decisions, applied to tickets: each action an event of its own, under the rule's name."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from deskstream_chassis.testing import OpenService, accepted, another, received
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.slas import Deadline
from deskstream_contracts.events.tickets import (
    Assignee,
    TicketAssignedV1,
    TicketClassifiedV1,
    TicketEscalatedV1,
    TicketOpenedV1,
    TicketPrioritisedV1,
    TicketState,
    TicketTriagedV1,
)
from deskstream_contracts.wire import Address

from .given import commanded, kinds, opened, told

pytestmark = pytest.mark.anyio
LATE = Deadline(
    clock="resolution", event="breached", policy="Standard", due_at=datetime(2026, 3, 2, 9, 15, tzinfo=UTC), late_seconds=90
)
BILLING = Assignee(team_id=uuid4(), team_name="Billing", agent_id=uuid4(), agent_name="Bo")


def decided(ticket: TicketState, **actions: Any) -> RoutingDecidedV1:
    """A decision that does nothing but what is asked for."""
    return another(RoutingDecidedV1, ticket_id=ticket.id, **{"assign": None, "priority": None, **actions})


async def test_a_decision_assigns(desk: OpenService) -> None:
    ticket = await opened(desk)
    decision = decided(ticket, assign=BILLING)
    await desk.settle(decision)
    _, assigned, _ = await told(desk, ticket)
    assert isinstance(assigned, TicketAssignedV1)
    assert (assigned.ticket.assignee, assigned.previous, assigned.decision_id) == (BILLING, Assignee(), decision.decision_id)
    assert (assigned.by.kind, assigned.by.id, assigned.by.name) == ("rule", str(decision.decision_id), decision.reason)
    assert assigned.ticket.status == "open", "to be given a ticket is not to have begun"


async def test_a_decision_sets_the_priority(desk: OpenService) -> None:
    ticket = await opened(desk)
    decision = decided(ticket, priority="critical")
    await desk.settle(decision)
    _, prioritised, _ = await told(desk, ticket)
    assert isinstance(prioritised, TicketPrioritisedV1)
    assert (prioritised.ticket.priority, prioritised.previous, prioritised.decision_id) == (
        "critical",
        "medium",
        decision.decision_id,
    )


async def test_a_decision_classifies_and_adds_to_what_is_there(desk: OpenService) -> None:
    ticket = await opened(desk, requested={"tags": ["a"], "custom_fields": {"contract": "C-1", "colour": "red"}})
    fields = {"colour": "blue", "tier": "gold"}
    await desk.settle(decided(ticket, ticket_type="question", add_tags=["b", "a"], custom_fields=fields, sla_policy="Gold"))
    _, classified, _ = await told(desk, ticket)
    assert isinstance(classified, TicketClassifiedV1)
    assert classified.changed == ["ticket_type", "tags", "custom_fields", "sla_policy"]
    after = classified.ticket
    assert (after.ticket_type, after.tags, after.sla_policy) == ("Question", ["a", "b"], "Gold")
    assert after.custom_fields == {"contract": "C-1", "colour": "blue", "tier": "gold"}


async def test_a_type_that_is_not_managed_does_not_hold_up_the_rest_of_a_decision(desk: OpenService) -> None:
    ticket = await opened(desk)
    await desk.settle(decided(ticket, ticket_type="Complaint", priority="low"))
    assert kinds(await told(desk, ticket)) == ["opened", "prioritised", "triaged"]


async def test_a_decision_escalates_to_those_it_names(desk: OpenService) -> None:
    ticket = await opened(desk)
    boss = Address(email="boss@desk.example", name="The Boss")
    await desk.settle(decided(ticket, kind="escalation", escalate=True, notify=[boss], reason="It is late.", deadline=LATE))
    _, escalated = await told(desk, ticket)
    assert isinstance(escalated, TicketEscalatedV1)
    assert (escalated.reason, escalated.notify, escalated.ticket.escalation_level) == ("It is late.", [boss], 1)
    assert escalated.deadline == LATE, "so that who is told knows when it was due"


async def test_all_actions_are_told_in_turn_with_one_cause(desk: OpenService) -> None:
    ticket = await opened(desk)
    message = received(
        decided(ticket, assign=BILLING, priority="high", add_tags=["x"], notify=[Address(email="b@desk.example")]),
        correlation_id="mail-1",
    )
    await desk.settle(message)
    events = await told(desk, ticket)
    assert kinds(events) == ["opened", "classified", "prioritised", "assigned", "escalated", "triaged"]
    assert {(p.caused_by, p.correlation_id) for p in (await desk.outbox())[1:]} == {(message.event_id, "mail-1")}


async def test_a_decision_that_comes_again_or_changes_nothing_is_not_told(desk: OpenService) -> None:
    ticket = await opened(desk, requested={"tags": ["a"]})
    message = received(decided(ticket, assign=BILLING))
    await desk.settle(message, message)
    await desk.settle(message)
    await desk.settle(decided(ticket, assign=BILLING, priority="medium", add_tags=["a"]))
    assert kinds(await told(desk, ticket)) == ["opened", "assigned", "triaged"]


@pytest.mark.parametrize(("message_id", "proven"), [("<1@sample.com>", True), (None, False)])
async def test_the_first_decision_triages_though_it_be_empty_and_is_told_once(
    desk: OpenService, message_id: str | None, proven: bool
) -> None:
    ticket = await opened(desk, message={"rfc_message_id": message_id, "sender_proven": proven})
    empty = decided(ticket)
    await desk.settle(empty)
    first, triaged = await told(desk, ticket)
    assert isinstance(first, TicketOpenedV1)
    assert isinstance(triaged, TicketTriagedV1)
    assert (triaged.decision_id, triaged.by.kind, triaged.ticket.version) == (empty.decision_id, "rule", 2)
    assert (triaged.rfc_message_id, triaged.sender_proven, first.sender_proven) == (message_id, proven, proven)
    await desk.execute("DELETE FROM inbox")
    await desk.settle(empty, decided(ticket), decided(ticket, priority="high"))
    await desk.settle(decided(ticket, kind="escalation", escalate=True))
    assert kinds(await told(desk, ticket)) == ["opened", "triaged", "prioritised", "escalated"]


async def test_an_escalation_is_no_triage(desk: OpenService) -> None:
    ticket = await opened(desk)
    await desk.settle(decided(ticket, kind="escalation", priority="high"))
    assert kinds(await told(desk, ticket)) == ["opened", "prioritised"]


async def test_a_decision_for_a_closed_ticket_does_nothing(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "POST", "close", reason="spam")
    await desk.settle(decided(ticket, assign=BILLING, priority="high", escalate=True))
    assert kinds(await told(desk, ticket)) == ["opened", "closed"]


async def test_a_resolved_ticket_is_assigned_and_not_escalated(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "POST", "resolve", solution="Done.")
    await desk.settle(decided(ticket, kind="escalation", assign=BILLING, escalate=True))
    assert kinds(await told(desk, ticket)) == ["opened", "resolved", "assigned"]


async def test_a_first_assignment_does_not_take_a_ticket_away_from_who_took_it(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "PUT", "assignee", agent_id=str(uuid4()), agent_name="Ada")
    await desk.settle(decided(ticket, assign=BILLING, priority="high"))
    events = await told(desk, ticket)
    assert kinds(events) == ["opened", "assigned", "prioritised", "triaged"]
    assert events[-1].ticket.assignee.agent_name == "Ada"


async def test_a_team_without_an_agent_has_not_taken_it(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "PUT", "assignee", team_id=str(uuid4()), team_name="Support")
    await desk.settle(decided(ticket, assign=BILLING))
    assert (await told(desk, ticket))[-1].ticket.assignee == BILLING


async def test_an_escalation_gives_the_ticket_to_somebody_else(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "PUT", "assignee", agent_id=str(uuid4()), agent_name="Ada")
    await desk.settle(decided(ticket, kind="escalation", assign=BILLING))
    assert (await told(desk, ticket))[-1].ticket.assignee == BILLING


async def test_a_decision_that_is_told_again_long_after_undoes_nothing(desk: OpenService) -> None:
    ticket = await opened(desk)
    decision = decided(ticket, assign=BILLING, priority="critical", add_tags=["x"])
    await desk.settle(received(decision))
    await commanded(desk, ticket, "PUT", "priority", priority="low")
    before = await told(desk, ticket)
    await desk.settle(received(decision))
    assert await told(desk, ticket) == before


async def test_a_decision_about_no_ticket_is_parked_and_holds_up_nobody_else(desk: OpenService) -> None:
    ticket = await opened(desk)
    lost = received(another(RoutingDecidedV1))
    behind = received(decided(ticket, priority="low"), key=lost.key)
    await desk.settle(lost, decided(ticket, priority="high"), behind)
    assert kinds(await told(desk, ticket)) == ["opened", "prioritised", "triaged"]
    operator, place = desk.as_("operator"), {"topic": lost.topic, "key": lost.key}
    (parked,) = accepted(await operator.get("/admin/parked"))
    assert parked["key"] == lost.key
    assert accepted(await operator.post("/admin/parked/discard", json=place))["messages"] == 1
    assert accepted(await operator.post("/admin/parked/replay", json=place))["messages"] == 1
    assert accepted(await operator.get("/admin/parked")) == []
    assert kinds(await told(desk, ticket)) == ["opened", "prioritised", "triaged", "prioritised"]
