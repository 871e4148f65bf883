"""What ticket events do to the ledger and to who takes part in a thread, without a database."""

from typing import Any

import pytest
from sqlalchemy import TextClause

from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.testing import changed, example
from deskstream_contracts.events.tickets import (
    TicketAgentRepliedV1,
    TicketCustomerRepliedV1,
    TicketMachineRepliedV1,
    TicketOpenedV1,
)
from ingest_svc.domain.entries import LedgerEntry
from ingest_svc.handlers.close_entry import CloseEntry
from ingest_svc.handlers.remember_participants import RememberParticipants
from ingest_svc.persistence.unit import IngestUnit

from .given import DESK, NOW, an_id

pytestmark = pytest.mark.anyio


class Written:
    """A connection that keeps the parameters of what is executed."""

    def __init__(self) -> None:
        self.rows: list[Any] = []

    async def execute(self, statement: TextClause, parameters: Any = None) -> None:
        self.rows.append(parameters)


def unit(*entries: LedgerEntry) -> tuple[IngestUnit, Written]:
    """A unit that has loaded these entries, and what it writes."""
    written = Written()
    working = IngestUnit(written, Outbox(written, "/test"), NOW, desk=DESK)
    working.entries._loaded.update((e.id, e) for e in entries)
    return working, written


def entry(**changes: Any) -> LedgerEntry:
    values = {"id": an_id(), "outcome": None, "reason": "new", "ticket_id": None, "ticket_number": None, "received_at": NOW}
    return LedgerEntry(**{**values, **changes})


async def test_a_message_that_opened_a_ticket_has_its_outcome_written_once() -> None:
    received = entry()
    working, written = unit(received)
    opened = example(TicketOpenedV1, message_id=received.id)
    CloseEntry(opened).handle(working)
    CloseEntry(changed(opened, ticket={"id": an_id()})).handle(working)
    closed = working.entries.get(received.id)
    assert closed is not None
    assert (closed.outcome, closed.ticket_id) == ("opened", opened.ticket.id), "the first outcome stands"
    await working.entries.flush()
    [row] = written.rows
    assert (row["ids"], row["outcomes"], row["tickets"]) == ([received.id], ["opened"], [opened.ticket.id])


async def test_the_same_event_again_writes_no_entry() -> None:
    opened = example(TicketOpenedV1, message_id=an_id())
    working, written = unit(entry(id=opened.message_id, outcome="opened", ticket_id=opened.ticket.id))
    CloseEntry(opened).handle(working)
    await working.entries.flush()
    assert written.rows == []


async def test_a_message_that_is_not_in_the_ledger_closes_nothing() -> None:
    working, written = unit()
    CloseEntry(example(TicketCustomerRepliedV1, message_id=an_id())).handle(working)
    await working.entries.flush()
    assert written.rows == []


async def test_a_ticket_that_no_message_opened_says_who_takes_part_in_it() -> None:
    working, written = unit()
    by_hand = example(TicketOpenedV1, message_id=None)
    CloseEntry(by_hand).handle(working)
    await working.flush()
    [row] = written.rows
    assert (row["roots"], row["tickets"]) == ([by_hand.ticket.thread_root], [by_hand.ticket.id])
    assert by_hand.ticket.requester.email in row["participants"][0].split("\n")


async def test_who_got_a_copy_of_an_answer_takes_part_from_then_on() -> None:
    working, written = unit()
    answered = example(TicketAgentRepliedV1, ticket={"participants": ["Carl@acme.example"]})
    RememberParticipants(answered).handle(working)
    await working.threads.flush()
    [row] = written.rows
    assert "carl@acme.example" in row["participants"][0].split("\n")
    assert row["versions"] == [answered.ticket.version]


async def test_what_a_machine_answered_has_its_outcome() -> None:
    replied = example(TicketMachineRepliedV1)
    entry = LedgerEntry(replied.message_id, None, "reply by references", None, None, NOW)
    working, _ = unit(entry)
    CloseEntry(replied).handle(working)
    closed = working.entries.get(replied.message_id)
    assert closed is not None
    assert (closed.outcome, closed.reason, closed.ticket_number) == (
        "appended",
        "reply by references, of a machine",
        replied.ticket.number,
    )
