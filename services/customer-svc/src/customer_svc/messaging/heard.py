"""Events of others as the domain has them: the translation on the way in."""

from typing import Final

from customer_svc.domain.identification import Sender
from deskstream_contracts.events.inbound import MessageReceivedV1
from deskstream_contracts.wire import Message

_ENOUGH_WORDS: Final = 5


def sender(event: MessageReceivedV1) -> Sender:
    """What a message says about who sent it."""
    message, requested = event.message, event.requested
    return Sender(
        email=message.sender.email,
        name=message.sender.name,
        proven=message.sender_proven,
        text=_own_words(message),
        at=message.received_at,
        requested_language=requested.language,
        first_name=requested.first_name,
        last_name=requested.last_name,
        phone=requested.phone,
        company=requested.company,
    )


def _own_words(message: Message) -> str:
    """What they wrote now: a quote, a disclaimer, and often the subject, are in somebody else's language."""
    new = message.reply_text or message.text
    return new if len(new.split()) >= _ENOUGH_WORDS else f"{message.subject}\n{new}"
