"""A customer who has become otherwise: what their open tickets are to say."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_contracts.wire import Actor
from ticket_svc.domain.ticket import Requester


@dataclass(frozen=True, slots=True)
class ChangedRequester:
    """`requester` is without the organization, of which only the id was told; `by` changed the customer."""

    requester: Requester
    organization_id: UUID | None
    by: Actor
