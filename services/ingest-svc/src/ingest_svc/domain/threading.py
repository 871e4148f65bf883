"""Where a message belongs (RFC 5322 §3.6.4, signed reply addresses, subject tags): a proof, and a sender who takes part.

A proof without a participant is doubt, and doubt opens a new thread that names the one it may follow: nobody writes into
a stranger's ticket, and nothing is lost.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from deskstream_contracts.wire import Thread
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.mail import ParsedMail

Proof = Literal["reply_address", "references", "subject_tag"]
_TAG = re.compile(r"\[#([0-9]{1,12})\]")
_MAX_TAGS = 5


@dataclass(frozen=True, slots=True)
class EarlierThread:
    """A thread that is there already, and the addresses that take part in it."""

    root: UUID
    participants: frozenset[str]


@dataclass(frozen=True, slots=True)
class TicketThread:
    """What a ticket, at its version, says of its thread."""

    root: UUID
    participants: frozenset[str]
    ticket_id: UUID
    ticket_number: int
    ticket_version: int


@dataclass(frozen=True, slots=True)
class Clues:
    """What a mail says about its thread, the strongest first; nothing of it is believed yet."""

    reply_roots: tuple[UUID, ...] = ()
    references: tuple[str, ...] = ()
    own_roots: tuple[UUID, ...] = ()
    ticket_numbers: tuple[int, ...] = ()


@dataclass(slots=True)
class EarlierMail:
    """What came before, as far as a batch asks about it; each message that is decided is added for those behind it."""

    originals: dict[str, UUID] = field(default_factory=dict)
    """Fingerprint → the receipt that had it first."""
    roots: dict[str, list[tuple[str, UUID]]] = field(default_factory=dict)
    """Message-ID of a message received → (mailbox, thread root)."""
    threads: dict[UUID, EarlierThread] = field(default_factory=dict)
    tickets: dict[int, UUID] = field(default_factory=dict)
    """Ticket number → thread root."""
    unread: dict[str, set[UUID]] = field(default_factory=dict)
    """Message-ID → the receipts that seem to have it, and were not decided yet."""
    decided: set[UUID] = field(default_factory=set)
    """What of the unread has been decided since."""

    def add_thread(self, root: UUID, participant: str) -> None:
        """Adds a thread that has just begun, with the one who began it."""
        self.threads[root] = EarlierThread(root, frozenset({participant}))

    def add_message(self, message_id: str, mailbox: str, root: UUID) -> None:
        """Adds a message to those that can be referred to."""
        self.roots.setdefault(message_id, []).append((mailbox, root))

    def unread_before(self, receipt_id: UUID, references: Iterable[str]) -> UUID | None:
        """The last receipt before this one that seems to be referred to and is not decided; None where all are."""
        found = (id_ for reference in references for id_ in self.unread.get(reference, ()))
        return max((id_ for id_ in found if id_ < receipt_id and id_ not in self.decided), default=None)


def clues(mail: ParsedMail, recipient: str | None, desk: Desk) -> Clues:
    """The clues of a mail that came to `recipient` (the address as its sender wrote it)."""
    addresses = [a.email for a in (*mail.to, *mail.cc)]
    if recipient:
        addresses.insert(0, recipient)
    references = tuple(mail.references)
    return Clues(
        reply_roots=tuple(dict.fromkeys(desk.thread_of_addresses(addresses))),
        references=references,
        own_roots=tuple(root for r in references if (root := desk.thread_of_message_id(r)) is not None),
        ticket_numbers=tuple(int(n) for n in _TAG.findall(mail.subject)[:_MAX_TAGS]),
    )


def assign_thread(receipt_id: UUID, mailbox: str, sender: str | None, found: Clues, earlier: EarlierMail) -> Thread:
    """The thread of a message. `sender` is None where the From field must not count as anybody's (refuted, or unknown)."""
    doubtful: tuple[Proof, UUID] | None = None
    for proof, root in _candidates(found, mailbox, earlier):
        thread = earlier.threads.get(root)
        if thread is not None and sender is not None and sender in thread.participants:
            return Thread(root=root, relation="reply", proof=proof)
        doubtful = doubtful or (proof, root)
    if doubtful is not None:
        return Thread(root=receipt_id, relation="possible_follow_up", proof=doubtful[0], follows=doubtful[1])
    return Thread(root=receipt_id, relation="new")


def _candidates(found: Clues, mailbox: str, earlier: EarlierMail) -> Iterator[tuple[Proof, UUID]]:
    for root in found.reply_roots:
        yield "reply_address", root
    for root in found.own_roots:
        yield "references", root
    for reference in found.references:
        for _, root in _nearest(earlier.roots.get(reference, ()), mailbox):
            yield "references", root
    for number in found.ticket_numbers:
        if (tagged := earlier.tickets.get(number)) is not None:
            yield "subject_tag", tagged


def _nearest(roots: Iterable[tuple[str, UUID]], mailbox: str) -> list[tuple[str, UUID]]:
    # A mail to two of our mailboxes is in two threads: an answer belongs into the one of the mailbox it was sent to.
    return sorted(roots, key=lambda entry: entry[0] != mailbox)
