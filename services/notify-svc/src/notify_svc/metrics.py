"""The metrics of notify-svc, named once. Labels are bounded."""

from typing import Final, get_args

from prometheus_client import Counter, Gauge, Histogram

from deskstream_chassis.watch.metrics import AGE, zero
from deskstream_contracts.events.notifications import NotificationKind
from notify_svc.domain.notices import WithheldBecause

_KINDS: Final = get_args(NotificationKind)
_REASONS: Final = get_args(WithheldBecause)

LABELS: Final = {"kind": ", ".join(_KINDS), "reason": ", ".join(_REASONS)}

DELIVERIES: Final = Counter("deskstream_notify_deliveries", "Attempts to deliver, by what came of them.", ["kind", "status"])
DELIVERY_SECONDS: Final = Histogram(
    "deskstream_notify_delivery_seconds",
    "From what a mail tells of (a confirmation: the receipt of the request) until the mail server had it.",
    ["kind"],
    buckets=AGE,
)
WITHHELD: Final = Counter("deskstream_notify_withheld", "Mails that were not to be sent, and why.", ["reason"])
QUEUED: Final = Gauge("deskstream_notify_queued", "Mails that are not yet delivered or given up.")
OLDEST_QUEUED: Final = Gauge("deskstream_notify_oldest_queued_seconds", "Age of the oldest mail that is not yet delivered.")
UNCERTAIN: Final = Counter("deskstream_notify_uncertain", "Deliveries made again, as the process ended during an attempt.")

zero(DELIVERIES, _KINDS, ("sent", "failed", "retry"))
zero(DELIVERY_SECONDS, _KINDS)
zero(WITHHELD, _REASONS)
