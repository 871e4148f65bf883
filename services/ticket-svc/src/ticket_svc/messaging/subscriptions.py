"""All that ticket-svc hears."""

from collections.abc import Sequence

from deskstream_chassis.bus.consumer import Subscriptions
from deskstream_contracts.events.customers import RequesterIdentifiedV1
from deskstream_contracts.events.routing import RoutingDecidedV1
from ticket_svc.handlers.apply_decision import apply_decision
from ticket_svc.handlers.take_message import take_message
from ticket_svc.persistence.unit import TicketUnit


def subscriptions(types: Sequence[str]) -> Subscriptions[TicketUnit]:
    return {
        RequesterIdentifiedV1: take_message(types),
        RoutingDecidedV1: apply_decision(types),
    }
