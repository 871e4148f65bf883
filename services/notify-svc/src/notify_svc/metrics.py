"""The metrics of notify-svc, named once. Labels are bounded."""

from typing import Final, get_args

from prometheus_client import Counter, Gauge, Histogram

from deskstream_chassis.watch.metrics import AGE, zero
from deskstream_contracts.events.notifications import NotificationKind
from notify_svc.domain.answers import RelayTrouble
from notify_svc.domain.notices import WithheldBecause

_KINDS: Final = get_args(NotificationKind)
_REASONS: Final = get_args(WithheldBecause)
_TROUBLES: Final = get_args(RelayTrouble)

LABELS: Final = {"kind": ", ".join(_KINDS), "reason": ", ".join(_REASONS), "at": ", ".join(_TROUBLES)}

DELIVERIES: Final = Counter("deskstream_notify_deliveries", "Attempts to deliver, by what came of them.", ["kind", "status"])
DELIVERY_SECONDS: Final = Histogram(
    "deskstream_notify_delivery_seconds",
    "From what a mail tells of (a confirmation: the receipt of the request) until the mail server had it.",
    ["kind"],
    buckets=AGE,
)
WITHHELD: Final = Counter("deskstream_notify_withheld", "Mails that were not to be sent, and why.", ["reason"])
RELAY_REFUSALS: Final = Counter(
    "deskstream_notify_relay_refusals", "Times that the mail server refused us, and not a mail: by what it did so at.", ["at"]
)
RELAY_REFUSES: Final = Gauge(
    "deskstream_notify_relay_refuses_seconds",
    "How long the mail server has taken no mail from us, by what it refuses us at; or 0.",
    ["at"],
)
REFUSED_FOR_NOW: Final = Gauge("deskstream_notify_refused_for_now", "Mails that were tried and wait for the next attempt.")
FAILED_LATELY: Final = Gauge("deskstream_notify_failed_lately", "Mails of the last hour that were refused for good, or given up.")
QUEUED: Final = Gauge("deskstream_notify_queued", "Mails that are not yet delivered or given up.")
OLDEST_QUEUED: Final = Gauge("deskstream_notify_oldest_queued_seconds", "Age of the oldest mail that is not yet delivered.")
UNCERTAIN: Final = Counter("deskstream_notify_uncertain", "Deliveries made again, as the process ended during an attempt.")

zero(DELIVERIES, _KINDS, ("sent", "failed", "retry", "waiting"))
zero(RELAY_REFUSALS, _TROUBLES)
zero(RELAY_REFUSES, _TROUBLES)
zero(DELIVERY_SECONDS, _KINDS)
zero(WITHHELD, _REASONS)
