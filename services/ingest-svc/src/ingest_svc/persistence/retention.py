"""How long raw messages are kept. The ledger is kept for ever."""

from typing import Final

from deskstream_chassis.store.kept import Kept, KeptWithin
from ingest_svc.settings import Settings

_MESSAGES: Final = 100
"""In one transaction: each may be 25 MiB, which is some thousand rows beside the table."""

# Several entries may share one message: it goes with the last that holds it. The first of them has its id.
_LAST_HOLDER: Final = """
    DELETE FROM raw_messages AS m USING gone WHERE m.id = gone.raw_id
    AND NOT EXISTS (SELECT FROM receipts AS r WHERE r.id = m.id AND r.raw_kept AND r.id NOT IN (SELECT id FROM gone))
    AND NOT EXISTS (
        SELECT FROM receipts AS r
        WHERE r.raw_id = m.id AND r.raw_id <> r.id AND r.raw_kept AND r.id NOT IN (SELECT id FROM gone)
    )"""

_IN_QUARANTINE: Final = "outcome = 'quarantined' AND raw_kept"
_BROUGHT_BY: Final = "relay_trusted, peer, CASE WHEN relay_trusted THEN lower(envelope_from) END"
_OLD: Final = "raw_kept = false, raw_gone = 'age'"


def kept(settings: Settings) -> list[Kept]:
    """An entry that is closed lets go of its raw message, and says why: what is in quarantine later, or where there is too much.

    How much that is anybody decides who sends: so it is bounded of each relay (of each sender, where a relay of ours has brought
    it), and of all together, as senders are easily invented.
    """
    return [
        Kept(
            "receipts", "closed_at", settings.keep_raw_mail_days, "outcome <> 'quarantined' AND raw_kept",
            sets=_OLD, columns=("id", "raw_id"), then=_LAST_HOLDER, name="raw_messages", rows=_MESSAGES,
        ),
        Kept(
            "receipts", "closed_at", settings.keep_quarantined_days, _IN_QUARANTINE,
            sets=_OLD, columns=("id", "raw_id"), then=_LAST_HOLDER, name="raw_messages.quarantined", rows=_MESSAGES,
        ),
        KeptWithin(
            "receipts", "closed_at", 0, _IN_QUARANTINE,
            sets="raw_kept = false, raw_gone = 'room'", columns=("id", "raw_id"), then=_LAST_HOLDER, name="raw_messages.beyond",
            rows=_MESSAGES, of=_BROUGHT_BY, most_of_one=settings.quarantine_bytes_of_a_sender, most=settings.quarantine_bytes,
        ),
    ]  # fmt: skip
