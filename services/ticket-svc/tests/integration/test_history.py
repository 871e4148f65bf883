"""The timeline of a ticket, and how it was: from what is kept of what was told."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from deskstream_chassis.store.history import forgetting
from deskstream_chassis.testing import OpenService, accepted, another, received, refused
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.tickets import TicketState
from deskstream_contracts.timeline import Timeline, TimelineEntry
from deskstream_contracts.topics import TICKETS

from .given import asks, commanded, opened, told

pytestmark = pytest.mark.anyio


async def sent(desk: OpenService) -> None:
    """As if the relay had sent all that there is."""
    assert desk.service.pool is not None
    ids = [row.id for row in await desk.rows("SELECT id FROM outbox")]
    async with desk.service.pool.connect() as connection:
        await connection.execute(text(f"WITH {forgetting([TICKETS.name], 'ids')} SELECT 1"), {"ids": ids})


async def timeline(desk: OpenService, ticket: TicketState, **query: Any) -> Timeline:
    return accepted(await desk.as_("viewer").get(f"/tickets/{ticket.number}/timeline", params=query), Timeline)


async def as_of(desk: OpenService, ticket: TicketState, at: datetime) -> Any:
    return await desk.as_("viewer").get(f"/tickets/{ticket.id}", params={"as_of": at.isoformat()})


async def spread(desk: OpenService, ticket: TicketState) -> list[TicketState]:
    """The states of a ticket, each an hour after the one before; all are sent."""
    states = [event.ticket for event in await told(desk, ticket)]
    await sent(desk)
    move = "UPDATE history SET at = at + make_interval(hours => :hours) WHERE key = :key AND sequence = :version"
    for n, state in enumerate(states):
        await desk.execute(move, key=str(ticket.id), version=state.version, hours=n - len(states))
    begin = "UPDATE tickets SET state = jsonb_set(state, '{opened_at}', to_jsonb(CAST(:at AS timestamptz))) WHERE id = :id"
    await desk.execute(begin, at=await moment(desk, ticket, 1), id=ticket.id)
    return states


async def moment(desk: OpenService, ticket: TicketState, version: int) -> datetime:
    statement = "SELECT at FROM history WHERE key = :key AND sequence = :version"
    (row,) = await desk.rows(statement, key=str(ticket.id), version=version)
    at: datetime = row.at
    return at


async def test_a_timeline_says_who_did_what_and_why(desk: OpenService) -> None:
    ticket = await opened(desk)
    decision = received(
        another(RoutingDecidedV1, ticket_id=ticket.id, kind="assignment", priority="critical", reason="VIPs first.")
    )
    await desk.settle(decision)
    closed = await commanded(desk, ticket, "POST", "close", reason="spam")
    await asks(desk, f"/undo/{closed['undo']['id'].removeprefix('ticket.')}", who="bob")
    for _ in range(2):
        found = await timeline(desk, ticket)
        acts = {entry.type: entry for entry in found.items}
        assert (found.complete, found.next, found.begins_at) == (True, None, found.items[0].at)
        first = found.items[0]
        assert (first.type, first.by.kind, first.by.id) == ("ticket.opened.v1", "customer", str(ticket.requester.customer_id))
        assert (first.message_id, first.changes) == (ticket.opened_by_message, [])
        given = acts["ticket.prioritised.v1"]
        assert (given.by.kind, given.by.name, given.caused_by) == ("rule", "VIPs first.", decision.event_id)
        assert given.decision_id is not None
        assert [(c.field, c.before, c.after) for c in given.changes] == [("priority", ticket.priority, "critical")]
        spam, undone = acts["ticket.closed.v1"], acts["ticket.reopened.v1"]
        assert (spam.by.id, spam.by.name, spam.reason, spam.caused_by) == ("ada", "Ada", "spam", None)
        assert {c.field for c in spam.changes} == {"status", "closed_at"}
        assert (undone.by.id, undone.undoes, undone.caused_by) == ("bob", spam.id, spam.id)
        # It is the same when all was sent.
        await sent(desk)


async def test_a_timeline_comes_in_pages(desk: OpenService) -> None:
    ticket = await opened(desk)
    for n in range(6):
        await commanded(desk, ticket, "PUT", "assignee", team_name=f"Team {n}")
        if n == 3:
            await sent(desk)
    whole = (await timeline(desk, ticket)).items
    pages: list[TimelineEntry] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = await timeline(desk, ticket, cursor=cursor, limit=3)
        assert page.complete
        pages, cursor = pages + page.items, page.next
        assert len(page.items) <= 3
    assert pages == whole
    assert [entry.version for entry in whole] == list(range(1, 8))


async def test_the_state_of_a_ticket_is_had_as_it_was(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "PUT", "priority", priority="critical")
    await commanded(desk, ticket, "POST", "close", reason="spam")
    states = await spread(desk, ticket)
    for state in states[:-1]:
        at = await moment(desk, ticket, state.version)
        for then in (at, at + timedelta(minutes=59)):
            assert accepted(await as_of(desk, ticket, then), TicketState) == state
    # From its last change on it is as it is.
    now = accepted(await desk.as_("viewer").get(f"/tickets/{ticket.id}"), TicketState)
    assert accepted(await as_of(desk, ticket, now.updated_at), TicketState) == now
    assert accepted(await as_of(desk, ticket, now.updated_at + timedelta(days=900)), TicketState) == now


async def test_a_ticket_is_not_there_before_it_was_opened(desk: OpenService) -> None:
    ticket = await opened(desk)
    assert (await as_of(desk, ticket, ticket.opened_at - timedelta(seconds=1))).status_code == 404


async def test_what_is_not_kept_is_said_to_be_so(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "PUT", "priority", priority="critical")
    await commanded(desk, ticket, "PUT", "priority", priority="low")
    await spread(desk, ticket)
    first, second = await moment(desk, ticket, 1), await moment(desk, ticket, 2)
    # As of a ticket that is older than the release that keeps a history.
    await desk.execute("DELETE FROM history WHERE key = :key AND sequence = 1", key=str(ticket.id))
    found = await timeline(desk, ticket)
    assert (found.complete, found.begins_at, found.items[0].changes) == (False, second, [])
    answer = await as_of(desk, ticket, first)
    assert (answer.status_code, answer.json()["type"]) == (410, "deskstream:problem:before-history")
    assert datetime.fromisoformat(answer.json()["begins_at"]) == second
    assert (await as_of(desk, ticket, second)).status_code == 200


async def test_a_hole_in_what_is_kept_is_no_answer(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "PUT", "priority", priority="critical")
    await commanded(desk, ticket, "PUT", "priority", priority="low")
    await spread(desk, ticket)
    first, third = await moment(desk, ticket, 1), await moment(desk, ticket, 3)
    await desk.execute("DELETE FROM history WHERE key = :key AND sequence = 2", key=str(ticket.id))
    assert (await as_of(desk, ticket, first + timedelta(minutes=90))).status_code == 410
    assert [entry.changes for entry in (await timeline(desk, ticket)).items] == [[], []]
    assert (await as_of(desk, ticket, third)).status_code == 200
    await desk.execute("DELETE FROM history WHERE key = :key", key=str(ticket.id))
    empty = await timeline(desk, ticket)
    assert (empty.items, empty.complete, empty.begins_at) == ([], False, None)
    assert (await as_of(desk, ticket, first)).status_code == 410


async def test_a_timeline_is_for_the_staff_that_sees_the_ticket(desk: OpenService) -> None:
    ticket = await opened(desk)
    path = f"/tickets/{ticket.id}/timeline"
    assert refused(await desk.http.get(path)) == (401, None)
    assert refused(await desk.as_("operator").get(path)) == (403, None)
    assert refused(await desk.as_("viewer").get(f"/tickets/{uuid4()}/timeline")) == (404, None)
    assert refused(await desk.as_("viewer").get(path, params={"cursor": "x"}))[0] == 422
    assert refused(await desk.as_("viewer").get(f"/tickets/{ticket.id}", params={"as_of": "yesterday"}))[0] == 422
    assert refused(await desk.as_("viewer").get(f"/tickets/{ticket.id}", params={"as_of": "2026-01-01T00:00:00"}))[0] == 422
