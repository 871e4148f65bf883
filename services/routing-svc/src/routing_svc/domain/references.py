"""How people name teams, agents and tickets: by what they are called, or by their id."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.digits import whole_number
from routing_svc.domain.refusals import NoSuchTicket


def as_id(reference: str) -> UUID | None:
    """The id that a reference is; None where it is a name or an address."""
    try:
        return UUID(reference)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class TicketReference:
    """A ticket's number, as people say it, or its id."""

    id: UUID | None
    number: int | None

    @staticmethod
    def of(text: str) -> "TicketReference":
        """Raises NoSuchTicket for what can be neither."""
        if (number := whole_number(text)) is not None:
            return TicketReference(None, number)
        id_ = as_id(text)
        if id_ is None:
            raise NoSuchTicket(text)
        return TicketReference(id_, None)
