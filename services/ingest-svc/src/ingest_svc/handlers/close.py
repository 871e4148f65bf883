"""Closing: ticket-svc tells what became of a message, and the ledger takes it down, once."""

from uuid import UUID

from deskstream_chassis.watch.logs import logger
from deskstream_chassis.watch.metrics import child
from deskstream_contracts.events.tickets import (
    TicketAgentRepliedV1,
    TicketCustomerRepliedV1,
    TicketEvent,
    TicketOpenedV1,
    TicketState,
)
from ingest_svc import metrics
from ingest_svc.domain.receipts import Outcome
from ingest_svc.persistence.unit import IngestUnit, ThreadState

_log = logger(__name__)


def needs(unit: IngestUnit, event: TicketOpenedV1 | TicketCustomerRepliedV1) -> None:
    if event.message_id is not None:
        unit.entries.need(event.message_id)


def opened(unit: IngestUnit, event: TicketOpenedV1) -> None:
    learn(unit, event)
    if event.message_id is not None:
        _close(unit, event.message_id, "opened", None, event.ticket)


def appended(unit: IngestUnit, event: TicketCustomerRepliedV1) -> None:
    learn(unit, event)
    _close(unit, event.message_id, "appended", "reopened" if event.reopened else None, event.ticket)


def needs_nothing(unit: IngestUnit, event: TicketAgentRepliedV1) -> None:
    return


def learn(unit: IngestUnit, event: TicketEvent) -> None:
    """Takes over who takes part in the ticket's thread."""
    ticket = event.ticket
    addresses = {address.strip().lower() for address in (*ticket.participants, ticket.requester.email) if address.strip()}
    unit.threads.put(ThreadState(ticket.thread_root, frozenset(addresses), ticket.id, ticket.number, ticket.version))


def _close(unit: IngestUnit, message_id: UUID, outcome: Outcome, more: str | None, ticket: TicketState) -> None:
    entry = unit.entries.get(message_id)
    if entry is None:
        metrics.UNKNOWN.inc()
        return
    if entry.outcome is None:
        reason = ", ".join(filter(None, (entry.reason, more))) or None
        unit.entries.close(entry, outcome, reason, ticket.id, ticket.number)
        child(metrics.OUTCOMES, outcome, reason or "").inc()
        child(metrics.TICKET_SECONDS, outcome).observe((unit.now - entry.received_at).total_seconds())
    elif (entry.outcome, entry.ticket_id) != (outcome, ticket.id):
        # The first outcome stands: a ledger that can be rewritten proves nothing.
        metrics.CONTRADICTIONS.inc()
        _log.error("a second outcome", receipt=str(message_id), has=entry.outcome, told=outcome, ticket=str(ticket.id))
