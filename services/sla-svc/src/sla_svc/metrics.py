"""The metrics of sla-svc, named once. Labels are bounded."""

from typing import Final, get_args

from prometheus_client import Counter, Gauge, Histogram

from deskstream_chassis.watch.metrics import zero
from deskstream_contracts.events.slas import ClockKind
from deskstream_contracts.wire import Priority
from sla_svc.domain.clocks import Kept

LABELS: Final = {
    "clock": "first_response, next_response, resolution",
    "kind": "warn, breach",
    "priority": "low, medium, high, critical",
    "result": "in_time, breached, unanswered",
}

TIMERS_FIRED: Final = Counter("deskstream_sla_timers_fired", "Timers that were claimed when due.", ["clock", "kind"])
TIMER_LATE: Final = Histogram(
    "deskstream_sla_timer_late_seconds",
    "How long after its due time a warning or a breach was recorded.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 60, 600, 3600),
)
TIMERS_DUE: Final = Gauge("deskstream_sla_timers_due", "Timers that are due and were not yet fired.")
TIMERS_OVERDUE: Final = Gauge("deskstream_sla_timers_overdue_seconds", "How long the oldest of these has been due.")
OUTCOMES: Final = Counter(
    "deskstream_sla_outcomes",
    "Clocks by how they ended: fulfilled in time, breached, or done with unanswered.",
    ["clock", "priority", "result"],
)

zero(TIMERS_FIRED, get_args(ClockKind), ("warn", "breach"))
zero(OUTCOMES, get_args(ClockKind), get_args(Priority), get_args(Kept))
