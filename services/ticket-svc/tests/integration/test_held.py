"""What is said to customers is held: nothing is recorded before it is due, and then once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.testing import OpenService, accepted, open_service
from deskstream_chassis.web.subjects import Customer
from deskstream_contracts.events.tickets import TicketAgentRepliedV1, TicketState
from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor
from ticket_svc.settings import Settings
from ticket_svc.wiring import build

from .given import again, asked, asks, commanded, conversation, kinds, opened, ticket_of, told

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(migrated_url: str) -> AsyncIterator[OpenService]:
    async with open_service(build, Settings, migrated_url, role="all", files_secret="secret") as service:
        yield service


async def replied(desk: OpenService, ticket: TicketState, text: str = "Hello", **body: Any) -> dict[str, Any]:
    """What an agent is answered for an answer, which is held."""
    answer: dict[str, Any] = await commanded(desk, ticket, "POST", "replies", text=text, **body)
    assert answer["held_until"] is not None
    return answer


async def due(desk: OpenService) -> None:
    """The time of all that is held has come, by the database's clock."""
    await desk.grow_older("held_messages", "due_at", 1)
    while await desk.worker("held").send_due():
        pass


async def uploaded(desk: OpenService, content: bytes = b"words") -> str:
    answer = await desk.as_("agent", id="ada", name="Ada").post("/files", content=content)
    found: str = answer.json()["id"]
    return found


async def test_an_answer_is_held_for_ten_seconds_and_nothing_is_told_before(desk: OpenService) -> None:
    ticket = await opened(desk)
    answer = await replied(desk, ticket)
    assert answer["undo"]["id"] == f"ticket.{answer['message_id']}"
    assert answer["undo"]["until"] == answer["held_until"]
    left = datetime.fromisoformat(answer["held_until"]) - datetime.now(UTC)
    assert timedelta(seconds=5) < left <= timedelta(seconds=10.5)
    assert TicketState.model_validate(answer["ticket"]) == ticket
    assert not await desk.worker("held").send_due()
    assert kinds(await told(desk, ticket)) == ["opened"]


async def test_what_is_due_is_recorded_once_as_if_it_had_been_said_then(desk: OpenService) -> None:
    ticket = await opened(desk)
    headers = {"x-correlation-id": "call-1"}
    ada = desk.as_("agent", id="ada", name="Ada")
    answer = accepted(await ada.post(f"/tickets/{ticket.id}/replies", json={"text": "Hello"}, headers=headers))
    await due(desk)
    await due(desk)
    started, replied_ = (await desk.outbox())[-2:]
    assert kinds(await told(desk, ticket)) == ["opened", "started", "agent_replied"]
    assert isinstance(replied_.event, TicketAgentRepliedV1)
    assert (str(replied_.event.message_id), replied_.event.text) == (answer["message_id"], "Hello")
    assert replied_.event.by == Actor(kind="agent", id="ada", name="Ada")
    assert started.correlation_id == replied_.correlation_id == "call-1"
    message = (await conversation(desk, ticket))[-1]
    assert (message["id"], message["kind"], message["text"], message.get("held")) == (answer["message_id"], "agent", "Hello", None)
    assert await desk.rows("SELECT 1 FROM held_messages") == []
    assert replied_.event.ticket.last_message == replied_.event.message_id


async def test_two_workers_send_it_once(desk: OpenService) -> None:
    tickets = [await opened(desk) for _ in range(5)]
    for ticket in tickets:
        await replied(desk, ticket)
    await desk.grow_older("held_messages", "due_at", 1)
    await asyncio.gather(*(desk.worker("held").send_due() for _ in range(4)))
    await due(desk)
    for ticket in tickets:
        assert kinds(await told(desk, ticket)).count("agent_replied") == 1


async def test_several_answers_go_out_in_the_order_in_which_they_were_given(desk: OpenService) -> None:
    ticket = await opened(desk)
    for text in ("One", "Two", "Three"):
        await replied(desk, ticket, text)
    await due(desk)
    assert [event.text for event in await desk.published(TicketAgentRepliedV1)] == ["One", "Two", "Three"]


async def test_an_answer_that_is_undone_is_never_sent_and_is_given_back(desk: OpenService) -> None:
    ticket, file = await opened(desk), await uploaded(desk)
    answer = await replied(desk, ticket, "Hello", cc=["ann@sample.com"], files=[file])
    status, undone = await asks(desk, f"/undo/{answer['message_id']}")
    assert (status, undone["act"], undone["version"]) == (200, "reply", None)
    assert undone["withdrawn"]["text"] == "Hello"
    assert undone["withdrawn"]["cc"] == [{"email": "ann@sample.com", "name": None}]
    assert [f["id"] for f in undone["withdrawn"]["files"]] == [file]
    await due(desk)
    assert kinds(await told(desk, ticket)) == ["opened"]
    assert len(await conversation(desk, ticket)) == 1
    assert await asks(desk, f"/undo/{answer['message_id']}") == (200, undone)
    # The file is free again.
    await replied(desk, ticket, "Hello, Jim", files=[file])
    await due(desk)
    (event,) = await desk.published(TicketAgentRepliedV1)
    assert ([str(f.id) for f in event.files], event.text) == ([file], "Hello, Jim")


async def test_a_file_of_what_is_held_is_claimed_and_seen_by_the_staff_alone(desk: OpenService) -> None:
    ticket, file = await opened(desk), await uploaded(desk)
    answer = await replied(desk, ticket, files=[file])
    assert (await asks(desk, f"/tickets/{ticket.id}/notes", text="Here.", files=[file]))[0] == 409
    here = f"/messages/{answer['message_id']}/files/{file}"
    id_ = ticket.requester.customer_id
    jim = desk.as_subject(Customer(str(id_), "Jim", Visibility(customer_ids=frozenset({id_}))))
    assert ((await desk.as_("agent").get(here)).content, (await jim.get(here)).status_code) == (b"words", 404)
    await due(desk)
    assert (await jim.get(here)).content == b"words"


async def test_what_is_sent_cannot_be_undone_any_more(desk: OpenService) -> None:
    answer = await replied(desk, await opened(desk))
    await due(desk)
    status, problem = await asks(desk, f"/undo/{answer['message_id']}")
    assert (status, problem["type"]) == (410, "deskstream:problem:too-late-to-undo")


async def test_what_is_late_can_be_undone_for_as_long_as_it_is_not_sent(desk: OpenService) -> None:
    ticket = await opened(desk)
    answer = await replied(desk, ticket)
    await desk.grow_older("held_messages", "due_at", 1)
    await desk.grow_older("undos", "until", 0.1)
    assert (await asks(desk, f"/undo/{answer['message_id']}"))[0] == 200
    await due(desk)
    assert kinds(await told(desk, ticket)) == ["opened"]


async def test_undone_or_sent_but_never_both(desk: OpenService) -> None:
    ticket = await opened(desk)
    undone = 0
    for n in range(10):
        answer = await replied(desk, ticket, f"Answer {n}")
        await desk.grow_older("held_messages", "due_at", 1)
        (status, _), _ = await asyncio.gather(asks(desk, f"/undo/{answer['message_id']}"), desk.worker("held").send_due())
        await due(desk)
        texts = [event.text for event in await desk.published(TicketAgentRepliedV1)]
        assert (f"Answer {n}" in texts) == (status == 410)
        undone += status == 200
    assert len(await desk.published(TicketAgentRepliedV1)) == 10 - undone


async def test_the_staff_sees_what_is_held_and_the_customer_does_not(desk: OpenService) -> None:
    ticket = await opened(desk)
    answer = await replied(desk, ticket, cc=["ann@sample.com"], resolve=True)
    held = (await conversation(desk, ticket))[-1]
    assert (held["id"], held["kind"], held["text"]) == (answer["message_id"], "agent", "Hello")
    assert (held["author"], held["to"], held["cc"]) == ({"id": "ada", "name": "Ada"}, ["jim@sample.com"], ["ann@sample.com"])
    assert held["subject"] == f"Re: {ticket.subject}"
    assert held["held"] == {
        "until": held["held"]["until"], "answers": True, "resolves": True, "overtaken": False, "refused": None,
    }  # fmt: skip
    assert datetime.fromisoformat(held["held"]["until"]) == datetime.fromisoformat(answer["held_until"])
    id_ = ticket.requester.customer_id
    jim = desk.as_subject(Customer(str(id_), "Jim", Visibility(customer_ids=frozenset({id_}))))
    assert len(accepted(await jim.get(f"/tickets/{ticket.id}/conversation"))) == 1


async def test_a_customer_who_writes_meanwhile_does_not_stop_it_and_the_conversation_says_so(desk: OpenService) -> None:
    first = asked()
    await desk.settle(first)
    ticket = await ticket_of(desk, first)
    await replied(desk, ticket)
    await desk.settle(again(first, id=uuid4(), received_at=datetime.now(UTC) + timedelta(seconds=1)))
    assert (await conversation(desk, ticket))[-1]["held"]["overtaken"]
    await due(desk)
    assert kinds(await told(desk, ticket)) == ["opened", "customer_replied", "started", "agent_replied"]


async def test_what_is_held_can_be_sent_now_by_whoever_may_answer(desk: OpenService) -> None:
    ticket = await opened(desk)
    answer = await replied(desk, ticket)
    path = f"/tickets/{ticket.id}/held/{answer['message_id']}/send-now"
    assert (await desk.as_("viewer").post(path)).status_code == 403
    status, after = await asks(desk, path, who="bob")
    assert (status, after["status"], after["waiting_for"], after["held_until"]) == (200, "in_progress", "customer", None)
    assert (await asks(desk, path))[0] == 200, "a repeated command changes nothing"
    await due(desk)
    (event,) = await desk.published(TicketAgentRepliedV1)
    assert event.by.id == "ada"
    assert (await asks(desk, f"/tickets/{ticket.id}/held/{uuid4()}/send-now"))[0] == 404
    assert (await asks(desk, f"/tickets/999999/held/{answer['message_id']}/send-now"))[0] == 404


async def test_a_solution_is_held_as_it_is_mailed(desk: OpenService) -> None:
    ticket = await opened(desk)
    answer = await commanded(desk, ticket, "POST", "resolve", solution="Refunded.")
    assert (answer["status"], answer["held_until"]) == ("open", answer["undo"]["until"])
    held = (await conversation(desk, ticket))[-1]
    assert (held["text"], held["held"]["answers"], held["held"]["resolves"]) == ("Refunded.", False, True)
    status, undone = await asks(desk, f"/undo/{held['id']}")
    assert (status, undone["act"], undone["withdrawn"]["text"]) == (200, "resolve", "Refunded.")
    await commanded(desk, ticket, "POST", "resolve", solution="Refunded in full.")
    await due(desk)
    events = await told(desk, ticket)
    assert (kinds(events), events[-1].ticket.solution) == (["opened", "resolved"], "Refunded in full.")
    same = await commanded(desk, ticket, "POST", "resolve", solution="Refunded in full.")
    assert (same["status"], same["held_until"], same["undo"]) == ("resolved", None, None)


async def test_closing_sends_what_is_held_before(desk: OpenService) -> None:
    ticket = await opened(desk)
    answer = await replied(desk, ticket)
    await commanded(desk, ticket, "POST", "resolve", solution="Done.")
    closed = await commanded(desk, ticket, "POST", "close", reason="confirmed")
    assert kinds(await told(desk, ticket)) == ["opened", "started", "agent_replied", "resolved", "closed"]
    assert (await asks(desk, f"/undo/{answer['message_id']}"))[0] == 410
    assert (await asks(desk, f"/undo/{closed['undo']['id'].removeprefix('ticket.')}"))[0] == 200
    assert (await told(desk, ticket))[-1].ticket.status == "resolved"
    await due(desk)
    assert len(await desk.published(TicketAgentRepliedV1)) == 1


async def test_an_answer_to_a_closed_ticket_is_refused_at_once(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "POST", "close", reason="spam")
    for command, body in (("replies", {"text": "Hello"}), ("resolve", {"solution": "Done."})):
        assert (await asks(desk, f"/tickets/{ticket.id}/{command}", **body))[0] == 409


async def test_what_nobody_could_be_told_later_is_refused_at_once(desk: OpenService) -> None:
    ticket = await opened(desk)
    for n in range(9):
        await replied(desk, ticket, cc=[f"{n}.{m}@sample.com" for m in range(20)])
    await due(desk)
    # A ticket has at most 200 participants.
    assert (await asks(desk, f"/tickets/{ticket.id}/replies", text="Hi", cc=[f"x.{m}@sample.com" for m in range(20)]))[0] == 422
    assert len(await desk.published(TicketAgentRepliedV1)) == 9


async def test_what_cannot_be_sent_after_all_holds_nothing_else_up_and_is_left_to_people(desk: OpenService) -> None:
    ticket, other = await opened(desk), await opened(desk)
    for n in range(10):
        answer = await replied(desk, ticket, cc=[f"{n}.{m}@sample.com" for m in range(20)])
    await replied(desk, other)
    await due(desk)
    assert kinds(await told(desk, other)) == ["opened", "started", "agent_replied"]
    held = [message for message in await conversation(desk, ticket) if message.get("held")]
    assert held
    assert all("at most 200" in message["held"]["refused"] for message in held)
    assert (await asks(desk, f"/undo/{answer['message_id']}"))[0] == 200
    await commanded(desk, ticket, "POST", "close", reason="done")


async def test_without_holding_it_is_said_at_once(migrated_url: str) -> None:
    async with open_service(build, Settings, migrated_url, role="all", files_secret="secret", hold_seconds=0) as desk:
        ticket = await opened(desk)
        answer = await commanded(desk, ticket, "POST", "replies", text="Hello")
        assert (answer["held_until"], answer["undo"]) == (None, None)
        assert kinds(await told(desk, ticket)) == ["opened", "started", "agent_replied"]


async def test_whoever_answers_has_seen_what_was_said_last(desk: OpenService) -> None:
    first = asked()
    await desk.settle(first)
    ticket = await ticket_of(desk, first)
    assert ticket.last_message == first.message.id
    # Versions move without anything being said.
    await commanded(desk, ticket, "PUT", "priority", priority="critical")
    await commanded(desk, ticket, "POST", "notes", text="Between us.")
    answer = await replied(desk, ticket, last_message=str(ticket.last_message))
    # Somebody else has not seen what is held; who has given it may go on, by what is on the wire or by their own answer.
    status, problem = await asks(desk, f"/tickets/{ticket.id}/replies", "bob", text="Hi", last_message=str(ticket.last_message))
    assert (status, problem["type"]) == (409, "deskstream:problem:newer-message")
    assert problem["last_message"] == answer["message_id"]
    await replied(desk, ticket, last_message=str(ticket.last_message))
    await due(desk)
    newer = again(first, id=uuid4())
    await desk.settle(newer)
    status, problem = await asks(desk, f"/tickets/{ticket.id}/replies", text="Hi", last_message=answer["message_id"])
    assert (status, problem["last_message"]) == (409, str(newer.message.id))
    await replied(desk, ticket, last_message=str(newer.message.id))
    assert UUID(problem["last_message"]) == (await ticket_of(desk, first)).last_message


async def test_a_ticket_of_which_an_answer_is_held_is_not_closed_as_unanswered(desk: OpenService) -> None:
    ticket = await opened(desk)
    await commanded(desk, ticket, "POST", "resolve", solution="Done.")
    await due(desk)
    five_days_ago = "to_jsonb(now() - interval '5 days')"
    await desk.execute(
        f"UPDATE tickets SET state = jsonb_set(state, '{{resolved_at}}', {five_days_ago}) WHERE id = :id", id=ticket.id
    )
    await desk.put_in_force("closing", close_resolved_after_days=4)
    await replied(desk, ticket, "One thing more.")
    await desk.worker("closing").close_some()
    assert kinds(await told(desk, ticket)) == ["opened", "resolved"]
    await due(desk)
    await desk.worker("closing").close_some()
    assert kinds(await told(desk, ticket)) == ["opened", "resolved", "agent_replied", "closed"]
