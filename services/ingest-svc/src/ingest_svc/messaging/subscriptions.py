"""All that ingest-svc hears."""

from deskstream_chassis.bus.consumer import Handler, Subscriptions
from deskstream_contracts.events.tickets import TicketAgentRepliedV1, TicketCustomerRepliedV1, TicketOpenedV1
from ingest_svc.handlers import close
from ingest_svc.persistence.unit import IngestUnit

SUBSCRIPTIONS: Subscriptions[IngestUnit] = {
    TicketOpenedV1: Handler(close.needs, close.opened),
    TicketCustomerRepliedV1: Handler(close.needs, close.appended),
    TicketAgentRepliedV1: Handler(close.needs_nothing, close.learn),
}
