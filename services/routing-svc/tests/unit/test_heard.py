"""Events of others as routing has them: what rules may look at, whose load a ticket can be, and which run of a clock escalates."""

from datetime import timedelta

import pytest

from deskstream_chassis.testing import changed, example
from deskstream_contracts.events.slas import SlaBreachedV1, SlaWarnedV1
from deskstream_contracts.events.tickets import TicketState
from routing_svc.messaging.heard import escalation, heard_ticket

BREACHED = example(SlaBreachedV1)


@pytest.mark.parametrize(("status", "is_open"), [("open", True), ("in_progress", True), ("resolved", False), ("closed", False)])
def test_a_ticket_is_work_until_it_is_resolved(status: str, is_open: bool) -> None:
    assert heard_ticket(example(TicketState, status=status)).open is is_open


def test_rules_look_at_the_ticket_and_at_who_asked() -> None:
    ticket = example(TicketState, requester={"email": "jim@sample.com", "language": "nb", "tags": ["vip"]})
    heard = heard_ticket(ticket, "Hello")
    assert heard.facts["ticket"]["text"] == "Hello"
    assert heard.facts["ticket"]["language"] == "nb"
    assert (heard.facts["requester"]["domain"], heard.facts["requester"]["tags"]) == ("sample.com", ["vip"])
    assert heard.facts["organization"]["name"] == "Sample Inc."
    assert (heard.customer_id, heard.organization_id) == (ticket.requester.customer_id, ticket.requester.organization.id)  # type: ignore[union-attr]  # the example has one


def test_an_event_without_the_first_message_says_nothing_of_its_words() -> None:
    assert "text" not in heard_ticket(example(TicketState)).facts["ticket"]


def test_what_is_not_there_is_empty_and_not_null() -> None:
    heard = heard_ticket(example(TicketState, ticket_type=None, requester={"organization": None}))
    assert heard.facts["ticket"]["type"] == ""
    assert heard.facts["organization"] == {"name": "", "custom_fields": {}}
    assert heard.organization_id is None


def test_a_warning_and_a_breach_are_told_apart() -> None:
    warned = example(SlaWarnedV1)
    assert (escalation(warned).event, escalation(BREACHED).event) == ("warned", "breached")
    assert (escalation(BREACHED).clock, escalation(BREACHED).policy) == (BREACHED.clock, BREACHED.sla.policy)


def test_the_run_of_a_clock_is_known_by_when_that_clock_was_started() -> None:
    [clock] = BREACHED.sla.clocks
    other = changed(clock, kind="resolution", started_at=clock.started_at - timedelta(hours=1))
    later = changed(BREACHED, sla={"clocks": [other, clock]}, at=BREACHED.at + timedelta(days=1))
    assert escalation(later).run == clock.started_at
    assert escalation(later).key == escalation(BREACHED).key
    gone = changed(BREACHED, sla={"clocks": [other]})
    assert escalation(gone).run == BREACHED.at
