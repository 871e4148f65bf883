"""All that ticket-svc hears, and what it does then."""

from typing import Final

from deskstream_chassis.bus.consumer import Subscriptions
from deskstream_contracts.events.customers import RequesterIdentifiedV1
from deskstream_contracts.events.routing import RoutingDecidedV1
from ticket_svc.handlers.apply_decision import ApplyDecision
from ticket_svc.handlers.take_message import TakeMessage
from ticket_svc.persistence.unit import TicketUnit

SUBSCRIPTIONS: Final[Subscriptions[TicketUnit]] = {
    RequesterIdentifiedV1: TakeMessage,
    RoutingDecidedV1: ApplyDecision,
}
