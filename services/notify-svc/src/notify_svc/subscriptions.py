"""All that notify-svc hears, and what it does then."""

from typing import Final

from deskstream_chassis.bus.consumer import Subscriptions
from deskstream_contracts.events.customers import (
    CustomerDeactivatedV1,
    CustomerJoinedV1,
    CustomerLanguageChosenV1,
    CustomerLeftV1,
    CustomerReactivatedV1,
    CustomerTaggedV1,
    CustomerUpdatedV1,
)
from deskstream_contracts.events.inbound import DeliveryBouncedV1
from deskstream_contracts.events.tickets import TicketCustomerRepliedV1
from notify_svc.handlers.hear_from_customer import HearFromCustomer
from notify_svc.handlers.notify import Notify
from notify_svc.handlers.remember_customer import RememberCustomer
from notify_svc.handlers.suppress_bounced import SuppressBounced
from notify_svc.messaging.heard import HEARD
from notify_svc.persistence.unit import NotifyUnit

SUBSCRIPTIONS: Final[Subscriptions[NotifyUnit]] = {
    **dict.fromkeys(HEARD, Notify),
    # Each carries the customer's state: of a compacted topic a late reader finds the last one only, whichever it is. Who has just
    # been registered is known from the ticket.
    CustomerUpdatedV1: RememberCustomer,
    CustomerLanguageChosenV1: RememberCustomer,
    CustomerTaggedV1: RememberCustomer,
    CustomerJoinedV1: RememberCustomer,
    CustomerLeftV1: RememberCustomer,
    CustomerDeactivatedV1: RememberCustomer,
    CustomerReactivatedV1: RememberCustomer,
    DeliveryBouncedV1: SuppressBounced,
    TicketCustomerRepliedV1: HearFromCustomer,
}
