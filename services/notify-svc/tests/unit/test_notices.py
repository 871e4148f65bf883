"""What is sent to whom, in which language, and what is withheld, without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import MetaData

from deskstream_chassis.store.outbox import Cause, Outbox, outbox_table
from deskstream_contracts.events.customers import CustomerState, CustomerUpdatedV1, Requester
from deskstream_contracts.events.inbound import DeliveryBouncedV1
from deskstream_contracts.events.notifications import NotificationFailedV1
from deskstream_contracts.events.tickets import Actor, TicketAgentRepliedV1, TicketOpenedV1, TicketState
from deskstream_contracts.wire import Address as WireAddress
from deskstream_contracts.wire import Channel, Event, Thread
from notify_svc.domain import addresses
from notify_svc.domain.addresses import Address, address_id
from notify_svc.domain.mail import Desk
from notify_svc.domain.people import Person
from notify_svc.handlers.learn import remember_customer, suppress_bounced
from notify_svc.handlers.notify import Notifier, agent_reply, confirmation
from notify_svc.adapters.templates import JinjaWords
from notify_svc.persistence.unit import NotifyUnit

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CUSTOMER, ROOT, OURS = UUID(int=3), UUID(int=42), "<ours@desk.example>"
DESK = Desk("Deskstream Support", "desk.example", "support", b"secret")
NOTIFIER = Notifier(DESK, JinjaWords("en"), automatic_per_hour=2, give_up_after=timedelta(days=2))


class Nowhere:
    """A connection that is never used, as nothing is flushed."""

    async def execute(self, statement: object, parameters: object = None) -> None:
        raise AssertionError


class Told(Outbox):
    """Keeps the events that are recorded."""

    def __init__(self) -> None:
        super().__init__(Nowhere(), outbox_table(MetaData()), "/test")
        self.events: list[Event] = []

    def record(self, event: Event, cause: Cause, now: datetime) -> UUID:
        self.events.append(event)
        return uuid4()


class Queue:
    """Keeps the deliveries that are to be made."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, **row: Any) -> None:
        self.rows.append(row)


class Working:
    """A unit of work, and what has come of it."""

    def __init__(self) -> None:
        self.told, self.queue = Told(), Queue()
        self.unit = NotifyUnit(Nowhere(), self.told, NOW)
        self.unit.deliveries = self.queue  # type: ignore[assignment]

    def hear(self, event: Any, notices: Any) -> None:
        self.unit.cause = Cause("c", "t", uuid4())
        NOTIFIER.handler(notices).handle(self.unit, event)

    @property
    def outcomes(self) -> list[str]:
        """Of each delivery: that it is queued, or why it was withheld."""
        reasons = iter([e.reason for e in self.told.events if isinstance(e, NotificationFailedV1)])
        return [row["status"] if row["status"] == "queued" else next(reasons) for row in self.queue.rows]

    def address(self, email: str) -> Address | None:
        return self.unit.addresses.get(address_id(email))


def ticket(email: str = "jim@sample.com") -> TicketState:
    requester = Requester(customer_id=CUSTOMER, customer_version=5, email=email, name="Jim", language="en")
    return TicketState(
        id=UUID(int=1), number=1042, version=1, thread_root=ROOT, subject="Help", status="open", priority="medium",
        channel=Channel(kind="email", name="support"), requester=requester, opened_at=NOW, updated_at=NOW,
    )  # fmt: skip


def opened(email: str = "jim@sample.com") -> TicketOpenedV1:
    return TicketOpenedV1(ticket=ticket(email), by=Actor(kind="customer", id="3"), at=NOW)


def answered(*cc: str) -> TicketAgentRepliedV1:
    copied = [WireAddress(email=email) for email in cc]
    return TicketAgentRepliedV1(
        ticket=ticket(), by=Actor(kind="agent", id="9", name="Ada"), at=NOW, message_id=uuid4(), text="Done.", cc=copied
    )


def test_a_confirmation_is_queued_for_who_asked() -> None:
    working = Working()
    working.hear(opened(), confirmation)
    assert working.outcomes == ["queued"]
    assert working.queue.rows[0]["recipient"] == "jim@sample.com"


def test_the_desk_never_writes_to_itself() -> None:
    working = Working()
    working.hear(opened("Billing@desk.example"), confirmation)
    assert working.outcomes == ["own_address"]
    assert working.queue.rows[0]["status"] == "failed"


def test_nothing_goes_to_an_address_that_bounces_not_even_an_agents_answer() -> None:
    working = Working()
    working.unit.addresses.put(addresses.suppress(addresses.fresh("jim@sample.com", NOW), "bounced: 5.1.1"))
    working.hear(opened(), confirmation)
    working.hear(answered(), agent_reply)
    assert working.outcomes == ["suppressed_address", "suppressed_address"]


def test_the_cap_holds_automatic_mails_back_and_never_an_agents() -> None:
    working = Working()
    for _ in range(3):
        working.hear(opened(), confirmation)
    for _ in range(3):
        working.hear(answered(), agent_reply)
    assert working.outcomes == ["queued", "queued", "rate_cap", "queued", "queued", "queued"]


@pytest.mark.parametrize(("version", "language"), [(6, "de"), (5, "en"), (4, "en")])
def test_the_newest_that_is_known_of_the_customer_decides_the_language(version: int, language: str) -> None:
    working = Working()
    working.unit.people.put(Person(CUSTOMER, 1, version, "jim@sample.com", "Jim", "de"))
    working.hear(opened(), confirmation)
    assert working.queue.rows[0]["language"] == language


def test_who_is_copied_gets_a_mail_and_only_the_customers_shows_it() -> None:
    working = Working()
    working.hear(answered("boss@sample.com"), agent_reply)
    assert [(row["recipient"], b"\r\nCc: " in row["content"]) for row in working.queue.rows] == [
        ("jim@sample.com", True),
        ("boss@sample.com", False),
    ]


def bounced(action: str, status: str, about: str | None) -> Address | None:
    """What is known of an address after a bounce, where we have sent it one message."""
    working = Working()
    working.unit.sent._known.add((OURS, "jim@sample.com"))
    event = {"thread": Thread(root=ROOT, relation="new"), "message_id": uuid4(), "recipient": "Jim@sample.com", "received_at": NOW}
    suppress_bounced.handle(
        working.unit,
        DeliveryBouncedV1.model_validate({**event, "action": action, "status": status, "original_rfc_message_id": about}),
    )
    return working.address("jim@sample.com")


def test_a_permanent_failure_of_what_we_sent_silences_the_address() -> None:
    known = bounced("failed", "5.1.1", OURS)
    assert known is not None
    assert known.suppressed_because == "bounced: 5.1.1"


@pytest.mark.parametrize(
    ("action", "status", "about"),
    [("failed", "4.2.2", OURS), ("delayed", "5.0.0", OURS), ("failed", "5.1.1", "<made@up.example>"), ("failed", "5.1.1", None)],
)
def test_a_full_mailbox_a_delay_or_a_bounce_of_somebody_elses_mail_silences_nobody(
    action: str, status: str, about: str | None
) -> None:
    assert bounced(action, status, about) is None


def test_an_older_profile_does_not_overwrite_a_newer_one() -> None:
    working = Working()
    for version, language in ((3, "de"), (2, "fr")):
        state = CustomerState(
            id=CUSTOMER, version=version, email="jim@sample.com", language=language, created_at=NOW, updated_at=NOW
        )
        remember_customer.handle(working.unit, CustomerUpdatedV1(customer=state))
    found = working.unit.people.get(CUSTOMER)
    assert found is not None
    assert found.language == "de"
