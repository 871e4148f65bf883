"""All that sla-svc hears, and what it does then."""

from typing import Final

from deskstream_chassis.bus.consumer import Subscriptions
from deskstream_contracts.events import tickets
from sla_svc.handlers.follow_ticket import FollowTicket
from sla_svc.persistence.unit import SlaUnit

SUBSCRIPTIONS: Final[Subscriptions[SlaUnit]] = {
    tickets.TicketOpenedV1: FollowTicket,
    tickets.TicketCustomerRepliedV1: FollowTicket,
    tickets.TicketAgentRepliedV1: FollowTicket,
    tickets.TicketAssignedV1: FollowTicket,
    tickets.TicketPrioritisedV1: FollowTicket,
    tickets.TicketClassifiedV1: FollowTicket,
    tickets.TicketRequesterUpdatedV1: FollowTicket,
    tickets.TicketResolvedV1: FollowTicket,
    tickets.TicketReopenedV1: FollowTicket,
    tickets.TicketClosedV1: FollowTicket,
}
