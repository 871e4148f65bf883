"""All that routing-svc hears."""

from typing import Final

from deskstream_chassis.bus.consumer import Subscriptions
from deskstream_contracts.events import slas, tickets
from routing_svc.handlers.decide_ticket import decide_ticket
from routing_svc.handlers.escalate import escalate
from routing_svc.handlers.follow_ticket import follow_ticket
from routing_svc.persistence.unit import RoutingUnit

SUBSCRIPTIONS: Final[Subscriptions[RoutingUnit]] = {
    tickets.TicketOpenedV1: decide_ticket,
    tickets.TicketCustomerRepliedV1: follow_ticket,
    tickets.TicketAssignedV1: follow_ticket,
    tickets.TicketPrioritisedV1: follow_ticket,
    tickets.TicketClassifiedV1: follow_ticket,
    tickets.TicketResolvedV1: follow_ticket,
    tickets.TicketReopenedV1: follow_ticket,
    tickets.TicketClosedV1: follow_ticket,
    slas.SlaWarnedV1: escalate,
    slas.SlaBreachedV1: escalate,
}
