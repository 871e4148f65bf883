"""A ticket as routing follows it: what counts for whom, what an event under way does not undo, and what escalates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from routing_svc.domain.ticket import Escalation, HeardTicket, RoutedTicket, escalate, follow, reserve

ADA, BO, TEAM, ANN, ACME = (UUID(int=n) for n in (1, 2, 100, 3, 4))
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
BREACHED = Escalation("resolution", "breached", "Gold", 4, NOON)


def heard(version: int, agent: UUID | None = None, **changes: Any) -> HeardTicket:
    facts = {"ticket": {"text": "Help"}}
    ticket = HeardTicket(UUID(int=7), version, 1042, True, "medium", ANN, ACME, TEAM if agent else None, agent, facts)
    return replace(ticket, **changes)


def followed(*events: HeardTicket) -> RoutedTicket:
    ticket: RoutedTicket | None = None
    for event in events:
        ticket = follow(ticket, event, assigned=False)
    assert ticket is not None
    return ticket


def test_a_ticket_is_whose_it_was_when_it_was_last_heard_of() -> None:
    ticket = followed(heard(1))
    assert (ticket.customer_id, ticket.organization_id, ticket.number) == (ANN, ACME, 1042)
    later = follow(ticket, heard(2, customer_id=BO, organization_id=None), assigned=False)
    assert (later.customer_id, later.organization_id) == (BO, None)


def test_an_older_event_changes_nothing_and_neither_does_the_same_again() -> None:
    ticket = followed(heard(1), heard(3, ADA))
    assert follow(ticket, heard(2, BO), assigned=True) is ticket
    assert follow(ticket, heard(3, BO), assigned=True) is ticket


def test_an_open_ticket_is_its_agents_work_and_a_done_one_is_nobodys() -> None:
    assert followed(heard(1, ADA)).counted_for == ADA
    assert followed(heard(1, ADA), heard(2, ADA, open=False)).counted_for is None


def test_what_was_reserved_is_not_undone_by_an_event_that_was_under_way() -> None:
    reserved = reserve(followed(heard(1)), TEAM, ADA)
    noted = follow(reserved, heard(2), assigned=False)
    assert (noted.team_id, noted.agent_id, noted.reserved) == (TEAM, ADA, True)


def test_whom_a_person_gave_it_to_meanwhile_has_it() -> None:
    reserved = reserve(followed(heard(1)), TEAM, ADA)
    assert follow(reserved, heard(2, BO), assigned=False).agent_id == BO


def test_once_the_assignment_is_heard_an_agent_can_be_taken_off() -> None:
    assigned = follow(reserve(followed(heard(1)), TEAM, ADA), heard(2, ADA), assigned=True)
    assert not assigned.reserved
    assert follow(assigned, heard(3), assigned=True).agent_id is None


def test_the_words_of_the_first_message_are_kept_where_a_later_event_has_none() -> None:
    silent = heard(2, facts={"ticket": {"priority": "high"}})
    assert followed(heard(1), silent).facts["ticket"] == {"priority": "high", "text": "Help"}


def test_a_warning_a_breach_and_a_clock_that_starts_anew_are_three_escalations() -> None:
    ticket = followed(heard(1))
    for escalation in (replace(BREACHED, event="warned"), BREACHED, replace(BREACHED, run=NOON.replace(hour=13))):
        ticket = escalate(ticket, escalation)
    assert len(ticket.escalated) == 3
    assert ticket.pending == ()
    assert escalate(ticket, replace(BREACHED, late_seconds=60)) is ticket


def test_an_escalation_that_overtakes_its_ticket_waits() -> None:
    assert escalate(RoutedTicket(UUID(int=7)), BREACHED).pending == (BREACHED,)


@pytest.mark.parametrize(
    ("event", "late_seconds", "words"),
    [
        ("breached", 4, "was missed. It was due at 2026-03-02 12:00 UTC and is less than a minute late."),
        ("breached", 35 * 60 + 59, "was missed. It was due at 2026-03-02 12:00 UTC and is 35 min late."),
        ("breached", 26 * 3600 + 60, "was missed. It was due at 2026-03-02 12:00 UTC and is 26 h 1 min late."),
        ("warned", 4, "is about to be missed. It is due at 2026-03-02 12:00 UTC."),
    ],
)
def test_who_is_told_of_a_deadline_is_told_when_it_was_due_and_how_late_it_is(event: str, late_seconds: int, words: str) -> None:
    due = datetime(2026, 3, 2, 14, tzinfo=timezone(timedelta(hours=2)))
    said = replace(BREACHED, event=event, late_seconds=late_seconds, due_at=due).occasion
    assert said == f"The resolution target of policy “Gold” {words}"
    assert replace(BREACHED, event="breached", due_at=None).occasion == "The resolution target of policy “Gold” was missed."
