"""What messages and routing decisions do to tickets, without a database."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from deskstream_contracts.events.customers import Requester, RequesterIdentifiedV1
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.tickets import Assignee as WireAssignee
from deskstream_contracts.wire import Address, Channel, Message, Thread, Requested
from ticket_svc.domain.ticket import Assignee, Priority, Status, Ticket
from ticket_svc.handlers.apply_decision import apply_decision
from ticket_svc.handlers.take_message import take_message

from .test_lifecycle import NOW, TYPES, ticket
from .test_measures import unit

TEAM, AGENT = UUID(int=100), UUID(int=200)


class OneNumber:
    """A number for the one ticket that is opened."""

    def take(self) -> int:
        return 1043


def decided(before: Ticket, **what: Any) -> Ticket:
    """The ticket after a decision of the rules."""
    usual = {"decision_id": uuid4(), "ticket_id": before.id, "ticket_version": 1, "kind": "assignment", "at": NOW}
    event = RoutingDecidedV1.model_validate({**usual, "configuration_version": 1, "reason": "Rule.", **what})
    working = unit()
    working.tickets.put(before)
    apply_decision(TYPES).handle(working, event)
    found = working.tickets.get(before.id)
    assert found is not None
    return found


def opened(requested: Requested, waited: timedelta) -> Ticket:
    """The ticket of a first message that came some time before it got here."""
    id_ = uuid4()
    message = Message(
        id=id_, channel=Channel(kind="email", name="support"), sender=Address(email="jim@sample.com"), sender_proven=True,
        subject="Help", text="Please.", received_at=NOW - waited, raw_size=1, raw_sha256="0" * 64,
    )  # fmt: skip
    requester = Requester(customer_id=uuid4(), customer_version=1, email="jim@sample.com", language="en")
    working = unit()
    working.numbers = OneNumber()  # type: ignore[assignment]
    thread = Thread(root=id_, relation="new")
    take_message(TYPES).handle(
        working, RequesterIdentifiedV1(thread=thread, message=message, requested=requested, requester=requester)
    )
    found = working.tickets.find("thread_root", id_)
    assert found is not None
    return found


def test_a_decision_assigns_a_ticket_that_nobody_has() -> None:
    assert decided(ticket(), assign=WireAssignee(team_id=TEAM, agent_id=AGENT)).assignee == Assignee(TEAM, None, AGENT, None)


def test_the_first_assignment_does_not_take_a_ticket_from_the_agent_who_took_it_meanwhile() -> None:
    taken = ticket(assignee=Assignee(agent_id=UUID(int=9)))
    assert decided(taken, assign=WireAssignee(team_id=TEAM, agent_id=AGENT)).assignee == taken.assignee
    escalated = decided(taken, kind="escalation", assign=WireAssignee(team_id=TEAM, agent_id=AGENT))
    assert escalated.assignee.agent_id == AGENT


def test_the_tags_of_a_decision_are_added_to_those_that_are_there() -> None:
    assert decided(ticket(tags=("vip",)), add_tags=["billing", "vip"]).tags == ("vip", "billing")


def test_a_decision_that_comes_after_the_end_of_a_ticket_changes_nothing() -> None:
    closed = ticket(status=Status.CLOSED, closed_at=NOW)
    assert decided(closed, priority="critical") == closed
    assert decided(ticket(status=Status.RESOLVED), priority="critical").priority is Priority.CRITICAL


def test_the_customers_wait_begins_when_the_message_was_received() -> None:
    assert opened(Requested(), timedelta(hours=2)).opened_at == NOW - timedelta(hours=2)


def test_what_a_form_asked_for_is_what_the_ticket_begins_with() -> None:
    wished = opened(Requested(priority="high", ticket_type="billing query", tags=["a", "a"]), timedelta(0))
    assert (wished.priority, wished.ticket_type, wished.tags) == (Priority.HIGH, "Billing Query", ("a",))
    assert opened(Requested(), timedelta(0)).priority is Priority.MEDIUM
