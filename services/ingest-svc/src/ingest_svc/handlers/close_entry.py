"""A message opened a ticket, or was appended to one: its entry is closed, once."""

from dataclasses import dataclass

from deskstream_chassis.watch.logs import logger
from deskstream_chassis.watch.metrics import child
from deskstream_contracts.events.tickets import TicketCustomerRepliedV1, TicketMachineRepliedV1, TicketOpenedV1
from ingest_svc import metrics
from ingest_svc.domain import entries
from ingest_svc.domain.entries import LedgerEntry, TicketOutcome
from ingest_svc.messaging.heard import outcome, thread
from ingest_svc.persistence.unit import IngestUnit

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class CloseEntry:
    """What the ticket says of its thread is taken over as well: it comes with every event of it."""

    event: TicketOpenedV1 | TicketCustomerRepliedV1 | TicketMachineRepliedV1

    def needs(self, unit: IngestUnit) -> None:
        if self.event.message_id is not None:
            unit.entries.need(self.event.message_id)

    def handle(self, unit: IngestUnit) -> None:
        unit.threads.put(thread(self.event.ticket))
        became = outcome(self.event)
        if became is None:
            return
        entry = unit.entries.get(became.message_id)
        if entry is None:
            metrics.UNKNOWN.inc()
        elif entry.outcome is None:
            _close(unit, entry, became)
        elif entries.contradicts(entry, became):
            # The first outcome stands: a ledger that can be rewritten proves nothing.
            metrics.CONTRADICTIONS.inc()
            _log.error(
                "a second outcome",
                receipt=str(entry.id),
                has=entry.outcome,
                heard=became.outcome,
                ticket=str(became.ticket_id),
            )


def _close(unit: IngestUnit, entry: LedgerEntry, became: TicketOutcome) -> None:
    closed = entries.close(entry, became)
    unit.entries.put(closed)
    child(metrics.OUTCOMES, became.outcome, closed.reason or "").inc()
    child(metrics.TICKET_SECONDS, became.outcome).observe((unit.now - entry.received_at).total_seconds())
