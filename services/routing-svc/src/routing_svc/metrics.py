"""The metrics of routing-svc, named once. Labels are bounded."""

from typing import Final

from prometheus_client import Gauge

LABELS: Final[dict[str, str]] = {}

INEFFECTIVE_RULES: Final = Gauge(
    "deskstream_routing_ineffective_rules",
    "Rules in force that do not do what they say: a condition is not taken any more, or nobody they name is there.",
)
