"""Other custom fields are defined: conditions see them as what they are, from the next decision on."""

from dataclasses import dataclass

from deskstream_contracts.events.settings import CustomerFieldsChangedV1, OrganizationFieldsChangedV1, TicketFieldsChangedV1
from routing_svc.persistence.unit import RoutingUnit


@dataclass(frozen=True, slots=True)
class FollowFields:
    event: TicketFieldsChangedV1 | CustomerFieldsChangedV1 | OrganizationFieldsChangedV1

    def needs(self, unit: RoutingUnit) -> None:
        """Nothing: a document is heard of as a whole."""

    def handle(self, unit: RoutingUnit) -> None:
        unit.heard_fields.keep(self.event, self.event.content)
