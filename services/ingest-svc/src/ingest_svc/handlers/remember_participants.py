"""An agent answered, perhaps with a copy, or the customer has another address: who takes part in the thread is taken over."""

from dataclasses import dataclass

from deskstream_contracts.events.tickets import TicketAgentRepliedV1, TicketRequesterUpdatedV1
from ingest_svc.messaging.heard import thread
from ingest_svc.persistence.unit import IngestUnit


@dataclass(frozen=True, slots=True)
class RememberParticipants:
    event: TicketAgentRepliedV1 | TicketRequesterUpdatedV1

    def needs(self, unit: IngestUnit) -> None:
        return

    def handle(self, unit: IngestUnit) -> None:
        unit.threads.put(thread(self.event.ticket))
