"""Messages of identified requesters: they open tickets, are appended, and reopen."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from deskstream_chassis.testing import OpenService, accepted, another, received
from deskstream_contracts.events.customers import RequesterIdentifiedV1
from deskstream_contracts.events.tickets import (
    TicketAgentRepliedV1,
    TicketCustomerRepliedV1,
    TicketEvent,
    TicketMachineRepliedV1,
    TicketOpenedV1,
    TicketResolvedV1,
)

from .given import again, asked, commanded, kinds, opened, ticket_of, told

pytestmark = pytest.mark.anyio


async def conversation(desk: OpenService, reference: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = accepted(await desk.as_("viewer").get(f"/tickets/{reference}/conversation"))
    return found


async def test_a_message_opens_a_ticket(desk: OpenService) -> None:
    event = asked()
    await desk.settle(event)
    (opened_,) = await desk.published(TicketOpenedV1)
    ticket = opened_.ticket
    assert (ticket.version, ticket.number, ticket.status, ticket.waiting_for) == (1, 1001, "open", "agent")
    assert (ticket.subject, ticket.channel, ticket.requester) == (event.message.subject, event.message.channel, event.requester)
    assert (ticket.priority, ticket.ticket_type, ticket.tags) == ("medium", None, [])
    assert (ticket.thread_root, ticket.opened_by_message) == (event.thread.root, event.message.id)
    assert ticket.participants == [event.requester.email]
    assert ticket.opened_at == event.message.received_at, "the customer waits from when the message came"
    assert (opened_.by.kind, opened_.by.id, opened_.by.name) == ("customer", str(event.requester.customer_id), "Jim Sample")
    assert (opened_.message_id, opened_.rfc_message_id) == (event.message.id, event.message.rfc_message_id)
    assert opened_.text == event.message.text


async def test_rules_are_told_what_is_new_and_the_conversation_keeps_all(desk: OpenService) -> None:
    event = asked(message={"text": "The printer is broken.\n\n> the invoice", "reply_text": "The printer is broken."})
    await desk.settle(event)
    (opened_,) = await desk.published(TicketOpenedV1)
    assert opened_.text == "The printer is broken."
    (kept,) = await conversation(desk, opened_.ticket.id)
    assert (kept["text"], kept["reply_text"]) == (event.message.text, event.message.reply_text)
    assert [file.get("content_id") for file in kept["attachments"]] == [None, "scan@sample.com"]


@pytest.mark.parametrize("automatic", ["auto_replied", "receipt", "auto_generated"])
async def test_what_a_machine_answers_is_kept_and_moves_nothing(desk: OpenService, automatic: str) -> None:
    first = asked()
    await desk.settle(first)
    ticket = await ticket_of(desk, first)
    await commanded(desk, ticket, "POST", "resolve", solution="Done.")
    note = again(first, automatic=automatic, text="I am away.")
    before = await ticket_of(desk, first)
    await desk.settle(note, note)
    after = await ticket_of(desk, first)
    assert (after.status, after.waiting_for, after.reopen_count) == ("resolved", "customer", 0)
    assert (after.version, after.last_message) == (before.version + 1, before.last_message)
    (replied,) = await desk.published(TicketMachineRepliedV1)
    assert (replied.message_id, replied.automatic) == (note.message.id, automatic)
    assert [(m["kind"], m.get("automatic")) for m in await conversation(desk, ticket.id)] == [
        ("customer", None),
        ("customer", automatic),
    ]


async def test_what_opened_a_ticket_is_told_to_whoever_might_answer_by_itself(desk: OpenService) -> None:
    event = asked(message={"automatic": "auto_generated"})
    await desk.settle(event)
    (opened_,) = await desk.published(TicketOpenedV1)
    assert opened_.automatic == "auto_generated"
    await commanded(desk, opened_.ticket, "POST", "resolve", solution="Disk freed.")
    (resolved,) = await desk.published(TicketResolvedV1)
    assert resolved.automatic == "auto_generated"
    await desk.settle(again(event, automatic="list"))
    assert (await ticket_of(desk, event)).reopen_count == 1, "who writes over a list is a person"


async def test_wishes_are_taken_over(desk: OpenService) -> None:
    requested = {
        "priority": "critical",
        "ticket_type": "billing query",
        "tags": ["a", "b", "a"],
        "custom_fields": {"contract": "C-1"},
    }
    ticket = await opened(desk, requested=requested)
    assert (ticket.priority, ticket.ticket_type, ticket.tags) == ("critical", "Billing Query", ["a", "b"])
    assert ticket.custom_fields == {"contract": "C-1"}


async def test_a_wished_type_that_is_not_managed_is_left_out(desk: OpenService) -> None:
    assert (await opened(desk, requested={"ticket_type": "Complaint"})).ticket_type is None


async def test_a_message_without_a_subject_gets_one(desk: OpenService) -> None:
    assert (await opened(desk, message={"subject": "  "})).subject == "(no subject)"


async def test_a_long_first_message_is_told_cut_and_kept_whole(desk: OpenService) -> None:
    ticket = await opened(desk, message={"text": "x" * 5000})
    (event,) = await desk.published(TicketOpenedV1)
    assert len(event.text) == 4000
    (message,) = await conversation(desk, ticket.id)
    assert len(message["text"]) == 5000


async def test_a_possible_follow_up_names_the_thread_that_it_may_belong_to(desk: OpenService) -> None:
    former = uuid4()
    ticket = await opened(desk, thread={"relation": "possible_follow_up", "follows": former})
    assert ticket.possible_follow_up_of == former


async def test_tickets_get_numbers_one_after_the_other(desk: OpenService) -> None:
    await desk.settle(asked(), asked())
    await desk.settle(asked())
    assert [e.ticket.number for e in await desk.published(TicketOpenedV1)] == [1001, 1002, 1003]


async def test_what_is_told_carries_its_cause_and_its_story(desk: OpenService) -> None:
    message = received(asked(), correlation_id="mail-1")
    await desk.settle(message)
    (told_,) = await desk.outbox()
    assert (told_.caused_by, told_.correlation_id, told_.sequence) == (message.event_id, "mail-1", 1)
    assert told_.key == str(told_.event.key())


async def test_a_message_that_comes_again_has_one_effect(desk: OpenService) -> None:
    event = asked()
    message = received(event)
    await desk.settle(message, message)
    await desk.settle(message)
    ticket = await ticket_of(desk, event)
    assert kinds(await told(desk, ticket)) == ["opened"]
    assert len(await conversation(desk, ticket.id)) == 1


async def test_a_reply_is_appended_to_its_thread(desk: OpenService) -> None:
    first = asked()
    reply = again(first, text="And one more thing.", rfc_message_id="<2@mail.sample.com>")
    await desk.settle(first)
    await desk.settle(reply)
    ticket = await ticket_of(desk, first)
    _, replied = await told(desk, ticket)
    assert isinstance(replied, TicketCustomerRepliedV1)
    assert (replied.message_id, replied.rfc_message_id, replied.reopened) == (reply.message.id, "<2@mail.sample.com>", False)
    assert (ticket.version, ticket.status, ticket.waiting_for) == (2, "open", "agent")
    assert [m["text"] for m in await conversation(desk, ticket.number)] == [first.message.text, "And one more thing."]


async def test_several_messages_of_one_new_thread_in_a_batch_are_one_ticket(desk: OpenService) -> None:
    first, other = asked(), asked()
    await desk.settle(first, again(first), other, again(first))
    ticket = await ticket_of(desk, first)
    assert kinds(await told(desk, ticket)) == ["opened", "customer_replied", "customer_replied"]
    assert kinds(await told(desk, await ticket_of(desk, other))) == ["opened"]
    assert len(await conversation(desk, ticket.id)) == 3


async def test_an_answered_ticket_waits_for_the_agent_again_when_the_customer_writes(desk: OpenService) -> None:
    first = asked()
    await desk.settle(first)
    ticket = await ticket_of(desk, first)
    await commanded(desk, ticket, "POST", "replies", text="Which invoice?")
    assert (await ticket_of(desk, first)).waiting_for == "customer"
    await desk.settle(again(first))
    after = await ticket_of(desk, first)
    assert (after.status, after.waiting_for, after.reopen_count) == ("in_progress", "agent", 0)


@pytest.mark.parametrize("done", ["resolve", "close"])
async def test_a_ticket_that_is_done_reopens_when_the_customer_answers(desk: OpenService, done: str) -> None:
    first = asked()
    await desk.settle(first)
    ticket = await ticket_of(desk, first)
    await commanded(desk, ticket, "POST", done, **({"solution": "Done."} if done == "resolve" else {"reason": "spam"}))
    await desk.settle(again(first))
    events = await told(desk, ticket)
    assert kinds(events)[-2:] == ["reopened", "customer_replied"]
    replied = events[-1]
    assert isinstance(replied, TicketCustomerRepliedV1)
    assert replied.reopened
    after = replied.ticket
    assert (after.status, after.waiting_for, after.reopen_count) == ("open", "agent", 1)
    assert (after.resolved_at, after.closed_at) == (None, None)
    assert after.reopened_at is not None


async def test_of_two_replies_in_a_batch_only_the_first_reopens(desk: OpenService) -> None:
    first = asked()
    await desk.settle(first)
    await commanded(desk, await ticket_of(desk, first), "POST", "resolve", solution="Done.")
    await desk.settle(again(first), again(first))
    assert [e.reopened for e in await desk.published(TicketCustomerRepliedV1)] == [True, False]


async def test_a_message_that_is_told_again_long_after_changes_nothing_and_holds_up_nobody(desk: OpenService) -> None:
    first = asked()
    reply = again(first, text="One more thing")
    await desk.settle(first, reply)
    ticket = await ticket_of(desk, first)
    await commanded(desk, ticket, "POST", "resolve", solution="Done.")
    before = await told(desk, ticket)
    # The inbox has forgotten both; or customer-svc tells them again, as events of their own.
    await desk.settle(received(first), received(reply), received(reply))
    assert await told(desk, ticket) == before
    assert (await ticket_of(desk, first)).status == "resolved"
    assert len(await conversation(desk, ticket.id)) == 2
    assert accepted(await desk.as_("operator").get("/admin/parked")) == []
    await desk.settle(again(first, text="Not solved"))
    assert kinds(await told(desk, ticket))[-2:] == ["reopened", "customer_replied"]


async def test_a_reopened_ticket_of_an_agent_goes_on_with_that_agent(desk: OpenService) -> None:
    first = asked()
    await desk.settle(first)
    ticket = await ticket_of(desk, first)
    await commanded(desk, ticket, "PUT", "assignee", agent_id=str(uuid4()), agent_name="Ada")
    await commanded(desk, ticket, "POST", "resolve", solution="Done.")
    await desk.settle(again(first))
    after = await ticket_of(desk, first)
    assert (after.status, after.assignee.agent_name) == ("in_progress", "Ada")


async def test_an_answer_refers_to_what_the_customer_wrote(desk: OpenService) -> None:
    first = asked(message={"rfc_message_id": "<1@mail.sample.com>"})
    await desk.settle(first, again(first, rfc_message_id="<2@mail.sample.com>"), again(first, rfc_message_id=None))
    await commanded(desk, await ticket_of(desk, first), "POST", "replies", text="Hello")
    (replied,) = await desk.published(TicketAgentRepliedV1)
    assert (replied.in_reply_to, replied.references) == ("<2@mail.sample.com>", ["<1@mail.sample.com>", "<2@mail.sample.com>"])


async def test_a_conversation_is_in_the_order_of_its_messages(desk: OpenService) -> None:
    first = asked(message={"received_at": datetime(2026, 3, 2, 9, tzinfo=UTC)})
    late = again(first, received_at=datetime(2026, 3, 2, 11, tzinfo=UTC), text="late")
    soon = again(first, received_at=datetime(2026, 3, 2, 10, tzinfo=UTC), text="soon")
    await desk.settle(first, late, soon)
    messages = await conversation(desk, (await ticket_of(desk, first)).number)
    assert [m["text"] for m in messages][1:] == ["soon", "late"]
    assert {m["kind"] for m in messages} == {"customer"}
    assert messages[0]["sender"] == {"email": "jim@sample.com", "name": "Jim Sample"}


async def test_another_customers_message_in_the_thread_is_told_as_theirs(desk: OpenService) -> None:
    first = asked()
    thread = {"root": first.thread.root, "relation": "reply"}
    ann = another(RequesterIdentifiedV1, thread=thread, requester={"email": "ann@sample.com", "name": None})
    await desk.settle(first, ann)
    replied = (await desk.published(TicketEvent))[-1]
    assert (replied.by.id, replied.by.name) == (str(ann.requester.customer_id), "ann@sample.com")
    assert replied.ticket.requester == first.requester
