"""How long raw messages are kept. The ledger is kept for ever."""

from typing import Final

from deskstream_chassis.store.kept import Kept
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


def kept(settings: Settings) -> list[Kept]:
    """An entry that is closed and not in quarantine lets go of its raw message."""
    return [
        Kept(
            "receipts", "closed_at", settings.keep_raw_mail_days, "outcome <> 'quarantined' AND raw_kept",
            sets="raw_kept = false", columns=("id", "raw_id"), then=_LAST_HOLDER, name="raw_messages", rows=_MESSAGES,
        )
    ]  # fmt: skip
