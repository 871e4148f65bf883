"""What is written in a ticket by the staff, as the conversation keeps it. What comes from outside is kept as it was received."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deskstream_contracts.undo import Undo
from deskstream_contracts.wire import File
from ticket_svc.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Author:
    """An account of the staff; its id need not be an address."""

    id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class OutMessage:
    """An answer (kind `agent`) or a note (kind `note`)."""

    id: UUID
    kind: str
    author: Author
    text: str
    subject: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageWritten:
    """A message that was added, or is held, and the ticket after it."""

    message_id: UUID
    ticket: Ticket
    held_until: datetime | None = None
    undo: Undo | None = None


@dataclass(frozen=True, slots=True)
class TicketChanged:
    """A ticket after a command, and what that can be undone by."""

    ticket: Ticket
    held_until: datetime | None = None
    undo: Undo | None = None
