"""All that sla-svc hears."""

from typing import Final

from deskstream_chassis.bus.consumer import Subscriptions
from deskstream_contracts.events import tickets
from sla_svc.handlers.follow_ticket import follow_ticket
from sla_svc.persistence.unit import SlaUnit

SUBSCRIPTIONS: Final[Subscriptions[SlaUnit]] = {
    tickets.TicketOpenedV1: follow_ticket("opened"),
    tickets.TicketCustomerRepliedV1: follow_ticket("customer_replied"),
    tickets.TicketAgentRepliedV1: follow_ticket("agent_replied"),
    tickets.TicketAssignedV1: follow_ticket("other"),
    tickets.TicketPrioritisedV1: follow_ticket("other"),
    tickets.TicketClassifiedV1: follow_ticket("other"),
    tickets.TicketResolvedV1: follow_ticket("other"),
    tickets.TicketReopenedV1: follow_ticket("other"),
    tickets.TicketClosedV1: follow_ticket("other"),
}
