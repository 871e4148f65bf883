"""All that notify-svc hears."""

from deskstream_chassis.bus.consumer import Subscriptions
from deskstream_contracts.events.customers import CustomerUpdatedV1
from deskstream_contracts.events.inbound import DeliveryBouncedV1
from deskstream_contracts.events.tickets import TicketAgentRepliedV1, TicketEscalatedV1, TicketOpenedV1, TicketResolvedV1
from notify_svc.handlers import notify
from notify_svc.handlers.learn import remember_customer, suppress_bounced
from notify_svc.handlers.notify import Notifier
from notify_svc.persistence.unit import NotifyUnit


def subscriptions(notifier: Notifier) -> Subscriptions[NotifyUnit]:
    return {
        TicketOpenedV1: notifier.handler(notify.confirmation),
        TicketAgentRepliedV1: notifier.handler(notify.agent_reply),
        TicketResolvedV1: notifier.handler(notify.resolution),
        TicketEscalatedV1: notifier.handler(notify.escalation),
        CustomerUpdatedV1: remember_customer,
        DeliveryBouncedV1: suppress_bounced,
    }
