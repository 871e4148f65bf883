"""Every event there is, by its type. What is not in here is not on the bus."""

from typing import Final

from deskstream_contracts.events import customers, inbound, notifications, routing, settings, slas, tickets
from deskstream_contracts.wire import Event

EVENTS: Final[tuple[type[Event], ...]] = (
    inbound.MessageReceivedV1,
    inbound.MessageSuppressedV1,
    inbound.MessageQuarantinedV1,
    inbound.DeliveryBouncedV1,
    customers.RequesterIdentifiedV1,
    customers.CustomerRegisteredV1,
    customers.CustomerUpdatedV1,
    customers.CustomerLanguageChosenV1,
    customers.CustomerTaggedV1,
    customers.CustomerJoinedV1,
    customers.CustomerLeftV1,
    customers.CustomerDeactivatedV1,
    customers.CustomerReactivatedV1,
    customers.OrganizationCreatedV1,
    customers.OrganizationRenamedV1,
    customers.OrganizationDomainsChangedV1,
    customers.OrganizationSharingChosenV1,
    customers.OrganizationTaggedV1,
    customers.OrganizationUpdatedV1,
    tickets.TicketOpenedV1,
    tickets.TicketCustomerRepliedV1,
    tickets.TicketAgentRepliedV1,
    tickets.TicketNotedV1,
    tickets.TicketAssignedV1,
    tickets.TicketPrioritisedV1,
    tickets.TicketClassifiedV1,
    tickets.TicketEscalatedV1,
    tickets.TicketStartedV1,
    tickets.TicketResolvedV1,
    tickets.TicketReopenedV1,
    tickets.TicketClosedV1,
    routing.RoutingDecidedV1,
    routing.AgentUpdatedV1,
    routing.TeamUpdatedV1,
    slas.SlaClockStartedV1,
    slas.SlaPausedV1,
    slas.SlaResumedV1,
    slas.SlaFulfilledV1,
    slas.SlaWarnedV1,
    slas.SlaBreachedV1,
    slas.SlaUpdatedV1,
    notifications.NotificationSentV1,
    notifications.NotificationFailedV1,
    notifications.NotificationRequeuedV1,
    settings.TicketTypesChangedV1,
    settings.ClosingChangedV1,
    settings.LanguagesChangedV1,
    settings.DomainsChangedV1,
)

BY_TYPE: Final[dict[str, type[Event]]] = {event.event_type(): event for event in EVENTS}
