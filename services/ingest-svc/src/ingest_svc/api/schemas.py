"""What the API answers to who hands something in, and to the gateway alone."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import BaseModel


class Accepted(BaseModel):
    """`receipt`: the entry's id in the ledger, and the message's id everywhere."""

    receipt: UUID

    @staticmethod
    def of(receipts: Sequence[UUID]) -> "Accepted":
        """Of the receipts of one message; over HTTP it comes to one mailbox."""
        return Accepted(receipt=receipts[0])


class MessageTicket(BaseModel):
    """Which ticket a message belongs to. None where it belongs to none (yet)."""

    ticket_id: UUID | None
