"""Ways to look at what is to be sent."""

import email
import email.policy
from email.message import EmailMessage
from typing import Any

from deskstream_chassis.testing import OpenService, accepted, another, following
from deskstream_contracts.events.inbound import DeliveryBouncedV1
from deskstream_contracts.events.tickets import TicketAgentRepliedV1, TicketEvent, TicketOpenedV1


async def deliveries(desk: OpenService, **filters: Any) -> list[dict[str, Any]]:
    """As the API has them: the newest first."""
    found: list[dict[str, Any]] = accepted(await desk.as_("viewer").get("/deliveries", params=filters))["items"]
    return found


async def mail_to(desk: OpenService, recipient: str) -> EmailMessage:
    """The only mail to somebody. What is in a mail shows nowhere but in the queue."""
    (row,) = await desk.rows("SELECT content FROM deliveries WHERE recipient = :recipient", recipient=recipient)
    message = email.message_from_bytes(row.content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def answered(opened: TicketOpenedV1, *cc: str) -> TicketAgentRepliedV1:
    return following(opened, TicketAgentRepliedV1, cc=[{"email": address} for address in cc])


async def bounce_of(desk: OpenService, about: TicketEvent, **changes: Any) -> DeliveryBouncedV1:
    """The report that the mail about an event did not reach its recipient."""
    (sent,) = await deliveries(desk, ticket_id=about.ticket.id)
    found = {"recipient": sent["recipient"], "original_rfc_message_id": sent["rfc_message_id"], **changes}
    return another(DeliveryBouncedV1, **found)
