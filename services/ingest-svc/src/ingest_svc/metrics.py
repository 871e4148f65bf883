"""The metrics of ingest-svc, named once. Labels are bounded."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

ACCEPTED: Final = Counter("deskstream_ingest_accepted", "Messages committed to the ledger.", ["door"])
REFUSED: Final = Counter("deskstream_ingest_refused", "Messages not taken, by SMTP or HTTP status.", ["door", "status"])
INTAKE_BATCH: Final = Histogram(
    "deskstream_ingest_intake_batch_messages", "Messages in one commit.", buckets=(1, 2, 5, 10, 20, 50, 100, 200)
)
SORT_BATCH: Final = Histogram(
    "deskstream_ingest_sort_batch_messages", "Messages sorted in one transaction.", buckets=(1, 2, 5, 10, 20, 50, 100, 200)
)
SORTED: Final = Counter("deskstream_ingest_sorted", "Messages sorted, by what was decided.", ["decision", "reason"])
CLOSED: Final = Counter("deskstream_ingest_closed", "Ledger entries closed by a ticket event, by outcome.", ["outcome"])
CONTRADICTIONS: Final = Counter(
    "deskstream_ingest_contradictions", "Ticket events that name another outcome than the ledger holds; never to be above zero."
)
UNKNOWN: Final = Counter("deskstream_ingest_unknown_messages", "Ticket events about messages that are not in the ledger.")
PARSER_DEATHS: Final = Counter("deskstream_ingest_parser_deaths", "Parser processes that ended or were ended at a limit.")
SMTP_SESSIONS: Final = Gauge("deskstream_ingest_smtp_sessions", "Open SMTP connections.")
SORTER_ACTIVE: Final = Gauge("deskstream_ingest_sorter_active", "1 where this process holds the sorter's lock.")
