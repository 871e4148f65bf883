"""What is sent to whom, in which language, and what is withheld, without a database."""

import email
import email.policy
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.store.outbox import Cause
from deskstream_contracts.events.customers import (
    CustomerEvent,
    CustomerRegisteredV1,
    CustomerState,
    CustomerUpdatedV1,
    Requester,
)
from deskstream_contracts.events.inbound import DeliveryBouncedV1
from deskstream_contracts.events.notifications import NotificationFailedV1, NotificationKind
from deskstream_contracts.events.tickets import (
    TicketAgentRepliedV1,
    TicketClosedV1,
    TicketCustomerRepliedV1,
    TicketEscalatedV1,
    TicketOpenedV1,
    TicketResolvedV1,
    TicketState,
    TicketTriagedV1,
)
from deskstream_contracts.wire import Actor, Channel, Thread
from deskstream_contracts.wire import Address as WireAddress
from notify_svc.domain import addresses
from notify_svc.domain.addresses import Address, Bounce, NotSuppressed
from notify_svc.domain.deliveries import KeptDelivery
from notify_svc.domain.people import Person
from notify_svc.handlers.hear_from_customer import HearFromCustomer
from notify_svc.handlers.lift_suppression import LiftSuppression
from notify_svc.handlers.notify import Notify
from notify_svc.handlers.remember_customer import RememberCustomer
from notify_svc.handlers.suppress_bounced import SuppressBounced
from notify_svc.messaging.heard import HEARD, KINDS, notices_of
from notify_svc.subscriptions import SUBSCRIPTIONS

from .working import NOW, Working

CUSTOMER, ROOT, OURS = UUID(int=3), UUID(int=42), "<ours@desk.example>"


def ticket(email: str = "jim@sample.com", version: int = 1) -> TicketState:
    requester = Requester(customer_id=CUSTOMER, customer_version=5, email=email, name="Jim", language="en")
    return TicketState(
        id=UUID(int=1), number=1042, version=version, thread_root=ROOT, subject="Help", status="open", priority="medium",
        channel=Channel(kind="email", name="support"), requester=requester, opened_at=NOW, updated_at=NOW,
    )  # fmt: skip


def opened(email: str = "jim@sample.com", number: int = 1, proven: bool | None = True) -> TicketOpenedV1:
    asked = ticket(email).model_copy(update={"id": UUID(int=number)})
    return TicketOpenedV1(ticket=asked, by=Actor(kind="customer", id="3"), at=NOW, sender_proven=proven)


def triaged(proven: bool | None = True, **ticket_changes: Any) -> TicketTriagedV1:
    after = ticket(version=3).model_copy(update=ticket_changes)
    by = Actor(kind="rule", id="9")
    return TicketTriagedV1(ticket=after, by=by, at=NOW, decision_id=uuid4(), rfc_message_id="<1@sample.com>", sender_proven=proven)


def text_of(content: bytes) -> str:
    return email.message_from_bytes(content, policy=email.policy.default).get_content()


def answered(*cc: str, version: int = 1) -> TicketAgentRepliedV1:
    copied = [WireAddress(email=email) for email in cc]
    return TicketAgentRepliedV1(
        ticket=ticket(version=version),
        by=Actor(kind="agent", id="9", name="Ada"),
        at=NOW,
        message_id=uuid4(),
        text="Done.",
        cc=copied,
    )


def test_a_confirmation_is_queued_for_who_asked() -> None:
    working = Working()
    working.hear(opened())
    assert working.outcomes == ["queued"]
    assert working.queue.rows[0]["recipient"] == "jim@sample.com"


def test_the_desk_never_writes_to_itself() -> None:
    working = Working()
    working.hear(opened("Billing@desk.example"))
    assert working.outcomes == ["own_address"]
    assert working.queue.rows[0]["status"] == "failed"


def test_nothing_goes_to_an_address_that_bounces_not_even_an_agents_answer() -> None:
    working = Working()
    working.unit.addresses.put(addresses.suppress(addresses.fresh("jim@sample.com", NOW), "bounced: 5.1.1"))
    working.hear(opened())
    working.hear(answered())
    assert working.outcomes == ["suppressed_address", "suppressed_address"]


def test_the_cap_holds_automatic_mails_back_and_never_an_agents() -> None:
    working = Working()
    for version in (1, 2, 3):
        working.hear(opened(number=version))
    for version in (4, 5, 6):
        working.hear(answered(version=version))
    assert working.outcomes == ["queued", "queued", "rate_cap", "queued", "queued", "queued"]


@pytest.mark.parametrize(("version", "language"), [(6, "de"), (5, "en"), (4, "en")])
def test_the_newest_that_is_known_of_the_customer_decides_the_language(version: int, language: str) -> None:
    working = Working()
    working.unit.people.put(Person(CUSTOMER, 1, version, "jim@sample.com", "Jim", "de"))
    working.hear(opened())
    assert working.queue.rows[0]["language"] == language


def test_who_is_copied_gets_a_mail_and_only_the_customers_shows_it() -> None:
    working = Working()
    working.hear(answered("boss@sample.com"))
    assert [(row["recipient"], b"\r\nCc: " in row["content"]) for row in working.queue.rows] == [
        ("jim@sample.com", True),
        ("boss@sample.com", False),
    ]


def bounced(action: str, status: str, about: str | None) -> Address | None:
    """What is known of an address after a bounce, where we have sent it one message."""
    working = Working()
    working.unit.sent.put(OURS, "jim@sample.com")
    event = {"thread": Thread(root=ROOT, relation="new"), "message_id": uuid4(), "recipient": "Jim@sample.com", "received_at": NOW}
    SuppressBounced(
        DeliveryBouncedV1.model_validate({**event, "action": action, "status": status, "original_rfc_message_id": about})
    ).handle(working.unit)
    return working.address("jim@sample.com")


def test_a_permanent_failure_of_what_we_sent_silences_the_address() -> None:
    silenced = bounced("failed", "5.1.1", OURS)
    assert silenced is not None
    assert silenced.suppressed_because == "bounced: 5.1.1"


@pytest.mark.parametrize(
    ("action", "status", "about"),
    [("delayed", "5.0.0", OURS), ("failed", "5.1.1", "<made@up.example>"), ("failed", "5.1.1", None)],
)
def test_a_delay_or_a_bounce_of_somebody_elses_mail_silences_nobody(action: str, status: str, about: str | None) -> None:
    assert bounced(action, status, about) is None


@pytest.mark.parametrize(
    ("status", "diagnostic", "for_good"),
    [
        ("5.1.1", None, True),
        ("5.1.2", None, True),
        ("5.1.10", None, True),
        ("5.2.1", None, True),
        ("5.2.2", None, False),
        ("4.2.2", None, False),
        ("5.3.4", None, False),
        ("5.4.7", None, False),
        ("5.7.1", None, False),
        ("5.7.26", None, False),
        ("4.1.1", None, False),
        ("5.0.0", "550 no such user", True),
        ("5.0.0", "552 mailbox full", False),
        ("5.0.0", "554 rejected as spam", False),
        ("5.0.0", None, True),
    ],
)
def test_what_is_for_good_and_what_passes(status: str, diagnostic: str | None, for_good: bool) -> None:
    bounce = Bounce("jim@sample.com", OURS, "failed", status, diagnostic, NOW)
    after = addresses.bounced(addresses.fresh("jim@sample.com", NOW), bounce, ours=True)
    assert (after.suppressed_because is not None) is for_good
    assert (addresses.paused(after, NOW) is not None) is not for_good


def test_what_passes_is_waited_for_longer_each_time_and_ends_by_itself() -> None:
    full = Bounce("jim@sample.com", OURS, "failed", "5.2.2", "552 full", NOW)
    address, pauses = addresses.fresh("jim@sample.com", NOW), []
    for _ in range(6):
        address = addresses.bounced(address, full, ours=True)
        assert address.paused_until is not None
        pauses.append((address.paused_until - NOW) / timedelta(hours=1))
    assert pauses == [12, 24, 48, 96, 168, 168]
    assert addresses.paused(address, NOW + timedelta(days=6)) is not None
    assert addresses.paused(address, NOW + timedelta(days=7)) is None


def test_a_full_mailbox_holds_automatic_mail_back_until_its_owner_writes() -> None:
    working = Working()
    full = Bounce("jim@sample.com", OURS, "failed", "5.2.2", "552 full", NOW)
    working.unit.addresses.put(addresses.bounced(addresses.fresh("jim@sample.com", NOW), full, ours=True))
    working.hear(TicketResolvedV1(ticket=ticket(), by=Actor(kind="agent", id="9"), at=NOW, solution="Done."))
    working.hear(answered(version=2))
    working.hear(opened(number=3).model_copy(update={"message_id": uuid4()}))
    assert working.outcomes == ["suppressed_address", "queued", "queued"]
    jim = working.address("jim@sample.com")
    assert jim is not None
    assert (jim.paused_until, jim.soft_bounces) == (None, 0)


@pytest.mark.parametrize(("proven", "outcome"), [(True, "queued"), (False, "suppressed_address")])
def test_who_was_gone_for_good_is_written_to_again_after_a_proven_mail(proven: bool, outcome: str) -> None:
    working = Working()
    working.unit.addresses.put(addresses.suppress(addresses.fresh("jim@sample.com", NOW), "bounced: 5.1.1"))
    working.hear(opened(proven=proven).model_copy(update={"message_id": uuid4()}))
    assert working.outcomes == [outcome]


@pytest.mark.parametrize(("by", "paused"), [(str(CUSTOMER), False), (str(UUID(int=8)), True)])
def test_a_reply_of_the_requester_shows_that_the_address_lives(by: str, paused: bool) -> None:
    working = Working()
    full = Bounce("jim@sample.com", OURS, "failed", "5.2.2", "552 full", NOW)
    working.unit.addresses.put(addresses.bounced(addresses.fresh("jim@sample.com", NOW), full, ours=True))
    event = TicketCustomerRepliedV1(ticket=ticket(), by=Actor(kind="customer", id=by), at=NOW, message_id=uuid4())
    HearFromCustomer(event).handle(working.unit)
    jim = working.address("jim@sample.com")
    assert jim is not None
    assert (jim.paused_until is not None) is paused


@pytest.mark.parametrize(("action", "said"), [("failed", ["bounced"]), ("delayed", []), ("delivered", [])])
def test_a_bounce_stands_on_its_delivery_and_its_ticket(action: str, said: list[str]) -> None:
    working = Working()
    sent = KeptDelivery(uuid4(), UUID(int=1), 1042, "agent_reply", "jim@sample.com", "en", OURS, 1, "sent", True)
    working.unit.sent.put(OURS, "jim@sample.com", sent)
    event = {"thread": Thread(root=ROOT, relation="new"), "message_id": uuid4(), "recipient": "Jim@sample.com", "received_at": NOW}
    report = {**event, "action": action, "status": "5.2.2", "diagnostic": "552 full", "original_rfc_message_id": OURS}
    for _ in range(2):
        working.unit.cause = Cause("c", "t", uuid4())
        SuppressBounced(DeliveryBouncedV1.model_validate(report)).handle(working.unit)
    failed = [e for e in working.published.events if isinstance(e, NotificationFailedV1)]
    assert [e.reason for e in failed] == said, "told once, however many reports there are"
    assert all((e.notification.id, e.detail) == (sent.id, "5.2.2 552 full") for e in failed)


def test_an_older_profile_does_not_overwrite_a_newer_one() -> None:
    working = Working()
    for version, language in ((3, "de"), (2, "fr")):
        state = CustomerState(
            id=CUSTOMER, version=version, email="jim@sample.com", language=language, created_at=NOW, updated_at=NOW
        )
        RememberCustomer(CustomerUpdatedV1(customer=state)).handle(working.unit)
    found = working.unit.people.get(CUSTOMER)
    assert found is not None
    assert found.language == "de"


def test_a_second_bounce_leaves_the_reason_of_the_first() -> None:
    silenced = addresses.suppress(addresses.fresh("jim@sample.com", NOW), "bounced: 5.1.1")
    again = addresses.Bounce("jim@sample.com", OURS, "failed", "5.7.1", "blocked", NOW)
    assert addresses.bounced(silenced, again, ours=True) is silenced


@pytest.mark.parametrize(("seconds_later", "silences"), [(-1, False), (0, False), (1, True)])
def test_a_bounce_from_before_the_address_was_lifted_silences_it_no_more(seconds_later: int, silences: bool) -> None:
    lifted = addresses.lift(addresses.suppress(addresses.fresh("jim@sample.com", NOW), "bounced: 5.1.1"), NOW)
    told = addresses.Bounce("jim@sample.com", OURS, "failed", "5.1.1", None, NOW + timedelta(seconds=seconds_later))
    assert (addresses.bounced(lifted, told, ours=True).suppressed_because is not None) == silences


def test_what_is_told_again_makes_no_second_mail_and_counts_for_nothing() -> None:
    working = Working()
    for _ in range(3):
        working.hear(opened())
    assert working.outcomes == ["queued"], "two an hour are let through; a third would be withheld, and told as failed"
    counted = working.address("jim@sample.com")
    assert counted is not None
    assert counted.automatic_in_window == 1


def test_an_address_that_is_lifted_is_written_to_again() -> None:
    working = Working()
    working.unit.addresses.put(addresses.suppress(addresses.fresh("jim@sample.com", NOW), "bounced: 5.1.1"))
    lift = LiftSuppression("Jim@sample.com", Actor(kind="agent", id="9"))
    assert lift.handle(working.unit).suppressed_because is None
    working.hear(opened())
    assert working.outcomes == ["queued"]
    with pytest.raises(NotSuppressed):
        lift.handle(working.unit)


def test_an_escalation_goes_to_those_it_names_in_the_language_of_the_ticket() -> None:
    working = Working()
    working.unit.people.put(Person(CUSTOMER, 1, 6, "jim@sample.com", "Jim", "de"))
    boss = WireAddress(email="boss@corp.example", name="The Boss")
    working.hear(TicketEscalatedV1(ticket=ticket(), by=Actor(kind="rule", id="9"), at=NOW, reason="It is late.", notify=[boss]))
    assert [(row["recipient"], row["language"]) for row in working.queue.rows] == [("boss@corp.example", "en")]


def test_who_asks_waits_from_when_the_message_came_and_for_an_answer_from_when_it_was_written() -> None:
    working = Working()
    working.hear(opened().model_copy(update={"at": NOW + timedelta(minutes=5)}))
    working.hear(answered().model_copy(update={"at": NOW + timedelta(minutes=9)}))
    assert [row["began_at"] for row in working.queue.rows] == [NOW, NOW + timedelta(minutes=9)]


def test_a_confirmation_answers_the_first_message_and_an_answer_the_conversation() -> None:
    (confirmation,) = notices_of(opened().model_copy(update={"rfc_message_id": "<1@sample.com>"}))
    (answer,) = notices_of(answered().model_copy(update={"references": ["<1@sample.com>", "<2@sample.com>"]}))
    assert (confirmation.references, answer.references) == (["<1@sample.com>"], ["<1@sample.com>", "<2@sample.com>"])


def test_a_confirmation_waits_for_the_first_decision_and_tells_of_it() -> None:
    working = Working()
    working.hear(opened())
    assert working.queue.rows[0]["next_attempt_at"] == NOW + timedelta(seconds=30)
    assert working.made_due == 0, "nobody need look for it now"
    working.hear(triaged(priority="critical"))
    assert working.outcomes == ["queued"]
    (completed,) = working.completed.values()
    assert working.made_due == 1
    assert completed.id == working.queue.rows[0]["id"]
    assert "Critical" in text_of(completed.content)
    assert "Critical" not in text_of(working.queue.rows[0]["content"])
    assert b"In-Reply-To: <1@sample.com>" in completed.content


def test_a_decision_that_is_heard_first_is_confirmed_at_once_and_the_opening_adds_nothing() -> None:
    working = Working()
    working.hear(triaged())
    working.hear(opened())
    assert [row["next_attempt_at"] for row in working.queue.rows] == [NOW]
    assert working.made_due == 1
    assert working.completed == {}


@pytest.mark.parametrize("proven", [False, None])
@pytest.mark.parametrize("event", [opened, triaged])
def test_who_is_not_proven_to_have_written_is_sent_nothing_that_was_written(event: Any, proven: bool | None) -> None:
    working = Working()
    told = event(proven=proven)
    requester = told.ticket.requester.model_copy(update={"name": "Buy at evil.example"})
    spam = told.ticket.model_copy(update={"requester": requester, "subject": "Buy at evil.example"})
    working.hear(told.model_copy(update={"ticket": spam}))
    content = working.queue.rows[0]["content"]
    assert "evil" not in content.decode() + text_of(content)
    assert b"Subject: [#1042] We have your request\r\n" in content
    assert b"To: jim@sample.com\r\n" in content
    assert "Status:    Open" in text_of(content)


def test_the_table_has_each_kind_of_the_contract_once_and_all_it_names_is_heard() -> None:
    assert sorted(KINDS) == sorted(get_args(NotificationKind))
    assert {event for event, does in SUBSCRIPTIONS.items() if does is Notify} == HEARD
    assert notices_of(TicketClosedV1(ticket=ticket(), by=Actor(kind="agent", id="9"), at=NOW, reason="over")) == []


def test_each_change_of_a_customer_is_remembered_and_not_that_there_is_one() -> None:
    remembered = {event for event, does in SUBSCRIPTIONS.items() if does is RememberCustomer}
    assert remembered == set(CustomerEvent.__subclasses__()) - {CustomerRegisteredV1}


def test_what_is_no_person_is_answered_by_nothing_automatic() -> None:
    for asked in (opened(), triaged()):
        assert notices_of(asked)
        assert notices_of(asked.model_copy(update={"automatic": "auto_generated"})) == []
    solved = TicketResolvedV1(ticket=ticket(), by=Actor(kind="agent", id="9"), at=NOW, solution="Done.")
    assert notices_of(solved)
    assert notices_of(solved.model_copy(update={"automatic": "list"})) == []
    assert notices_of(answered()), "what a person writes goes to whoever asked"
