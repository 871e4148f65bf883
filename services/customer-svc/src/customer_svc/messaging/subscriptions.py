"""All that customer-svc hears."""

from customer_svc.handlers.identify_requester import IdentifyRequester
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.consumer import Subscriptions
from deskstream_contracts.events.inbound import MessageReceivedV1


def subscriptions(identify_requester: IdentifyRequester) -> Subscriptions[CustomerUnit]:
    return {MessageReceivedV1: identify_requester.handler()}
