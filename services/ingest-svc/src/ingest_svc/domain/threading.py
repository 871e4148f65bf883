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
_TAG = re.compile(r"\[#(\d{1,12})\]")
_MAX_TAGS = 5


@dataclass(frozen=True, slots=True)
class EarlierThread:
    root: UUID
    participants: frozenset[str]


@dataclass(frozen=True, slots=True)
class Clues:
    """What a mail says about its thread, the strongest first; nothing of it is believed yet."""

    reply_roots: tuple[UUID, ...] = ()
    references: tuple[str, ...] = ()
    own_roots: tuple[UUID, ...] = ()
    ticket_numbers: tuple[int, ...] = ()


@dataclass(slots=True)
class EarlierMail:
    """What the ledger knows of all that a batch asks about, kept up to date while the batch is decided."""

    originals: dict[str, UUID] = field(default_factory=dict)
    """Fingerprint → the receipt that had it first."""
    roots: dict[str, list[tuple[str, UUID]]] = field(default_factory=dict)
    """Message-ID of a message received → (mailbox, thread root)."""
    threads: dict[UUID, EarlierThread] = field(default_factory=dict)
    tickets: dict[int, UUID] = field(default_factory=dict)
    """Ticket number → thread root."""


def clues(mail: ParsedMail, recipient: str | None, desk: Desk) -> Clues:
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


def place(receipt_id: UUID, mailbox: str, sender: str | None, found: Clues, known: EarlierMail) -> Thread:
    """The thread of a message. `sender` is None where the From field must not count as anybody's (refuted, or unknown)."""
    doubtful: tuple[Proof, UUID] | None = None
    for proof, root in _candidates(found, mailbox, known):
        thread = known.threads.get(root)
        if thread is not None and sender is not None and sender in thread.participants:
            return Thread(root=root, relation="reply", proof=proof)
        doubtful = doubtful or (proof, root)
    if doubtful is not None:
        return Thread(root=receipt_id, relation="possible_follow_up", proof=doubtful[0], follows=doubtful[1])
    return Thread(root=receipt_id, relation="new")


def _candidates(found: Clues, mailbox: str, known: EarlierMail) -> Iterator[tuple[Proof, UUID]]:
    for root in found.reply_roots:
        yield "reply_address", root
    for root in found.own_roots:
        yield "references", root
    for reference in found.references:
        for _, root in _nearest(known.roots.get(reference, ()), mailbox):
            yield "references", root
    for number in found.ticket_numbers:
        if (tagged := known.tickets.get(number)) is not None:
            yield "subject_tag", tagged


def _nearest(roots: Iterable[tuple[str, UUID]], mailbox: str) -> list[tuple[str, UUID]]:
    # A mail to two of our mailboxes is in two threads: an answer belongs into the one of the mailbox it was sent to.
    return sorted(roots, key=lambda entry: entry[0] != mailbox)
