"""What becomes of a receipt: decided once, from what the parser found and what came before. Pure."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from deskstream_contracts.events.inbound import QuarantineReason
from deskstream_contracts.wire import Message, Requested, Thread
from ingest_svc.domain.automatic import ANSWERS, Machine, machine
from ingest_svc.domain.classification import Reason, suppression
from ingest_svc.domain.contents import Content, Unreadable
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.forms import Submission
from ingest_svc.domain.mail import Bounce, ParsedMail
from ingest_svc.domain.proof import SenderProof, sender_proof
from ingest_svc.domain.receipts import Receipt
from ingest_svc.domain.threading import Clues, EarlierMail, assign_thread, clues


@dataclass(frozen=True, slots=True)
class Examined:
    """A receipt with its content, and what has to be looked up before it can be decided."""

    receipt: Receipt
    content: Content
    clues: Clues
    fingerprint: str | None

    @property
    def message_id(self) -> str | None:
        """The Message-ID (RFC 5322 §3.6.4), with its brackets."""
        return self.content.message_id if isinstance(self.content, ParsedMail) else None

    @property
    def sender(self) -> str | None:
        """The address it says it is from, in lower case."""
        if isinstance(self.content, Unreadable):
            return None
        return self.content.sender.email if self.content.sender else None

    @property
    def subject(self) -> str | None:
        """None where there is none, or where the message cannot be read."""
        return None if isinstance(self.content, Unreadable) else self.content.subject


@dataclass(frozen=True, slots=True)
class Admitted:
    """It goes on: a message of a new thread, or of one that is there already."""

    examined: Examined
    thread: Thread
    message: Message
    requested: Requested


@dataclass(frozen=True, slots=True)
class Suppressed:
    """It is kept, and must not make or move a ticket. `bounces`: the recipients that it reports as not reached."""

    examined: Examined
    thread: Thread
    reason: Reason
    detail: str
    duplicate_of: UUID | None = None
    bounces: tuple[Bounce, ...] = ()


@dataclass(frozen=True, slots=True)
class Quarantined:
    """It could not be understood; a person may look at its raw form."""

    examined: Examined
    thread: Thread
    reason: QuarantineReason
    detail: str


@dataclass(frozen=True, slots=True)
class Waits:
    """It may answer a message that came before it and is not decided yet: `behind`. Until then there is nothing to decide."""

    examined: Examined
    behind: UUID


Decision = Admitted | Suppressed | Quarantined


def examine(receipt: Receipt, content: Content, desk: Desk) -> Examined:
    """Finds what has to be looked up about a receipt before it can be decided."""
    if not isinstance(content, ParsedMail):
        return Examined(receipt, content, Clues(), None)
    fingerprint = None
    if content.content_hash is not None:
        # One mail to two mailboxes is two entries, so the mailbox belongs to the fingerprint.
        digest = hashlib.blake2b(f"{receipt.mailbox}\n{content.content_hash}".encode(), digest_size=16)
        fingerprint = digest.hexdigest()
    return Examined(receipt, content, clues(content, receipt.recipient, desk), fingerprint)


def decide(examined: Examined, earlier: EarlierMail, desk: Desk) -> Decision | Waits:
    """Decides one receipt, and adds it to the `earlier` mail, so that the next of the same batch finds it there.

    What has waited once is decided: nobody can make it wait again.
    """
    decision = _decision(examined, earlier, desk)
    if not isinstance(decision, Waits):
        earlier.decided.add(examined.receipt.id)
    return decision


def _decision(examined: Examined, earlier: EarlierMail, desk: Desk) -> Decision | Waits:
    receipt, content = examined.receipt, examined.content
    new = Thread(root=receipt.id, relation="new")
    if isinstance(content, Unreadable):
        return Quarantined(examined, new, content.reason, content.detail)
    if isinstance(content, Submission):
        return _form(examined, content, new, earlier, desk)
    proof = _proof(receipt, content)
    sender = content.sender.email if content.sender and proof is not SenderProof.REFUTED else None
    thread = assign_thread(receipt.id, receipt.mailbox or "", sender, examined.clues, earlier)
    if thread.relation != "reply" and receipt.behind is None:
        behind = earlier.unread_before(receipt.id, examined.clues.references)
        if behind is not None:
            return Waits(examined, behind)
    original = earlier.originals.get(examined.fingerprint) if examined.fingerprint else None
    if examined.fingerprint and original is None:
        earlier.originals[examined.fingerprint] = receipt.id
    if original is not None:
        detail = f"the same message was received before, as {original}"
        return Suppressed(examined, thread, "duplicate", detail, duplicate_of=original)
    if (why := suppression(content, receipt.envelope_from, desk)) is not None:
        if content.is_delivery_report or content.is_bounce:
            thread = _thread_of_bounce(content, thread, desk)
        return Suppressed(examined, thread, why.reason, why.detail, bounces=tuple(content.bounces))
    by_machine = machine(content, receipt.envelope_from)
    if by_machine is not None and by_machine.kind in ANSWERS and thread.relation != "reply":
        return Suppressed(examined, thread, "auto_reply", f"{by_machine.detail}, and it answers nothing that is known here")
    if content.sender is None:
        return Quarantined(examined, new, "no_sender", content.no_sender)
    if thread.relation != "reply":
        earlier.add_thread(thread.root, content.sender.email)
    if examined.message_id:
        earlier.add_message(examined.message_id, receipt.mailbox or "", thread.root)
    return Admitted(examined, thread, _message(receipt, content, proof, by_machine), Requested())


def _proof(receipt: Receipt, mail: ParsedMail) -> SenderProof:
    if mail.sender is None or not mail.sender_sure or not receipt.relay_trusted:
        return SenderProof.UNKNOWN
    return sender_proof(mail.dmarc, mail.sender.email)


def _thread_of_bounce(mail: ParsedMail, thread: Thread, desk: Desk) -> Thread:
    root = desk.thread_of_message_id(mail.bounced_message_id) if mail.bounced_message_id else None
    return thread if root is None else Thread(root=root, relation="reply", proof="references")


def _form(examined: Examined, form: Submission, thread: Thread, earlier: EarlierMail, desk: Desk) -> Decision:
    receipt = examined.receipt
    if desk.is_ours(form.sender.email):
        return Suppressed(examined, thread, "loop", f"it gives our own address {form.sender.email} as its sender")
    earlier.add_thread(thread.root, form.sender.email)
    message = Message(
        id=receipt.id,
        channel=receipt.wire_channel(),
        sender=form.sender,
        sender_proven=form.sender_proven,
        subject=form.subject,
        text=form.text,
        received_at=receipt.received_at,
        raw_size=receipt.size,
        raw_sha256=receipt.sha256,
        defects=list(form.defects),
    )
    return Admitted(examined, thread, message, form.requested)


def _message(receipt: Receipt, mail: ParsedMail, proof: SenderProof, by_machine: Machine | None) -> Message:
    assert mail.sender is not None
    return Message(
        id=receipt.id,
        channel=receipt.wire_channel(),
        sender=mail.sender,
        sender_proven=proof is SenderProof.PROVEN,
        automatic=by_machine.kind if by_machine else None,
        to=mail.to,
        cc=mail.cc,
        reply_to=mail.reply_to,
        subject=mail.subject,
        text=mail.text,
        reply_text=mail.reply_text,
        html=mail.html,
        sent_at=mail.sent_at,
        received_at=receipt.received_at,
        rfc_message_id=mail.message_id,
        attachments=mail.attachments,
        raw_size=receipt.size,
        raw_sha256=receipt.sha256,
        defects=mail.defects,
    )
