"""Commands of agents: each with what it does, what it tells and what it refuses."""

from typing import Any
from uuid import uuid4

import pytest

from deskstream_chassis.testing import OpenService, accepted, refused
from deskstream_contracts.commands import MessageWritten
from deskstream_contracts.events.tickets import (
    Actor,
    Assignee,
    TicketAgentRepliedV1,
    TicketAssignedV1,
    TicketClassifiedV1,
    TicketClosedV1,
    TicketEvent,
    TicketNotedV1,
    TicketPrioritisedV1,
    TicketReopenedV1,
    TicketResolvedV1,
    TicketState,
)
from deskstream_contracts.wire import Address

from .given import commanded, kinds, opened, told

pytestmark = pytest.mark.anyio
COMMANDS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "replies", {"text": "Hello"}),
    ("POST", "notes", {"text": "Look here"}),
    ("PUT", "assignee", {"team_name": "Billing"}),
    ("PUT", "priority", {"priority": "high"}),
    ("PATCH", "classification", {"tags": ["a"]}),
    ("POST", "start", {}),
    ("POST", "resolve", {"solution": "Done."}),
    ("POST", "reopen", {"reason": "not done"}),
    ("POST", "close", {"reason": "spam"}),
]
each_command = pytest.mark.parametrize(("method", "command", "body"), COMMANDS, ids=[c for _, c, _ in COMMANDS])


async def asks(desk: OpenService, ticket: TicketState, command: str, method: str = "POST", **body: Any) -> tuple[int, str | None]:
    """How a command of an agent is refused."""
    return refused(await desk.as_("agent").request(method, f"/tickets/{ticket.id}/{command}", json=body))


async def done(desk: OpenService, status: str) -> TicketState:
    """A ticket that is resolved or closed."""
    ticket = await opened(desk)
    if status == "resolved":
        return TicketState.model_validate(await commanded(desk, ticket, "POST", "resolve", solution="Done."))
    return TicketState.model_validate(await commanded(desk, ticket, "POST", "close", reason="spam"))


async def test_a_ticket_is_read_by_its_id_and_by_its_number(desk: OpenService) -> None:
    ticket = await opened(desk)
    for reference in (ticket.id, ticket.number):
        assert accepted(await desk.as_("viewer").get(f"/tickets/{reference}"), TicketState) == ticket


@pytest.mark.parametrize("reference", [uuid4(), 999_999, "0" * 36])
async def test_a_ticket_that_is_not_there_cannot_be_read(desk: OpenService, reference: object) -> None:
    for path in ("", "/conversation"):
        assert refused(await desk.as_("viewer").get(f"/tickets/{reference}{path}")) == (404, None)


async def test_what_is_no_reference_is_refused(desk: OpenService) -> None:
    assert refused(await desk.as_("viewer").get("/tickets/abc"))[0] == 422
    assert refused(await desk.as_("viewer").get(f"/tickets/{10**15}"))[0] == 422


@each_command
async def test_every_command_is_told_by_who_gave_it(desk: OpenService, method: str, command: str, body: dict[str, Any]) -> None:
    ticket = await done(desk, "resolved") if command == "reopen" else await opened(desk)
    ada = desk.as_("agent", id="ada", name="Ada")
    headers = {"x-correlation-id": "call-1"}
    await ada.request(method, f"/tickets/{ticket.number}/{command}", json=body, headers=headers)
    last = (await desk.outbox(TicketEvent))[-1]
    assert isinstance(last.event, TicketEvent)
    assert last.event.by == Actor(kind="agent", id="ada", name="Ada")
    assert last.event.ticket == accepted(await ada.get(f"/tickets/{ticket.id}"), TicketState)
    assert (last.correlation_id, last.caused_by, last.sequence) == ("call-1", None, last.event.ticket.version)
    assert last.event.ticket.version > ticket.version


@pytest.mark.parametrize(("method", "command", "body"), COMMANDS[1:], ids=[c for _, c, _ in COMMANDS[1:]])
async def test_a_command_that_expects_another_version_is_refused(
    desk: OpenService, method: str, command: str, body: dict[str, Any]
) -> None:
    ticket = await opened(desk)
    assert await asks(desk, ticket, command, method, **body, expected_version=2) == (409, None)
    late = await desk.as_("agent").request(
        method, f"/tickets/{ticket.number}/{command}", json={**body, "expected_version": 1}, headers={"if-match": '"2"'}
    )
    assert refused(late) == (412, None)
    assert len(await told(desk, ticket)) == 1
    await commanded(desk, ticket, method, command, **body, expected_version=1)


@each_command
async def test_a_command_needs_a_ticket_an_agent_and_a_token(
    desk: OpenService, method: str, command: str, body: dict[str, Any]
) -> None:
    ticket = await opened(desk)
    for reference in (uuid4(), 999_999):
        assert refused(await desk.as_("agent").request(method, f"/tickets/{reference}/{command}", json=body)) == (404, None)
    path = f"/tickets/{ticket.id}/{command}"
    for role in ("viewer", "operator"):
        assert refused(await desk.as_(role).request(method, path, json=body)) == (403, None)
    assert refused(await desk.http.request(method, path, json=body)) == (401, None)
    assert len(await told(desk, ticket)) == 1


@each_command
async def test_a_command_with_a_field_that_nobody_knows_is_refused(
    desk: OpenService, method: str, command: str, body: dict[str, Any]
) -> None:
    assert await asks(desk, await opened(desk), command, method, **body, colour="red") == (422, "#/colour")


@pytest.mark.parametrize("path", ["", "/conversation"])
async def test_reading_needs_a_token_and_a_role(desk: OpenService, path: str) -> None:
    ticket = await opened(desk)
    assert refused(await desk.http.get(f"/tickets/{ticket.id}{path}")) == (401, None)
    assert refused(await desk.as_("operator").get(f"/tickets/{ticket.id}{path}")) == (403, None)


async def test_an_answer_starts_the_ticket_and_is_sent_and_kept(desk: OpenService) -> None:
    ticket = await opened(desk)
    answer = await commanded(desk, ticket, "POST", "replies", text=" Hello ", cc=["Ann@Sample.com", "ann@sample.com"])
    written = MessageWritten.model_validate(answer)
    assert kinds(await told(desk, ticket)) == ["opened", "started", "agent_replied"]
    (replied,) = await desk.published(TicketAgentRepliedV1)
    assert (replied.message_id, replied.text, replied.cc) == (written.message_id, "Hello", [Address(email="ann@sample.com")])
    assert replied.ticket == written.ticket
    after = written.ticket
    assert (after.status, after.waiting_for, after.participants) == (
        "in_progress",
        "customer",
        ["jim@sample.com", "ann@sample.com"],
    )
    assert after.first_responded_at == replied.at
    message = accepted(await desk.as_("viewer").get(f"/tickets/{ticket.id}/conversation"))[-1]
    assert (message["id"], message["kind"], message["text"]) == (str(written.message_id), "agent", "Hello")
    assert (message["author"], message["to"]) == ({"id": "ada", "name": "Ada"}, ["jim@sample.com"])
    assert message["subject"] == f"Re: {ticket.subject}"


async def test_the_first_answer_is_the_first_response_for_good(desk: OpenService) -> None:
    ticket = await opened(desk)
    first = await commanded(desk, ticket, "POST", "replies", text="One")
    second = await commanded(desk, ticket, "POST", "replies", text="Two")
    assert second["ticket"]["first_responded_at"] == first["ticket"]["first_responded_at"]
    assert kinds(await told(desk, ticket)) == ["opened", "started", "agent_replied", "agent_replied"]


async def test_an_answer_can_resolve_the_ticket(desk: OpenService) -> None:
    ticket = await opened(desk)
    written = await commanded(desk, ticket, "POST", "replies", text="Here you are.", resolve=True)
    assert (written["ticket"]["status"], written["ticket"]["solution"]) == ("resolved", "Here you are.")
    assert kinds(await told(desk, ticket)) == ["opened", "started", "agent_replied", "resolved"]


async def test_a_note_is_kept_and_its_text_is_not_told(desk: OpenService) -> None:
    ticket = await opened(desk)
    written = MessageWritten.model_validate(await commanded(desk, ticket, "POST", "notes", text="He is a friend of the boss."))
    (noted,) = await desk.published(TicketNotedV1)
    assert noted.message_id == written.message_id
    assert "friend" not in noted.model_dump_json()
    assert (noted.ticket.status, noted.ticket.waiting_for) == ("open", "agent")
    note = accepted(await desk.as_("viewer").get(f"/tickets/{ticket.number}/conversation"))[-1]
    assert (note["kind"], note["text"]) == ("note", "He is a friend of the boss.")


async def test_an_assignment_is_a_whole_new_one(desk: OpenService) -> None:
    ticket = await opened(desk)
    billing = Assignee(team_id=uuid4(), team_name="Billing", agent_id=uuid4(), agent_name="Bo")
    await commanded(desk, ticket, "PUT", "assignee", **billing.model_dump(mode="json"))
    await commanded(desk, ticket, "PUT", "assignee", team_name="Support")
    one, two = await desk.published(TicketAssignedV1)
    assert (one.ticket.assignee, one.previous, one.decision_id) == (billing, Assignee(), None)
    assert (two.ticket.assignee, two.previous) == (Assignee(team_name="Support"), billing)


async def test_a_priority_is_told_with_the_one_before(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "PUT", "priority", priority="low")
    (prioritised,) = await desk.published(TicketPrioritisedV1)
    assert (prioritised.previous, prioritised.ticket.priority) == ("medium", "low")
    assert await asks(desk, ticket, "priority", "PUT", priority="urgent") == (422, "#/priority")


async def test_a_classification_changes_what_was_sent(desk: OpenService) -> None:
    ticket = await opened(desk, requested={"tags": ["a"], "custom_fields": {"contract": "C-1", "colour": "red"}})
    fields = {"colour": "", "tier": "gold"}
    after = await commanded(desk, ticket, "PATCH", "classification", ticket_type="QUESTION", custom_fields=fields)
    assert (after["ticket_type"], after["tags"]) == ("Question", ["a"])
    assert after["custom_fields"] == {"contract": "C-1", "tier": "gold"}, "an empty value removes a field, others stay"
    await commanded(desk, ticket, "PATCH", "classification", tags=["b", "b"])
    one, two = await desk.published(TicketClassifiedV1)
    assert (one.changed, two.changed) == (["ticket_type", "custom_fields"], ["tags"])
    assert two.ticket.tags == ["b"]


async def test_the_name_in_another_system_stays_until_it_is_taken_away(desk: OpenService) -> None:
    ticket = await opened(desk)
    for given, has in (("INV-7", "INV-7"), ("INV-7", "INV-7"), ("INV-8", "INV-8"), (None, None)):
        assert (await commanded(desk, ticket, "PATCH", "classification", external_id=given))["external_id"] == has
    assert (await commanded(desk, ticket, "PATCH", "classification", tags=["a"]))["external_id"] is None
    changed = [event.changed for event in await desk.published(TicketClassifiedV1)]
    assert changed == [["external_id"], ["external_id"], ["external_id"], ["tags"]]


async def test_a_type_that_is_not_managed_is_refused(desk: OpenService) -> None:
    assert await asks(desk, await opened(desk), "classification", "PATCH", ticket_type="Complaint") == (422, "#/ticket_type")


async def test_a_nul_in_a_custom_field_is_refused(desk: OpenService) -> None:
    ticket = await opened(desk)
    assert (await asks(desk, ticket, "classification", "PATCH", custom_fields={"tier": "a\0b"}))[0] == 422


async def test_a_ticket_is_started_once(desk: OpenService) -> None:
    ticket = await opened(desk)
    for _ in range(2):
        assert (await commanded(desk, ticket, "POST", "start"))["status"] == "in_progress"
    assert kinds(await told(desk, ticket)) == ["opened", "started"]


async def test_a_ticket_is_resolved_with_its_solution(desk: OpenService) -> None:
    ticket = await opened(desk)
    for solution in ("Done.", "Done.", "Done, really."):
        after = await commanded(desk, ticket, "POST", "resolve", solution=solution)
    assert (after["status"], after["waiting_for"], after["solution"]) == ("resolved", "customer", "Done, really.")
    assert [e.solution for e in await desk.published(TicketResolvedV1)] == ["Done.", "Done, really."]


@pytest.mark.parametrize("status", ["resolved", "closed"])
async def test_a_ticket_that_is_done_is_reopened_with_a_reason(desk: OpenService, status: str) -> None:
    ticket = await done(desk, status)
    for _ in range(2):
        after = TicketState.model_validate(await commanded(desk, ticket, "POST", "reopen", reason="not done"))
    assert (after.status, after.waiting_for, after.reopen_count) == ("open", "agent", 1)
    assert (after.resolved_at, after.closed_at) == (None, None)
    (reopened,) = await desk.published(TicketReopenedV1)
    assert (reopened.reason, reopened.ticket) == ("not done", after)


@pytest.mark.parametrize("status", ["open", "resolved"])
async def test_a_ticket_is_closed_with_a_reason_once(desk: OpenService, status: str) -> None:
    ticket = await opened(desk) if status == "open" else await done(desk, "resolved")
    for reason in ("spam", "again"):
        after = TicketState.model_validate(await commanded(desk, ticket, "POST", "close", reason=reason))
    (closed,) = await desk.published(TicketClosedV1)
    assert (closed.reason, closed.ticket) == ("spam", after)
    assert after.closed_at == closed.at


@pytest.mark.parametrize(
    ("status", "command", "body"),
    [
        ("closed", "replies", {"text": "Hello"}),
        ("closed", "resolve", {"solution": "Done."}),
        ("closed", "start", {}),
        ("resolved", "start", {}),
    ],
)
async def test_what_a_ticket_that_is_done_cannot_do_is_refused(
    desk: OpenService, status: str, command: str, body: dict[str, Any]
) -> None:
    ticket = await done(desk, status)
    assert await asks(desk, ticket, command, **body) == (409, None)
    assert len(await told(desk, ticket)) == 2
    assert len(accepted(await desk.as_("viewer").get(f"/tickets/{ticket.id}/conversation"))) == 1, "nothing is kept"


async def test_a_resolved_ticket_can_still_be_answered(desk: OpenService) -> None:
    ticket = await done(desk, "resolved")
    written = await commanded(desk, ticket, "POST", "replies", text="By the way …")
    assert written["ticket"]["status"] == "resolved"
    assert kinds(await told(desk, ticket)) == ["opened", "resolved", "agent_replied"]


async def test_what_does_not_fit_is_pointed_at(desk: OpenService) -> None:
    ticket = await opened(desk)
    assert await asks(desk, ticket, "replies", text=" ") == (422, "#/text")
    assert await asks(desk, ticket, "replies", text="Hello", cc=["nobody"]) == (422, "#/cc/0")
    assert await asks(desk, ticket, "close") == (422, "#/reason")
    assert await asks(desk, ticket, "assignee", "PUT", team_id="Billing") == (422, "#/team_id")


async def test_a_key_makes_a_repeated_command_one(desk: OpenService) -> None:
    ticket = await opened(desk)
    path, keyed = f"/tickets/{ticket.id}/replies", {"idempotency-key": "k"}
    agent = desk.as_("agent")
    one, two = [await agent.post(path, json={"text": "Hello"}, headers=keyed) for _ in range(2)]
    assert (one.status_code, one.content) == (two.status_code, two.content) == (200, one.content)
    assert len(await desk.published(TicketAgentRepliedV1)) == 1


async def test_a_key_is_for_one_request_of_one_caller(desk: OpenService) -> None:
    ticket = await opened(desk)
    path, keyed = f"/tickets/{ticket.id}/replies", {"idempotency-key": "k"}
    ada, bo = desk.as_("agent", id="ada"), desk.as_("agent", id="bo")
    accepted(await ada.post(path, json={"text": "Hello"}, headers=keyed))
    assert refused(await ada.post(path, json={"text": "Bye"}, headers=keyed)) == (422, "Idempotency-Key")
    by_number = f"/tickets/{ticket.number}/replies"
    assert refused(await ada.post(by_number, json={"text": "Hello"}, headers=keyed)) == (422, "Idempotency-Key")
    accepted(await bo.post(path, json={"text": "Hello"}, headers=keyed))
    for bad in ("", "x" * 256):
        answer = await ada.post(path, json={"text": "Hello"}, headers={"idempotency-key": bad})
        assert refused(answer) == (422, "Idempotency-Key")


async def test_a_key_of_a_command_that_was_refused_can_be_used_again(desk: OpenService) -> None:
    ticket = await done(desk, "closed")
    agent, keyed = desk.as_("agent"), {"idempotency-key": "k"}
    path = f"/tickets/{ticket.id}/replies"
    assert refused(await agent.post(path, json={"text": "Hello"}, headers=keyed)) == (409, None)
    await commanded(desk, ticket, "POST", "reopen", reason="to answer")
    accepted(await agent.post(path, json={"text": "Hello"}, headers=keyed))
