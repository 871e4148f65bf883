"""Whether the sender is who the From field says: only our own relay's DMARC verdict (RFC 7489, RFC 8601) tells."""

from collections.abc import Sequence
from enum import Enum

from ingest_svc.domain.mail import DmarcVerdict


class SenderProof(Enum):
    """PROVEN: an aligned DMARC pass. REFUTED: our relay says the mail fails the domain's own policy. UNKNOWN: anything else."""

    PROVEN = "proven"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


def sender_proof(verdicts: Sequence[DmarcVerdict], from_address: str) -> SenderProof:
    """What the verdicts of our own relay say of the sender.

    There must be one, and it must name the From field's own domain: a relay judges one domain, and a second From is not among
    what it judged.
    """
    if len(verdicts) != 1:
        return SenderProof.UNKNOWN
    (verdict,) = verdicts
    domain = from_address.rpartition("@")[2].lower()
    if verdict.result == "pass" and verdict.domains == [domain]:
        return SenderProof.PROVEN
    return SenderProof.REFUTED if verdict.result == "fail" else SenderProof.UNKNOWN
