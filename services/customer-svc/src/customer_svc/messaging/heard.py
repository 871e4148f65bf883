"""Events of others as the domain has them: the translation on the way in."""

from customer_svc.domain.identification import Sender
from deskstream_contracts.events.inbound import MessageReceivedV1


def sender(event: MessageReceivedV1) -> Sender:
    """What a message says about who sent it."""
    message, requested = event.message, event.requested
    return Sender(
        email=message.sender.email,
        name=message.sender.name,
        proven=message.sender_proven,
        text=f"{message.subject}\n{message.text}",
        at=message.received_at,
        requested_language=requested.language,
        first_name=requested.first_name,
        last_name=requested.last_name,
        phone=requested.phone,
        company=requested.company,
    )
