"""What the ledger takes down of a decision."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID

from ingest_svc.domain.receipts import Outcome, State
from ingest_svc.domain.sorting import Admitted, Decision, Quarantined, Suppressed


@dataclass(frozen=True, slots=True)
class Verdict:
    """A receipt's entry after it was sorted: closed, with an outcome and its reason, or open until its ticket closes it.

    `participant` is the address that takes part in the thread which the message begins; None where it begins none.
    """

    id: UUID
    state: State
    outcome: Outcome | None
    reason: str
    detail: str | None
    rfc_message_id: str | None
    sender: str | None
    subject: str | None
    fingerprint: str | None
    thread_root: UUID
    closed_at: datetime | None
    participant: str | None = None


def verdict(decision: Decision, now: datetime) -> Verdict:
    """The verdict of a decision that was made `now`. An open entry's reason is how its thread was found."""
    outcome: Outcome | None = None
    detail: str | None = None
    participant: str | None = None
    match decision:
        case Admitted():
            relation, proof = decision.thread.relation, decision.thread.proof
            reason = f"reply by {proof}" if relation == "reply" else relation
            participant = None if relation == "reply" else decision.message.sender.email
        case Suppressed():
            outcome, reason, detail = "suppressed", decision.reason, decision.detail
        case Quarantined():
            outcome, reason, detail = "quarantined", decision.reason, decision.detail
        case _:
            assert_never(decision)
    examined = decision.examined
    return Verdict(
        id=examined.receipt.id,
        state="sorted" if outcome is None else "closed",
        outcome=outcome,
        reason=reason,
        detail=detail,
        rfc_message_id=examined.message_id,
        sender=examined.sender,
        subject=examined.subject,
        fingerprint=examined.fingerprint,
        thread_root=decision.thread.root,
        closed_at=None if outcome is None else now,
        participant=participant,
    )
