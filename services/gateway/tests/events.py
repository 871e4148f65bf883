"""Events for tests, as their owners would publish them."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

from deskstream_chassis.bus.messages import Received
from deskstream_contracts.events.customers import CustomerRegisteredV1, CustomerState, OrganizationRef, Requester
from deskstream_contracts.events.notifications import NotificationSentV1, NotificationState
from deskstream_contracts.events.routing import AgentState, AgentUpdatedV1, RoutingDecidedV1, TeamState, TeamUpdatedV1
from deskstream_contracts.events.slas import ClockKind, ClockState, SlaClockStartedV1, SlaState
from deskstream_contracts.events.tickets import Actor, TicketOpenedV1, TicketState
from deskstream_contracts.wire import Address, Channel, Event

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ClockStatus = Literal["running", "paused", "fulfilled", "breached", "cancelled"]
_numbers = iter(range(1001, 10**9))


def ticket(**changes: Any) -> TicketState:
    number = changes.pop("number", None) or next(_numbers)
    requester = Requester(
        customer_id=changes.pop("customer_id", None) or uuid4(), customer_version=1, email=changes.pop("email", "ada@acme.example"),
        name="Ada", language="en", organization=OrganizationRef(id=uuid4(), name="ACME"),
    )  # fmt: skip
    usual: dict[str, Any] = {
        "id": uuid4(), "version": 1, "thread_root": uuid4(), "subject": "Help", "status": "open", "priority": "medium",
        "channel": Channel(kind="email", name="support", address="support@desk.example"), "opened_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return TicketState(number=number, requester=requester, **{**usual, **changes})


def opened(state: TicketState) -> TicketOpenedV1:
    return TicketOpenedV1(ticket=state, by=Actor(kind="customer", id="1"), at=NOW, text="the text")


def sla(state: TicketState, *clocks: tuple[ClockKind, ClockStatus, int], version: int = 1) -> SlaClockStartedV1:
    """Clocks as kind, status, and the minutes from NOW in which they are due."""
    made = [
        ClockState(
            kind=kind, status=status, target_seconds=60, started_at=NOW, due_at=NOW + timedelta(minutes=minutes),
            breached_at=NOW if status == "breached" else None,
        )
        for kind, status, minutes in clocks
    ]  # fmt: skip
    found = SlaState(
        ticket_id=state.id, ticket_number=state.number, version=version, policy="Default", policy_version=1, calendar="Office",
        priority=state.priority, clocks=made, updated_at=NOW,
    )  # fmt: skip
    return SlaClockStartedV1(sla=found, at=NOW, clocks=["resolution"], reason="opened")


def notified(state: TicketState) -> NotificationSentV1:
    found = NotificationState(
        id=uuid4(), ticket_id=state.id, ticket_number=state.number, kind="confirmation", recipient=state.requester.email,
        language="en", rfc_message_id="<1@desk.example>", attempts=1,
    )  # fmt: skip
    return NotificationSentV1(notification=found, at=NOW, response="250 ok")


def decided(state: TicketState) -> RoutingDecidedV1:
    return RoutingDecidedV1(
        decision_id=uuid4(), ticket_id=state.id, ticket_version=state.version, kind="assignment", at=NOW, configuration_version=1,
        reason="Billing questions go to Billing.",
    )  # fmt: skip


def registered(email: str, **changes: Any) -> CustomerRegisteredV1:
    usual: dict[str, Any] = {"id": uuid4(), "version": 1, "language": "en", "created_at": NOW, "updated_at": NOW}
    return CustomerRegisteredV1(customer=CustomerState(email=email, **{**usual, **changes}))


def team(name: str) -> TeamUpdatedV1:
    return TeamUpdatedV1(team=TeamState(id=uuid4(), version=1, name=name, manager=Address(email="boss@desk.example")))


def agent(name: str, *teams: UUID) -> AgentUpdatedV1:
    email = f"{name.lower()}@desk.example"
    return AgentUpdatedV1(agent=AgentState(id=uuid4(), version=1, name=name, email=email, team_ids=list(teams)))


def message(event: Event) -> Received:
    """The event as the consumer would read it from Kafka."""
    return Received(
        event.topic.name, 0, 0, event.key(), uuid4(), event.type, NOW, event.sequence(), "c", None,
        event.model_dump_json(exclude_none=True).encode(), (),
    )  # fmt: skip


def headers(event: Event) -> list[tuple[str, bytes]]:
    """The Kafka headers that a relay would give it."""
    found = {
        "ce_id": str(uuid4()),
        "ce_type": event.type,
        "ce_source": "/tests",
        "ce_subject": event.key(),
        "ce_time": NOW.isoformat(),
    }
    if (sequence := event.sequence()) is not None:
        found["ce_sequence"] = str(sequence)
    return [(name, value.encode()) for name, value in found.items()]
