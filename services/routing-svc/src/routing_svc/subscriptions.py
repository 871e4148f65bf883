"""All that routing-svc hears, and what it does then."""

from typing import Final

from deskstream_chassis.bus.consumer import Subscriptions
from deskstream_contracts.events import settings, slas, tickets
from routing_svc.handlers.decide_ticket import DecideTicket
from routing_svc.handlers.escalate import Escalate
from routing_svc.handlers.follow_fields import FollowFields
from routing_svc.handlers.follow_ticket import FollowTicket
from routing_svc.persistence.unit import RoutingUnit

SUBSCRIPTIONS: Final[Subscriptions[RoutingUnit]] = {
    tickets.TicketOpenedV1: DecideTicket,
    tickets.TicketCustomerRepliedV1: FollowTicket,
    tickets.TicketAssignedV1: FollowTicket,
    tickets.TicketPrioritisedV1: FollowTicket,
    tickets.TicketClassifiedV1: FollowTicket,
    tickets.TicketRequesterUpdatedV1: FollowTicket,
    tickets.TicketResolvedV1: FollowTicket,
    tickets.TicketReopenedV1: FollowTicket,
    tickets.TicketClosedV1: FollowTicket,
    slas.SlaWarnedV1: Escalate,
    slas.SlaBreachedV1: Escalate,
    settings.TicketFieldsChangedV1: FollowFields,
    settings.CustomerFieldsChangedV1: FollowFields,
    settings.OrganizationFieldsChangedV1: FollowFields,
}
