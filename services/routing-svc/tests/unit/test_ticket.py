"""A ticket as routing sees it, event after event."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from routing_svc.domain.ticket import Escalation, HeardTicket, RoutedTicket, escalate, follow, reserve

SUE, SUPPORT, ANN, ACME = (UUID(int=n) for n in range(1, 5))
RUN = datetime(2026, 5, 4, 9, tzinfo=UTC)
BREACHED = Escalation("resolution", "breached", "Standard", 4, RUN)


def heard(version: int, **changes: Any) -> HeardTicket:
    facts = changes.pop("facts", {"ticket": {"subject": "Help"}, "requester": {}, "organization": {}})
    ticket = HeardTicket(UUID(int=9), version, 7, True, "medium", ANN, ACME, None, None, facts)
    return replace(ticket, **changes)


def test_a_ticket_is_whose_it_was_when_it_was_last_heard_of() -> None:
    first = follow(None, heard(1), assigned=False)
    assert (first.customer_id, first.organization_id, first.number) == (ANN, ACME, 7)
    later = follow(first, heard(2, customer_id=SUE, organization_id=None), assigned=False)
    assert (later.customer_id, later.organization_id) == (SUE, None)


def test_an_older_event_changes_nothing() -> None:
    newest = follow(None, heard(5), assigned=False)
    assert follow(newest, heard(5, open=False), assigned=False) is newest


def test_the_text_of_the_first_message_is_kept() -> None:
    opened = follow(None, heard(1, facts={"ticket": {"text": "Fire!"}}), assigned=False)
    assert follow(opened, heard(2), assigned=False).facts["ticket"] == {"subject": "Help", "text": "Fire!"}


def test_who_a_ticket_was_given_to_has_it_until_its_assignment_is_heard() -> None:
    given = reserve(follow(None, heard(1), assigned=False), SUPPORT, SUE)
    under_way = follow(given, heard(2), assigned=False)
    assert (under_way.counted_for, under_way.team_id) == (SUE, SUPPORT)
    assert follow(under_way, heard(3), assigned=True).counted_for is None


def test_a_ticket_that_is_done_is_nobodys_load() -> None:
    assert follow(None, heard(1, agent_id=SUE), assigned=False).counted_for == SUE
    assert follow(None, heard(1, agent_id=SUE, open=False), assigned=False).counted_for is None


def test_a_clock_escalates_once_a_run_and_again_in_the_next() -> None:
    once = escalate(follow(None, heard(1), assigned=False), BREACHED)
    assert (len(once.escalated), once.pending) == (1, ())
    assert escalate(once, BREACHED) is once
    assert len(escalate(once, replace(BREACHED, run=RUN + timedelta(hours=1))).escalated) == 2


def test_an_escalation_that_overtakes_its_ticket_waits() -> None:
    assert escalate(RoutedTicket(UUID(int=9)), BREACHED).pending == (BREACHED,)
