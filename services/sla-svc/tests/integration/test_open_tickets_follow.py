"""Edited policies and calendars, and tickets that are open already: they follow where that is asked for, as a job."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deskstream_chassis.testing import accepted, following
from deskstream_contracts.events.slas import SlaClockStartedV1, SlaState
from deskstream_contracts.events.tickets import TicketAgentRepliedV1, TicketClosedV1, TicketOpenedV1, TicketPrioritisedV1
from deskstream_contracts.jobs import Job

from .conftest import Desk

pytestmark = pytest.mark.anyio
POLICY = {"name": "Short", "is_default": True, "calendar": "Office", "targets": {"medium": {"resolution": 7200}}}
OFFICE = {"name": "Office", "always": True}


async def put(desk: Desk, path: str, **body: Any) -> Any:
    return accepted(await desk.http.put(path, json=body))


async def opened(desk: Desk) -> TicketOpenedV1:
    """A ticket that was opened half an hour ago, of a policy with a calendar of its own."""
    calendars = accepted(await desk.http.get("/calendars"))["calendars"]
    await put(desk, "/calendars", calendars=[*(c for c in calendars if c["name"] != "Office"), OFFICE])
    await put(desk, "/policies", policies=[POLICY])
    event = desk.opened(at=datetime.now(UTC) - timedelta(minutes=30))
    await desk.settle(event)
    return event


async def state(desk: Desk, event: TicketOpenedV1) -> SlaState:
    return accepted(await desk.http.get(f"/tickets/{event.ticket.id}/sla"), SlaState)


async def run(desk: Desk) -> None:
    worker = desk.worker("processes")
    while await worker.turn():
        pass


async def test_open_tickets_keep_what_they_run_by_unless_it_is_said(desk: Desk) -> None:
    event = await opened(desk)
    answer = await put(desk, "/policies", policies=[{**POLICY, "targets": {"medium": {"resolution": 60}}}])
    await run(desk)
    assert answer["job"] is None
    assert (await state(desk, event)).version == 1
    assert accepted(await desk.as_("operator").get("/jobs")) == []


async def test_open_tickets_follow_to_edited_policies_with_a_version_and_an_event(desk: Desk) -> None:
    event, done = await opened(desk), desk.opened()
    await desk.settle(done, following(done, TicketClosedV1, ticket={"status": "closed"}, at=done.at))
    edited = {**POLICY, "targets": {"medium": {"resolution": 36000}}}
    answer = await put(desk, "/policies", policies=[edited], running_tickets="follow")
    await run(desk)
    owner, _, id_ = answer["job"].partition(".")
    job = accepted(await desk.as_("operator").get(f"/jobs/{id_}"), Job)
    assert (owner, job.state, job.done, job.kind) == ("sla", "done", 1, "open_tickets_follow")
    assert job.subject == f"configuration/{answer['version']}"
    (told,) = [e for e in await desk.published(SlaClockStartedV1) if e.sla.version == 2]
    assert (told.sla.ticket_id, told.sla.policy_version) == (event.ticket.id, 2)
    assert told.sla == (await state(desk, event)).model_copy(update={"updated_at": told.sla.updated_at})
    (due,) = await desk.rows("SELECT t.due_at FROM timers t JOIN slas s ON s.id = t.ticket_id WHERE kind = 'breach'")
    # In PostgreSQL's own time, and then by what was left of ten hours.
    assert abs(due[0] - (event.ticket.opened_at + timedelta(hours=10))) < timedelta(milliseconds=1)


async def test_open_tickets_follow_to_an_edited_calendar(desk: Desk) -> None:
    event = await opened(desk)
    calendars = accepted(await desk.http.get("/calendars"))["calendars"]
    tonight = {"name": "Office", "weekly": {"monday": [["00:00", "00:01"]]}}
    others = [c for c in calendars if c["name"] != "Office"]
    answer = await put(desk, "/calendars", calendars=[*others, tonight], running_tickets="follow")
    await run(desk)
    assert answer["job"].startswith("sla.")
    (clock,) = (await state(desk, event)).clocks
    assert clock.due_at is not None
    assert clock.due_at > event.ticket.opened_at + timedelta(weeks=80)


async def test_a_ticket_that_rests_or_went_on_to_a_newer_version_is_left_in_peace(desk: Desk) -> None:
    event, newer = await opened(desk), desk.opened()
    asked = following(event, TicketAgentRepliedV1, ticket={"waiting_for": "customer"}, at=event.at)
    await desk.settle(asked, newer)
    await put(desk, "/policies", policies=[{**POLICY, "warn_fraction": 0.5}], running_tickets="follow")
    await desk.settle(following(newer, TicketPrioritisedV1, ticket={"priority": "high"}))
    versions = {(await state(desk, e)).version for e in (newer,)}
    await run(desk)
    (clock,) = (await state(desk, event)).clocks
    assert (clock.status, clock.due_at) == ("paused", None)
    assert {(await state(desk, e)).version for e in (newer,)} == versions


async def test_saving_the_same_again_lets_those_follow_that_did_not(desk: Desk) -> None:
    event = await opened(desk)
    edited = [{**POLICY, "targets": {"medium": {"resolution": 36000}}}]
    first = await put(desk, "/policies", policies=edited)
    again = await put(desk, "/policies", policies=edited, running_tickets="follow")
    await run(desk)
    assert (again["version"], (await state(desk, event)).policy_version) == (first["version"], 2)


async def test_the_job_can_be_stopped_and_goes_on_where_it_was(desk: Desk) -> None:
    event = await opened(desk)
    answer = await put(desk, "/policies", policies=[{**POLICY, "warn_fraction": 0.5}], running_tickets="follow")
    path = f"/jobs/{answer['job'].removeprefix('sla.')}"
    assert accepted(await desk.http.post(f"{path}/stop"), Job).state == "stopped"
    await run(desk)
    assert (await state(desk, event)).policy_version == 1
    assert accepted(await desk.http.post(f"{path}/resume"), Job).state == "running"
    await run(desk)
    assert (await state(desk, event)).policy_version == 2
