"""How a ticket is named, and whether somebody sees it."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.digits import whole_number
from deskstream_contracts.visibility import Visibility
from ticket_svc.domain.refusals import NoSuchTicket
from ticket_svc.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class TicketReference:
    """A ticket's number, as people say it, or its id."""

    value: int | UUID

    @staticmethod
    def of(text: str) -> "TicketReference":
        """Raises NoSuchTicket for what can be neither."""
        if (number := whole_number(text)) is not None:
            return TicketReference(number)
        try:
            return TicketReference(UUID(text))
        except ValueError:
            raise NoSuchTicket(text) from None


def is_seen(ticket: Ticket, visibility: Visibility) -> bool:
    """Whether a visibility covers the ticket."""
    organization = ticket.requester.organization
    return visibility.covers(
        customer_id=ticket.requester.customer_id,
        organization_id=organization.id if organization else None,
        team_id=ticket.assignee.team_id,
    )
