"""What messages and routing decisions do to tickets, without a database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_contracts.events.customers import Requester, RequesterIdentifiedV1
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.tickets import Assignee as WireAssignee
from deskstream_contracts.visibility import EVERYTHING, Visibility
from deskstream_contracts.wire import Actor, Address, Channel, Message, Requested, Thread
from ticket_svc.domain.reference import TicketReference
from ticket_svc.domain.refusals import HasMoved, NoSuchTicket
from ticket_svc.domain.ticket import Assignee, Priority, Status, Ticket
from ticket_svc.handlers.add_note import AddNote
from ticket_svc.handlers.apply_decision import ApplyDecision
from ticket_svc.handlers.reply_to_customer import ReplyToCustomer
from ticket_svc.handlers.take_message import TakeMessage
from ticket_svc.messaging.heard import customer

from .test_lifecycle import NOW, ticket
from .test_measures import unit

TEAM, AGENT = UUID(int=100), UUID(int=200)


class OneNumber:
    """A number for the one ticket that is opened."""

    def take(self) -> int:
        return 1043


def decided(before: Ticket, **what: Any) -> Ticket:
    """The ticket after a decision of the rules, another one each time unless its id is given."""
    usual = {"decision_id": uuid4(), "ticket_id": before.id, "ticket_version": 1, "kind": "assignment", "at": NOW}
    event = RoutingDecidedV1.model_validate({**usual, "configuration_version": 1, "reason": "Rule.", **what})
    working = unit()
    working.tickets.put(before)
    ApplyDecision(event).handle(working)
    found = working.tickets.get(before.id)
    assert found is not None
    return found


def test_rules_give_a_ticket_no_more_than_anybody_can_be_told_of() -> None:
    tagged = decided(ticket(tags=tuple(f"t{n}" for n in range(49))), add_tags=["a", "b", "c"])
    assert (len(tagged.tags), tagged.tags[-1]) == (50, "a")
    full = {str(n): "x" * 190 for n in range(100)}
    assert decided(ticket(custom_fields=full), custom_fields={"one": "more"}).custom_fields == full
    assert decided(ticket(custom_fields=full), custom_fields={"0": ""}).custom_fields == {k: v for k, v in full.items() if k != "0"}


def opened(requested: Requested, waited: timedelta, subject: str = "Help", follows: UUID | None = None) -> Ticket:
    """The ticket of a first message that came some time before it got here."""
    id_ = uuid4()
    message = Message(
        id=id_, channel=Channel(kind="email", name="support"), sender=Address(email="jim@sample.com"), sender_proven=True,
        subject=subject, text="Please.", received_at=NOW - waited, raw_size=1, raw_sha256="0" * 64,
    )  # fmt: skip
    requester = Requester(customer_id=uuid4(), customer_version=1, email="jim@sample.com", language="en")
    working = unit()
    working.numbers = OneNumber()  # type: ignore[assignment]
    thread = Thread(root=id_, relation="new", follows=follows)
    TakeMessage(RequesterIdentifiedV1(thread=thread, message=message, requested=requested, requester=requester)).handle(working)
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


def test_a_decision_that_comes_again_undoes_nothing_of_what_was_done_since() -> None:
    decision = uuid4()
    for what in ({"priority": "high"}, {"add_tags": ["x"]}, {"assign": WireAssignee(team_id=TEAM)}, {"escalate": True}):
        once = decided(ticket(), decision_id=decision, **what)
        assert once.decided_by == (decision,)
        since = replace(once, priority=Priority.LOW, tags=(), assignee=Assignee(team_id=UUID(int=9)), escalation_level=0)
        assert decided(since, decision_id=decision, **what) == since
        assert decided(since, **what) != since


def test_of_very_many_decisions_the_latest_are_remembered() -> None:
    held = ticket()
    for n in range(120):
        held = decided(held, decision_id=UUID(int=n + 1), kind="escalation", escalate=True)
    assert (len(held.decided_by), held.decided_by[-1]) == (100, UUID(int=120))


def test_a_long_reason_of_the_rules_and_a_long_address_stand_for_a_name_as_far_as_they_fit() -> None:
    assert decided(ticket(), priority="high", reason="Rules “a”\n" + "b" * 3000).priority is Priority.HIGH
    long = f"{'l' * 64}@{'d' * 251}.com"
    requester = Requester(customer_id=uuid4(), customer_version=1, email=long, language="en")
    assert customer(requester).name == long[:300]


def test_the_customers_wait_begins_when_the_message_was_received() -> None:
    assert opened(Requested(), timedelta(hours=2)).opened_at == NOW - timedelta(hours=2)


def test_what_a_form_asked_for_is_what_the_ticket_begins_with() -> None:
    asked = opened(Requested(priority="high", ticket_type="billing query", tags=["a", "a"]), timedelta(0))
    assert (asked.priority, asked.ticket_type, asked.tags) == (Priority.HIGH, "Billing Query", ("a",))
    assert opened(Requested(), timedelta(0)).priority is Priority.MEDIUM


def test_a_ticket_begins_open_and_waits_for_an_agent_and_its_customer_may_write_into_it() -> None:
    new = opened(Requested(custom_fields={"site": "Oslo"}), timedelta(0), follows=UUID(int=42))
    assert (new.number, new.version, new.status, new.waiting_for) == (1043, 1, Status.OPEN, "agent")
    assert (new.participants, new.custom_fields) == (("jim@sample.com",), {"site": "Oslo"})
    assert new.possible_follow_up_of == UUID(int=42)


def test_a_type_that_nobody_manages_is_left_out_of_what_a_stranger_wrote() -> None:
    assert opened(Requested(ticket_type="Gossip"), timedelta(0)).ticket_type is None


def test_a_message_without_a_subject_says_so() -> None:
    assert opened(Requested(), timedelta(0), subject="  ").subject == "(no subject)"
    assert opened(Requested(), timedelta(0), subject=" Help ").subject == "Help"


def test_what_a_decision_says_of_a_ticket_is_what_it_becomes_and_what_it_leaves_out_stays() -> None:
    held = ticket(ticket_type="Technical Issue", custom_fields={"site": "Oslo"}, sla_policy="Gold")
    after = decided(held, ticket_type="billing query", custom_fields={"floor": "2"}, sla_policy="Silver", priority="high")
    assert (after.ticket_type, after.custom_fields) == ("Billing Query", {"site": "Oslo", "floor": "2"})
    assert (after.sla_policy, after.priority) == ("Silver", Priority.HIGH)
    triaged = replace(held, version=3, tags=("vip",), decided_by=(TEAM,), triaged_at=NOW)
    assert decided(held, decision_id=TEAM, add_tags=["vip"]) == triaged


def test_a_ticket_is_triaged_by_the_first_assignment_and_by_nothing_after_it() -> None:
    once = decided(ticket(), decision_id=TEAM)
    assert (once.version, once.triaged_at, once.decided_by) == (2, NOW, (TEAM,))
    assert decided(once) == once
    assert decided(ticket(), kind="escalation") == ticket()
    of_an_older_release = ticket(decided_by=(TEAM,))
    assert decided(of_an_older_release) == of_an_older_release


def test_a_type_that_nobody_manages_is_left_out_of_a_decision_and_the_rest_of_it_holds() -> None:
    after = decided(ticket(), ticket_type="Gossip", priority="high")
    assert (after.ticket_type, after.priority) == (None, Priority.HIGH)


@pytest.mark.parametrize("what", [{"escalate": True}, {"notify": [Address(email="boss@corp.example")]}])
def test_a_decision_escalates_where_it_says_so_or_names_people(what: dict[str, Any]) -> None:
    assert decided(ticket(), **what).escalation_level == 1
    assert decided(ticket(), priority="high").escalation_level == 0


def test_a_decision_about_a_ticket_that_is_not_there_is_refused() -> None:
    event = RoutingDecidedV1(
        decision_id=uuid4(), ticket_id=uuid4(), ticket_version=1, kind="assignment", at=NOW, configuration_version=1, reason="Rule."
    )  # fmt: skip
    with pytest.raises(NoSuchTicket):
        ApplyDecision(event).handle(unit())


ADA = Actor(kind="agent", id="9", name="Ada")


def noted(reference: TicketReference, visibility: Visibility, expected_version: int | None = None) -> Ticket:
    working = unit()
    working.tickets.put(ticket())
    return AddNote(reference, ADA, visibility, "Hm.", expected_version).handle(working).ticket


@pytest.mark.parametrize("reference", [TicketReference(1042), TicketReference(UUID(int=1))])
def test_a_command_finds_a_ticket_by_its_number_and_by_its_id(reference: TicketReference) -> None:
    assert noted(reference, EVERYTHING).version == 2
    assert noted(reference, Visibility(customer_ids=frozenset([UUID(int=3)]))).version == 2


def test_a_ticket_that_is_not_seen_is_as_if_it_were_not_there() -> None:
    for reference, visibility in (
        (TicketReference(1042), Visibility(customer_ids=frozenset([UUID(int=4)]))),
        (TicketReference(1043), EVERYTHING),
        (TicketReference(UUID(int=5)), EVERYTHING),
    ):
        with pytest.raises(NoSuchTicket):
            noted(reference, visibility)


def test_a_ticket_that_has_moved_on_is_not_changed_by_who_looked_at_an_older_version() -> None:
    assert noted(TicketReference(1042), EVERYTHING, 1).version == 2
    with pytest.raises(HasMoved):
        noted(TicketReference(1042), EVERYTHING, 2)
    with pytest.raises(NoSuchTicket):
        noted(TicketReference(1042), Visibility(), 2)


def test_an_answer_resolves_a_ticket_only_where_the_agent_says_so() -> None:
    def answered(resolve: bool) -> Ticket:
        working = unit()
        working.tickets.put(ticket())
        return ReplyToCustomer(TicketReference(1042), ADA, EVERYTHING, "Refunded.", resolve=resolve).handle(working).ticket

    assert (answered(True).status, answered(True).solution) == (Status.RESOLVED, "Refunded.")
    assert answered(False).status is Status.IN_PROGRESS
