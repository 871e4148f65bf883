"""All that ticket-svc hears, and what it does then."""

from typing import Final

from deskstream_chassis.bus.consumer import Subscriptions
from deskstream_contracts.events import customers
from deskstream_contracts.events.routing import RoutingDecidedV1
from ticket_svc.handlers.apply_decision import ApplyDecision
from ticket_svc.handlers.follow_customer import FollowCustomer, FollowOrganization
from ticket_svc.handlers.take_message import TakeMessage
from ticket_svc.persistence.unit import TicketUnit

SUBSCRIPTIONS: Final[Subscriptions[TicketUnit]] = {
    customers.RequesterIdentifiedV1: TakeMessage,
    RoutingDecidedV1: ApplyDecision,
    customers.CustomerUpdatedV1: FollowCustomer,
    customers.CustomerLanguageChosenV1: FollowCustomer,
    customers.CustomerTaggedV1: FollowCustomer,
    customers.CustomerJoinedV1: FollowCustomer,
    customers.CustomerLeftV1: FollowCustomer,
    customers.OrganizationCreatedV1: FollowOrganization,
    customers.OrganizationRenamedV1: FollowOrganization,
    customers.OrganizationUpdatedV1: FollowOrganization,
}
