"""The metrics of ticket-svc, named once. Labels are bounded. How many were opened or reopened is in deskstream_events."""

from typing import Final, get_args

from prometheus_client import Gauge, Histogram

from deskstream_chassis.watch.metrics import AGE, zero
from deskstream_contracts.wire import Priority

_HOUR: Final = 3600
_BUCKETS: Final = tuple(_HOUR * h for h in (1 / 60, 1 / 12, 0.25, 0.5, 1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 336))

LABELS: Final = {"priority": "low, medium, high, critical"}

FIRST_RESPONSE_SECONDS: Final = Histogram(
    "deskstream_ticket_first_response_seconds",
    "From the customer's request to an agent's first answer, by the clock on the wall.",
    ["priority"],
    buckets=_BUCKETS,
)
RESOLUTION_SECONDS: Final = Histogram(
    "deskstream_ticket_resolution_seconds",
    "From the customer's request to its resolution, by the clock on the wall; again for each resolution of a reopened ticket.",
    ["priority"],
    buckets=_BUCKETS,
)

HELD_DUE: Final = Gauge("deskstream_ticket_held_due", "Answers and solutions that were held, are due and are not sent yet.")
HELD_OVERDUE: Final = Gauge(
    "deskstream_ticket_held_overdue_seconds", "Since when the oldest held answer or solution is due and not sent; 0 without any."
)
HELD_LATE: Final = Histogram(
    "deskstream_ticket_held_late_seconds", "How late what was held was sent, after it was due.", buckets=AGE
)

for _metric in (FIRST_RESPONSE_SECONDS, RESOLUTION_SECONDS):
    zero(_metric, get_args(Priority))
