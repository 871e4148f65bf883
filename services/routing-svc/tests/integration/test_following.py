"""What happens to a ticket after its decision moves its agent's load; and what the API refuses about rules and decisions."""

from typing import Any
from uuid import uuid4

import pytest

from deskstream_chassis.testing import accepted, another, following, received, refused
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.slas import SlaBreachedV1
from deskstream_contracts.events.tickets import (
    TicketAssignedV1,
    TicketClassifiedV1,
    TicketClosedV1,
    TicketCustomerRepliedV1,
    TicketReopenedV1,
    TicketResolvedV1,
)

from .conftest import Routing

pytestmark = pytest.mark.anyio
ALL = {"name": "All", "actions": {"team": "Support", "strategy": "least_loaded"}}
LATE = {"name": "Late", "kind": "escalation", "conditions": ["ticket.type == 'Question'"], "actions": {"escalate": True}}


async def load(routing: Routing) -> int:
    return int(accepted(await routing.as_("viewer").get("/agents/sue@desk.example"))["open_tickets"])


async def assigned(routing: Routing) -> TicketAssignedV1:
    """A ticket that was decided for Sue, and is hers."""
    opened = routing.opened()
    await routing.settle(opened)
    decision = (await routing.published(RoutingDecidedV1))[-1]
    event = following(opened, TicketAssignedV1, ticket={"assignee": decision.assign})
    await routing.settle(event)
    return event


async def test_a_ticket_counts_until_it_is_done_and_again_when_it_is_reopened(routing: Routing) -> None:
    await routing.staff("Support", "sue")
    await routing.rules(ALL)
    event = await assigned(routing)
    assert await load(routing) == 1
    resolved = following(event, TicketResolvedV1, ticket={"status": "resolved"})
    await routing.settle(resolved)
    assert await load(routing) == 0
    reopened = following(resolved, TicketReopenedV1, ticket={"status": "in_progress"})
    await routing.settle(reopened)
    assert await load(routing) == 1
    await routing.settle(following(reopened, TicketClosedV1, ticket={"status": "closed"}))
    assert await load(routing) == 0


async def test_a_reply_that_reopens_a_ticket_counts_it_again(routing: Routing) -> None:
    await routing.staff("Support", "sue")
    await routing.rules(ALL)
    resolved = following(await assigned(routing), TicketResolvedV1, ticket={"status": "resolved"})
    await routing.settle(resolved, following(resolved, TicketCustomerRepliedV1, ticket={"status": "open"}))
    assert await load(routing) == 1


async def test_an_escalation_sees_the_ticket_as_it_is_by_now(routing: Routing) -> None:
    await routing.rules(LATE)
    opened = routing.opened()
    await routing.settle(opened, following(opened, TicketClassifiedV1, ticket={"ticket_type": "Question"}))
    await routing.settle(another(SlaBreachedV1, sla={"ticket_id": opened.ticket.id}))
    assert [d.escalate for d in await routing.published(RoutingDecidedV1)] == [False, True]


async def test_a_ticket_that_is_done_is_not_escalated(routing: Routing) -> None:
    await routing.rules({**LATE, "conditions": []})
    opened = routing.opened()
    await routing.settle(opened, following(opened, TicketResolvedV1, ticket={"status": "resolved"}))
    await routing.settle(another(SlaBreachedV1, sla={"ticket_id": opened.ticket.id}))
    assert len(await routing.published(RoutingDecidedV1)) == 1


async def test_a_decision_carries_its_cause_and_its_story(routing: Routing) -> None:
    message = received(routing.opened(), correlation_id="mail-1")
    await routing.settle(message, message)
    (published,) = await routing.outbox(RoutingDecidedV1)
    assert (published.caused_by, published.correlation_id, published.key) == (message.event_id, "mail-1", message.key)


async def test_a_name_that_is_switched_off_cannot_be_used_by_a_rule(routing: Routing) -> None:
    await routing.staff("Support", "sue")
    await routing.put("/teams/Support", {"active": False})
    assert refused(await routing.http.put("/configuration", json={"rules": [ALL]})) == (422, "#/rules/0/actions/team")


@pytest.mark.parametrize(
    ("rule", "pointer"),
    [
        ({"name": "A", "actions": {"strategy": "round_robin"}}, "#/rules/0/actions/strategy"),
        ({"name": " "}, "#/rules/0/name"),
        ({"name": "A", "conditions": ["true"] * 21}, "#/rules/0/conditions"),
        ({"name": "A", "actions": {"notify": ["everybody"]}}, None),
        ({"name": "A", "actions": {"notify": ["a\x01b@desk.example"]}}, None),
        ({"name": "A", "actions": {"tags": ["\x1b[31m"]}}, "#/rules/0/actions/tags/0"),
        ({"name": "A", "actions": {"custom_fields": {f"f{n}": "x" * 1000 for n in range(21)}}}, "#/rules/0/actions/custom_fields"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(routing: Routing, rule: dict[str, Any], pointer: str | None) -> None:
    status, found = refused(await routing.http.put("/configuration", json={"rules": [rule]}))
    assert status == 422
    assert pointer in (None, found)


async def test_a_configuration_says_its_version_and_there_is_no_going_back_to_none(routing: Routing) -> None:
    await routing.rules({"name": "A"})
    answer = await routing.http.get("/configuration")
    assert answer.headers["etag"] == '"1"'
    assert refused(await routing.http.post("/configuration/rollback/7")) == (404, None)
    stale = await routing.http.put("/configuration", json={"rules": []}, headers={"if-match": 'W/"0"'})
    assert refused(stale) == (412, None)
    assert refused(await routing.http.post("/configuration/rollback/0", headers={"if-match": '"0"'})) == (412, None)
    late = {"rules": [], "expected_version": 0}
    assert refused(await routing.http.put("/configuration", json=late)) == (409, None)
    assert accepted(await routing.http.put("/configuration", json=late, headers={"if-match": "*"}))["version"] == 2


@pytest.mark.parametrize("what", [{}, {"sample": {}, "ticket_id": str(uuid4())}])
async def test_rules_are_tried_on_either_a_sample_or_a_ticket(routing: Routing, what: dict[str, Any]) -> None:
    assert refused(await routing.http.post("/configuration/try", json={"rules": [], **what})) == (422, "#/sample")


async def test_rules_cannot_be_tried_on_a_ticket_that_is_not_there(routing: Routing) -> None:
    body = {"rules": [], "ticket_id": str(uuid4())}
    assert refused(await routing.http.post("/configuration/try", json=body)) == (404, None)


async def test_an_escalation_can_be_tried_on_a_sample(routing: Routing) -> None:
    rule = {**LATE, "conditions": ["sla.event == 'breached'"]}
    body = {"rules": [rule], "sample": {"sla": {"event": "breached"}}}
    tried = accepted(await routing.http.post("/configuration/try", json=body))
    assert (tried["decision"]["kind"], tried["decision"]["escalate"]) == ("escalation", True)


@pytest.mark.parametrize("reference", [uuid4(), 7, "-" * 36])
async def test_there_are_no_decisions_on_a_ticket_that_is_not_there(routing: Routing, reference: object) -> None:
    assert refused(await routing.http.get(f"/tickets/{reference}/decisions")) == (404, None)
