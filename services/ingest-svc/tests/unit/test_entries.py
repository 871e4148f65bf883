"""Closing entries: what ticket events say, and what the ledger takes down of it."""

from uuid import uuid4

import pytest

from deskstream_chassis.testing import example
from deskstream_contracts.events.tickets import TicketCustomerRepliedV1, TicketOpenedV1, TicketState
from ingest_svc.domain.entries import LedgerEntry, TicketOutcome, close, contradicts
from ingest_svc.messaging.heard import outcome, thread

from .given import NOW

ENTRY = LedgerEntry(uuid4(), None, "new", None, None, NOW)
OPENED = TicketOutcome(ENTRY.id, "opened", uuid4(), 1042)


def test_an_open_entry_gets_its_outcome_and_its_ticket() -> None:
    closed = close(ENTRY, OPENED)
    assert (closed.outcome, closed.reason, closed.ticket_id, closed.ticket_number) == ("opened", "new", OPENED.ticket_id, 1042)


def test_a_remark_is_added_to_the_reason() -> None:
    became = TicketOutcome(ENTRY.id, "appended", uuid4(), 1042, "reopened")
    assert close(ENTRY, became).reason == "new, reopened"
    assert close(LedgerEntry(ENTRY.id, None, None, None, None, NOW), became).reason == "reopened"


def test_the_first_outcome_stands() -> None:
    closed = close(ENTRY, OPENED)
    with pytest.raises(ValueError, match="is closed"):
        close(closed, OPENED)


def test_another_outcome_or_another_ticket_contradicts_and_a_repetition_does_not() -> None:
    closed = close(ENTRY, OPENED)
    assert not contradicts(closed, OPENED)
    assert contradicts(closed, TicketOutcome(ENTRY.id, "opened", uuid4(), 1042))
    assert contradicts(closed, TicketOutcome(ENTRY.id, "appended", OPENED.ticket_id, 1042))


def test_a_ticket_that_a_message_opened_is_that_messages_outcome() -> None:
    opened = example(TicketOpenedV1, message_id=ENTRY.id)
    assert outcome(opened) == TicketOutcome(ENTRY.id, "opened", opened.ticket.id, opened.ticket.number)
    assert outcome(example(TicketOpenedV1, message_id=None)) is None


@pytest.mark.parametrize(("reopened", "remark"), [(True, "reopened"), (False, None)])
def test_a_message_in_a_ticket_is_appended_and_says_whether_it_reopened_it(reopened: bool, remark: str | None) -> None:
    replied = example(TicketCustomerRepliedV1, message_id=ENTRY.id, reopened=reopened)
    assert outcome(replied) == TicketOutcome(ENTRY.id, "appended", replied.ticket.id, replied.ticket.number, remark)


def test_participants_and_the_requester_take_part_in_lower_case() -> None:
    ticket = example(TicketState, participants=[" Bob@Example.com", "", "bob@example.com"], requester={"email": "Ada@acme.example"})
    assert thread(ticket).participants == {"bob@example.com", "ada@acme.example"}
