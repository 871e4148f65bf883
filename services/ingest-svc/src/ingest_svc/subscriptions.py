"""All that ingest-svc hears, and what it does then."""

from typing import Final

from deskstream_chassis.bus.consumer import Subscriptions
from deskstream_contracts.events.tickets import (
    TicketAgentRepliedV1,
    TicketCustomerRepliedV1,
    TicketMachineRepliedV1,
    TicketOpenedV1,
    TicketRequesterUpdatedV1,
)
from ingest_svc.handlers.close_entry import CloseEntry
from ingest_svc.handlers.remember_participants import RememberParticipants
from ingest_svc.persistence.unit import IngestUnit

SUBSCRIPTIONS: Final[Subscriptions[IngestUnit]] = {
    TicketOpenedV1: CloseEntry,
    TicketCustomerRepliedV1: CloseEntry,
    TicketMachineRepliedV1: CloseEntry,
    TicketAgentRepliedV1: RememberParticipants,
    TicketRequesterUpdatedV1: RememberParticipants,
}
