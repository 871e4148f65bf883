"""Metrics of sla-svc. Labels are bounded: kinds of clocks and of timers."""

from typing import Final

from prometheus_client import Counter, Histogram

TIMERS_FIRED: Final = Counter("deskstream_sla_timers_fired", "Timers that were claimed when due.", ["clock", "kind"])
TIMER_LATE: Final = Histogram(
    "deskstream_sla_timer_late_seconds",
    "How long after its due time a warning or a breach was recorded.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 60, 600, 3600),
)
