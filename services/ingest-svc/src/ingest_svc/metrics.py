"""The metrics of ingest-svc, named once. Labels are bounded."""

from typing import Final, get_args

from prometheus_client import Counter, Gauge, Histogram

from deskstream_chassis.watch.metrics import AGE, zero
from deskstream_contracts.events.inbound import QuarantineReason, SuppressionReason

LABELS: Final = {
    "door": "smtp, http_mail, form, api",
    "cause": "slow, indebted",
    "outcome": "opened, appended, suppressed, quarantined",
    "reason": "why a message had its outcome, in the ledger's words: of the contract's lists, or how its thread was found",
}

ACCEPTED: Final = Counter("deskstream_ingest_accepted", "Messages committed to the ledger.", ["door"])
REFUSED: Final = Counter("deskstream_ingest_refused", "Messages not taken, by SMTP or HTTP status.", ["door", "status"])
INTAKE_BATCH: Final = Histogram(
    "deskstream_ingest_intake_batch_messages", "Messages in one commit.", buckets=(1, 2, 5, 10, 20, 50, 100, 200)
)
SORT_BATCH: Final = Histogram(
    "deskstream_ingest_sort_batch_messages", "Messages sorted in one transaction.", buckets=(1, 2, 5, 10, 20, 50, 100, 200)
)
OUTCOMES: Final = Counter("deskstream_ingest_outcomes", "Ledger entries that got their outcome, and why.", ["outcome", "reason"])
TICKET_SECONDS: Final = Histogram(
    "deskstream_ingest_ticket_seconds",
    "From the receipt of a message until the ledger knew its ticket.",
    ["outcome"],
    buckets=AGE,
)
OPEN: Final = Gauge("deskstream_ingest_open_entries", "Ledger entries without an outcome.")
OLDEST_OPEN: Final = Gauge("deskstream_ingest_oldest_open_seconds", "Age of the oldest ledger entry without an outcome.")
CONTRADICTIONS: Final = Counter(
    "deskstream_ingest_contradictions", "Ticket events that name another outcome than the ledger holds; never to be above zero."
)
UNKNOWN: Final = Counter("deskstream_ingest_unknown_messages", "Ticket events about messages that are not in the ledger.")
PARSER_DEATHS: Final = Counter("deskstream_ingest_parser_deaths", "Parser processes that ended or were ended at a limit.")
POSTPONED: Final = Counter(
    "deskstream_ingest_postponed",
    "Messages that wait: slow to read, of a sender of much that is, or behind one that they may answer.",
    ["cause"],
)
SMTP_SESSIONS: Final = Gauge("deskstream_ingest_smtp_sessions", "Open SMTP connections.")
SMTP_BYTES: Final = Gauge("deskstream_ingest_smtp_bytes", "Bytes of mails that are under way over SMTP and not yet stored.")
SORTER_ACTIVE: Final = Gauge("deskstream_ingest_sorter_active", "1 where this process holds the sorter's lock.")

zero(ACCEPTED, ("smtp", "http_mail", "form", "api"))
zero(REFUSED, ("smtp",), ("421", "451", "452", "550"))
zero(POSTPONED, ("slow", "indebted", "behind"))
zero(OUTCOMES, ("opened",), ("new",))
zero(OUTCOMES, ("suppressed",), get_args(SuppressionReason))
zero(OUTCOMES, ("quarantined",), get_args(QuarantineReason))
