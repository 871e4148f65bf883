"""From what happened to a ticket to the mails about it: to whom, in which words, and which are withheld."""

import pytest

from deskstream_chassis.testing import OpenService, accepted, another, following, received
from deskstream_contracts.addressing import thread_of_message_id, thread_of_reply_address
from deskstream_contracts.events.customers import CustomerEvent, CustomerLanguageChosenV1, CustomerTaggedV1, CustomerUpdatedV1
from deskstream_contracts.events.notifications import NotificationFailedV1
from deskstream_contracts.events.tickets import TicketAgentRepliedV1, TicketEscalatedV1, TicketOpenedV1, TicketResolvedV1

from .conftest import Open
from .looks import answered, bounce_of, deliveries, mail_to

pytestmark = pytest.mark.anyio
JIM = "jim@sample.com"


async def test_an_opened_ticket_is_confirmed(desk: OpenService) -> None:
    opened = another(TicketOpenedV1)
    await desk.settle(opened)
    (delivery,) = await deliveries(desk)
    assert (delivery["ticket_id"], delivery["ticket_number"]) == (str(opened.ticket.id), opened.ticket.number)
    assert (delivery["kind"], delivery["recipient"], delivery["language"]) == ("confirmation", JIM, "en")
    assert (delivery["status"], delivery["attempts"], delivery["finished_at"]) == ("queued", 0, None)
    mail = await mail_to(desk, JIM)
    assert (mail["To"], mail["From"]) == (f"Jim Sample <{JIM}>", "Deskstream Support <support@desk.example>")
    assert mail["Subject"] == f"[#{opened.ticket.number}] We have your request: {opened.ticket.subject}"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert "Hello Jim Sample," in mail.get_content()
    assert await desk.published() == [], "nothing is published before it is sent"


async def test_a_mail_leads_its_reply_back_to_the_thread(desk: OpenService) -> None:
    opened = another(TicketOpenedV1)
    await desk.settle(opened)
    mail, root = await mail_to(desk, JIM), opened.ticket.thread_root
    assert thread_of_reply_address(mail["Reply-To"], "desk.example", [b"secret"]) == root
    assert thread_of_message_id(mail["Message-ID"], "desk.example") == root
    assert mail["In-Reply-To"] == mail["References"] == opened.rfc_message_id


async def test_an_event_that_comes_again_is_one_mail(desk: OpenService) -> None:
    message = received(another(TicketOpenedV1))
    await desk.settle(message, message)
    await desk.settle(message)
    assert len(await deliveries(desk)) == 1


@pytest.mark.parametrize(
    ("language", "words"), [("de", "Ihre Anfrage ist da"), ("nb", "Vi har mottatt"), ("es", "We have your request")]
)
async def test_a_mail_is_in_the_customers_language_or_the_fallback(desk: OpenService, language: str, words: str) -> None:
    await desk.settle(another(TicketOpenedV1, ticket={"requester": {"language": language}}))
    assert words in (await mail_to(desk, JIM))["Subject"]


async def test_a_ticket_of_another_door_is_answered_from_the_default_mailbox(desk: OpenService) -> None:
    await desk.settle(another(TicketOpenedV1, ticket={"channel": {"kind": "form", "name": "contact", "address": None}}))
    assert (await mail_to(desk, JIM))["From"] == "Deskstream Support <support@desk.example>"


async def test_the_mailbox_that_was_written_to_answers(desk: OpenService) -> None:
    await desk.settle(another(TicketOpenedV1, ticket={"channel": {"address": "Billing+x@DESK.example"}}))
    mail = await mail_to(desk, JIM)
    assert mail["From"] == "Deskstream Support <Billing@desk.example>"
    assert mail["Reply-To"].startswith("Billing+r")


async def test_an_answer_goes_to_the_customer_and_to_each_in_copy(desk: OpenService) -> None:
    replied = answered(another(TicketOpenedV1), "ann@sample.com", "bob@sample.com")
    await desk.settle(replied)
    assert {(d["kind"], d["recipient"]) for d in await deliveries(desk)} == {
        ("agent_reply", JIM),
        ("agent_reply", "ann@sample.com"),
        ("agent_reply", "bob@sample.com"),
    }
    mail, copy = await mail_to(desk, JIM), await mail_to(desk, "ann@sample.com")
    assert (mail["Cc"], copy["Cc"]) == ("ann@sample.com, bob@sample.com", None)
    assert replied.text in mail.get_content()
    assert "Ada" in mail.get_content()
    assert mail["In-Reply-To"] == replied.references[-1]
    assert mail["Auto-Submitted"] is None, "a person wrote it"


async def test_a_customer_in_copy_of_the_own_answer_gets_one_mail(desk: OpenService) -> None:
    await desk.settle(answered(another(TicketOpenedV1), "JIM@sample.com"))
    assert len(await deliveries(desk)) == 1


async def test_a_solution_is_told_to_the_customer(desk: OpenService) -> None:
    await desk.settle(another(TicketResolvedV1, solution="We have refunded it."))
    (delivery,) = await deliveries(desk)
    assert (delivery["kind"], delivery["recipient"]) == ("resolution", JIM)
    assert "We have refunded it." in (await mail_to(desk, JIM)).get_content()


async def test_an_escalation_is_told_to_those_it_names(desk: OpenService) -> None:
    boss = {"email": "Boss@corp.example", "name": "The Boss"}
    await desk.settle(another(TicketEscalatedV1, notify=[boss, {"email": "ada@corp.example"}], reason="It is late."))
    assert {(d["kind"], d["recipient"]) for d in await deliveries(desk)} == {
        ("escalation", "boss@corp.example"),
        ("escalation", "ada@corp.example"),
    }
    mail = await mail_to(desk, "boss@corp.example")
    assert "It is late." in mail.get_content()
    assert "Jim Sample" in mail.get_content()


async def test_an_escalation_that_names_nobody_is_no_mail(desk: OpenService) -> None:
    await desk.settle(another(TicketEscalatedV1, notify=[]))
    assert await deliveries(desk) == []


async def test_a_mail_to_the_desks_own_domain_is_withheld(desk: OpenService) -> None:
    message = received(another(TicketOpenedV1, ticket={"requester": {"email": "Robot@desk.example"}}), correlation_id="mail-1")
    await desk.settle(message)
    (published,) = await desk.outbox(NotificationFailedV1)
    assert isinstance(published.event, NotificationFailedV1)
    assert (published.event.reason, published.event.notification.recipient) == ("own_address", "robot@desk.example")
    assert (published.caused_by, published.correlation_id, published.key) == (message.event_id, "mail-1", message.key)
    (delivery,) = await deliveries(desk)
    assert (delivery["status"], delivery["detail"]) == ("failed", published.event.detail)
    assert delivery["finished_at"] is not None


async def test_more_automatic_mails_than_the_cap_are_withheld(opens: Open) -> None:
    async with opens(automatic_mails_per_hour=2) as desk:
        await desk.settle(*(another(TicketOpenedV1) for _ in range(3)))
        await desk.settle(another(TicketOpenedV1, ticket={"requester": {"email": "ann@sample.com"}}))
        (failed,) = await desk.published(NotificationFailedV1)
        assert (failed.reason, failed.notification.recipient, failed.notification.attempts) == ("rate_cap", JIM, 0)
        assert failed.detail == "3 automatic mails to this address within the hour"
        await desk.settle(another(TicketAgentRepliedV1))
        assert len(await desk.published(NotificationFailedV1)) == 1, "what a person wrote is not counted"


@pytest.mark.parametrize("event", [CustomerUpdatedV1, CustomerLanguageChosenV1, CustomerTaggedV1])
async def test_a_language_that_was_changed_since_is_used(desk: OpenService, event: type[CustomerEvent]) -> None:
    opened = another(TicketOpenedV1)
    customer = {"id": opened.ticket.requester.customer_id, "version": 2, "language": "de"}
    await desk.settle(another(event, customer=customer), opened)
    assert [d["language"] for d in await deliveries(desk)] == ["de"]


async def test_what_the_ticket_knows_goes_before_an_older_change(desk: OpenService) -> None:
    opened = another(TicketOpenedV1, ticket={"requester": {"customer_version": 3, "language": "fr"}})
    customer = {"id": opened.ticket.requester.customer_id, "version": 2, "language": "de"}
    await desk.settle(another(CustomerUpdatedV1, customer=customer), opened)
    assert [d["language"] for d in await deliveries(desk)] == ["fr"]


async def test_an_older_change_of_a_customer_does_not_undo_a_newer_one(desk: OpenService) -> None:
    opened = another(TicketOpenedV1)
    customer = {"id": opened.ticket.requester.customer_id}
    newer = another(CustomerUpdatedV1, customer={**customer, "version": 3, "language": "nb"})
    older = another(CustomerUpdatedV1, customer={**customer, "version": 2, "language": "de"})
    await desk.settle(newer, older)
    await desk.settle(older, opened)
    assert [d["language"] for d in await deliveries(desk)] == ["nb"]


async def test_an_address_that_bounced_is_silent(desk: OpenService) -> None:
    opened = another(TicketOpenedV1)
    await desk.settle(opened)
    await desk.settle(await bounce_of(desk, opened, status="5.1.1", diagnostic="550 no such user"))
    replied = answered(opened, "ann@sample.com")
    await desk.settle(replied)
    (failed,) = await desk.published(NotificationFailedV1)
    assert (failed.reason, failed.detail) == ("suppressed_address", "bounced: 5.1.1 550 no such user")
    assert (failed.notification.recipient, failed.notification.kind) == (JIM, "agent_reply")
    others = [d["status"] for d in await deliveries(desk) if d["recipient"] == "ann@sample.com"]
    assert others == ["queued"]


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "delayed"},
        {"status": "4.2.2"},
        {"recipient": "ann@sample.com"},
        {"original_rfc_message_id": "<1@elsewhere.example>"},
        {"original_rfc_message_id": None},
    ],
    ids=lambda c: "-".join(map(str, c.items())),
)
async def test_a_bounce_that_is_not_final_or_not_about_a_mail_of_ours_silences_nobody(
    desk: OpenService, changes: dict[str, str | None]
) -> None:
    opened = another(TicketOpenedV1)
    await desk.settle(opened)
    await desk.settle(await bounce_of(desk, opened, **changes))
    await desk.settle(following(opened, TicketResolvedV1))
    assert await desk.published(NotificationFailedV1) == []


async def test_an_event_that_cannot_be_read_holds_up_its_own_ticket_alone(desk: OpenService) -> None:
    opened, other = another(TicketOpenedV1), another(TicketOpenedV1)
    unreadable = received(opened, value=b"{}")
    await desk.settle(unreadable, other, following(opened, TicketResolvedV1))
    assert [d["ticket_id"] for d in await deliveries(desk)] == [str(other.ticket.id)]
    operator, place = desk.as_("operator"), {"topic": unreadable.topic, "key": unreadable.key}
    (parked,) = accepted(await operator.get("/admin/parked"))
    assert parked["key"] == unreadable.key
    again = accepted(await operator.post("/admin/parked/replay", json=place))
    assert (again["messages"], [r["key"] for r in again["refused"]]) == (0, [place["key"]])
    assert accepted(await operator.post("/admin/parked/discard", json=place))["messages"] == 1
    assert accepted(await operator.post("/admin/parked/replay", json=place))["messages"] == 1
    assert [d["kind"] for d in await deliveries(desk, ticket_id=opened.ticket.id)] == ["resolution"]
