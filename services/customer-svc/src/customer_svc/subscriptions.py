"""All that customer-svc hears, and what it does then."""

from typing import Final

from customer_svc.handlers.identify_requester import IdentifyRequester
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.bus.consumer import Subscriptions
from deskstream_contracts.events.inbound import MessageReceivedV1

SUBSCRIPTIONS: Final[Subscriptions[CustomerUnit]] = {
    MessageReceivedV1: IdentifyRequester,
}
