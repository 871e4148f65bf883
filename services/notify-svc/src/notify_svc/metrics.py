"""Metrics of notify-svc."""

from typing import Final

from prometheus_client import Counter

DELIVERIES: Final = Counter("deskstream_notify_deliveries", "Attempts to deliver, by what came of them.", ["kind", "status"])
UNCERTAIN: Final = Counter("deskstream_notify_uncertain", "Deliveries made again, as the process ended during an attempt.")
