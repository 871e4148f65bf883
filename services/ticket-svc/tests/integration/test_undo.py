"""Undoing: what a command offers, what takes it back, and what stands in its way."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from deskstream_chassis.testing import OpenService, accepted, another, open_service, refused
from deskstream_chassis.web.subjects import Role, Staff
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.tickets import (
    Assignee,
    TicketAssignedV1,
    TicketClosedV1,
    TicketPrioritisedV1,
    TicketReopenedV1,
    TicketState,
)
from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor
from ticket_svc.settings import Settings
from ticket_svc.wiring import build

from .given import asks, commanded, kinds, opened, told

pytestmark = pytest.mark.anyio
ADA = Actor(kind="agent", id="ada", name="Ada")
BILLING = Assignee(team_id=uuid4(), team_name="Billing")


@pytest.fixture
async def desk(migrated_url: str) -> AsyncIterator[OpenService]:
    async with open_service(build, Settings, migrated_url, role="all", files_secret="secret", hold_seconds=0) as service:
        yield service


def path(answer: dict[str, Any]) -> str:
    """Where it is undone at its owner."""
    owner, _, id_ = answer["undo"]["id"].partition(".")
    assert owner == "ticket"
    return f"/undo/{id_}"


async def now(desk: OpenService, ticket: TicketState) -> TicketState:
    return accepted(await desk.as_("viewer").get(f"/tickets/{ticket.id}"), TicketState)


async def test_an_assignment_is_undone_by_another_one_that_says_so(desk: OpenService) -> None:
    ticket = await opened(desk)
    first = await commanded(desk, ticket, "PUT", "assignee", team_name="Support")
    second = await commanded(desk, ticket, "PUT", "assignee", **BILLING.model_dump(mode="json", exclude_none=True))
    assert first["undo"]["id"] != second["undo"]["id"]
    status, undone = await asks(desk, path(second))
    assert (status, undone["act"], undone["subject"]) == (200, "assign", f"ticket/{ticket.id}")
    assert (undone["id"], undone["undone_by"]["id"]) == (second["undo"]["id"], "ada")
    _, assigned, taken_back = await desk.outbox(TicketAssignedV1)
    assert isinstance(taken_back.event, TicketAssignedV1)
    assert (taken_back.event.undoes, taken_back.caused_by) == (assigned.id, assigned.id)
    assert (taken_back.event.by, taken_back.event.previous, taken_back.event.decision_id) == (ADA, BILLING, None)
    assert taken_back.event.ticket.assignee == Assignee(team_name="Support")
    assert undone["version"] == taken_back.event.ticket.version == (await now(desk, ticket)).version
    assert len(await told(desk, ticket)) == 4, "nothing of the history is gone"


async def test_a_priority_is_undone(desk: OpenService) -> None:
    ticket = await opened(desk)
    given = await commanded(desk, ticket, "PUT", "priority", priority="critical")
    assert (await asks(desk, path(given)))[0] == 200
    assert (await now(desk, ticket)).priority == ticket.priority
    set_, taken_back = await desk.outbox(TicketPrioritisedV1)
    assert isinstance(taken_back.event, TicketPrioritisedV1)
    assert (taken_back.event.undoes, taken_back.event.previous) == (set_.id, "critical")


@pytest.mark.parametrize("before", ["open", "in_progress", "resolved"])
async def test_a_closing_is_undone_as_if_it_had_never_been(desk: OpenService, before: str) -> None:
    ticket = await opened(desk)
    if before != "open":
        await commanded(desk, ticket, "POST", "start")
    if before == "resolved":
        await commanded(desk, ticket, "POST", "resolve", solution="Done.")
    was = await now(desk, ticket)
    closed = await commanded(desk, ticket, "POST", "close", reason="spam")
    assert (await asks(desk, path(closed)))[0] == 200
    after = await now(desk, ticket)
    assert after == was.model_copy(update={"version": after.version, "updated_at": after.updated_at})
    (told_of,) = await desk.outbox(TicketClosedV1)
    (reopened,) = await desk.published(TicketReopenedV1)
    assert (reopened.undoes, reopened.reason, reopened.ticket) == (told_of.id, "the closing was undone", after)


async def test_undoing_twice_is_undoing_once(desk: OpenService) -> None:
    ticket = await opened(desk)
    closed = await commanded(desk, ticket, "POST", "close", reason="spam")
    answers = await asyncio.gather(*(asks(desk, path(closed)) for _ in range(4)))
    assert {status for status, _ in answers} == {200}
    assert all(answer == answers[0] for answer in answers)
    # Also where the ticket has moved on, and by somebody else.
    await commanded(desk, ticket, "POST", "close", reason="spam after all")
    assert await asks(desk, path(closed), who="bob") == answers[0]
    assert kinds(await told(desk, ticket)) == ["opened", "closed", "reopened", "closed"]


async def test_what_has_changed_since_is_not_overwritten_and_is_named(desk: OpenService) -> None:
    ticket = await opened(desk)
    assigned = await commanded(desk, ticket, "PUT", "assignee", team_name="Support")
    given = await commanded(desk, ticket, "PUT", "priority", priority="low")
    await asks(desk, f"/tickets/{ticket.id}/assignee", "bob", "PUT", team_name="Billing")
    before = await told(desk, ticket)
    status, problem = await asks(desk, path(assigned))
    assert (status, problem["type"], problem["changed"]) == (409, "deskstream:problem:changed-since", ["assignee"])
    assert await told(desk, ticket) == before
    assert (await asks(desk, path(given)))[0] == 200, "what was changed beside it stands in nobody's way"


async def test_what_rules_have_changed_since_is_not_overwritten(desk: OpenService) -> None:
    ticket = await opened(desk)
    given = await commanded(desk, ticket, "PUT", "priority", priority="low")
    event = another(RoutingDecidedV1, ticket_id=ticket.id, kind="escalation", priority="critical", assign=None)
    await desk.settle(event)
    assert (await asks(desk, path(given)))[1]["changed"] == ["priority"]


async def test_a_later_closing_is_not_undone_by_an_earlier_one(desk: OpenService) -> None:
    ticket = await opened(desk)
    first = await commanded(desk, ticket, "POST", "close", reason="spam")
    await commanded(desk, ticket, "POST", "reopen", reason="no")
    assert (await asks(desk, path(first)))[1]["changed"] == ["status"]
    await commanded(desk, ticket, "POST", "close", reason="spam after all")
    assert (await asks(desk, path(first)))[1]["changed"] == ["status"]
    assert (await now(desk, ticket)).status == "closed"


async def test_a_refused_undoing_can_be_tried_again_when_nothing_stands_in_its_way_any_more(desk: OpenService) -> None:
    ticket = await opened(desk)
    first = await commanded(desk, ticket, "PUT", "assignee", team_name="Support")
    second = await commanded(desk, ticket, "PUT", "assignee", team_name="Billing")
    assert (await asks(desk, path(first)))[0] == 409
    assert (await asks(desk, path(second)))[0] == 200
    assert (await asks(desk, path(first)))[0] == 200
    assert (await now(desk, ticket)).assignee == Assignee()


async def test_when_its_time_is_over_it_says_so_and_later_it_is_forgotten(desk: OpenService) -> None:
    ticket = await opened(desk)
    closed = await commanded(desk, ticket, "POST", "close", reason="spam")
    await desk.grow_older("undos", "until", 0.1)
    status, problem = await asks(desk, path(closed))
    assert (status, problem["type"]) == (410, "deskstream:problem:too-late-to-undo")
    assert (await now(desk, ticket)).status == "closed"
    await desk.grow_older("undos", "until", 1)
    await desk.let_go()
    assert (await asks(desk, path(closed)))[0] == 404


async def test_a_command_that_changes_nothing_offers_nothing(desk: OpenService) -> None:
    ticket = await opened(desk)
    for method, command, body in (
        ("PUT", "assignee", {}),
        ("PUT", "priority", {"priority": ticket.priority}),
    ):
        assert (await commanded(desk, ticket, method, command, **body))["undo"] is None
    await commanded(desk, ticket, "POST", "close", reason="spam")
    assert (await commanded(desk, ticket, "POST", "close", reason="spam"))["undo"] is None


async def test_whoever_may_do_it_may_undo_it_and_nobody_else(desk: OpenService) -> None:
    ticket = await opened(desk)
    closed = await commanded(desk, ticket, "POST", "close", reason="spam")
    assert refused(await desk.http.post(path(closed))) == (401, None)
    assert refused(await desk.as_("viewer").post(path(closed))) == (403, None)
    assert (await asks(desk, path(closed), who="bob"))[0] == 200
    assert (await asks(desk, f"/undo/{uuid4()}"))[0] == 404
    assert (await asks(desk, "/undo/1"))[0] == 422


async def test_what_a_closed_team_has_others_do_not_undo_and_who_gave_it_there_does(desk: OpenService) -> None:
    ticket, team = await opened(desk), uuid4()

    def outside(who: str) -> Staff:
        return Staff(who, who.title(), frozenset({Role.AGENT}), Visibility(everything=True, closed_team_ids=frozenset({team})))

    given = await desk.as_subject(outside("ada")).put(f"/tickets/{ticket.id}/assignee", json={"team_id": str(team)})
    there = path(accepted(given))
    assert refused(await desk.as_subject(outside("bob")).post(there)) == (404, None)
    assert (await desk.as_subject(outside("ada")).get(f"/tickets/{ticket.id}")).status_code == 404
    assert (await desk.as_subject(outside("ada")).post(there)).status_code == 200
    assert (await now(desk, ticket)).assignee == Assignee()


async def test_of_two_who_undo_and_change_at_once_one_is_first(desk: OpenService) -> None:
    ticket = await opened(desk)
    for n in range(10):
        given = await commanded(desk, ticket, "PUT", "assignee", team_name=f"Team {n}")
        (undone, _), (changed, _) = await asyncio.gather(
            asks(desk, path(given)), asks(desk, f"/tickets/{ticket.id}/assignee", "bob", "PUT", team_name="Bob's")
        )
        assert changed == 200
        assert undone in (200, 409)
        assert (await now(desk, ticket)).assignee.team_name == "Bob's"
    await told(desk, ticket)
