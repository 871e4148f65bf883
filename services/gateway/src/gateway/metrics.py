"""The gateway's own metrics, named once. Labels are bounded."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from deskstream_chassis.watch.metrics import LATENCY

LABELS: Final = {
    "view": "a table of the read model",
    "owner": "a service behind the gateway",
    "outcome": "answered, refused (4xx), failed (5xx), away",
    "team": "the name of an active team (the first fifty of them), none, or other",
    "priority": "low, medium, high, critical",
    "status": "open, in_progress",
    "age": "younger than 1h, 4h, 1d, 3d, 7d, or older",
    "state": "available, away",
}

ROWS_WRITTEN: Final = Counter("deskstream_gateway_rows_written", "Rows that events have changed in the read model.", ["view"])
OWNER_SECONDS: Final = Histogram(
    "deskstream_gateway_owner_seconds",
    "Requests to the services behind, by what came of them.",
    ["owner", "outcome"],
    buckets=LATENCY,
)
LIVE_CLIENTS: Final = Gauge("deskstream_gateway_live_clients", "Open live streams of this process.")
LIVE_DROPPED: Final = Counter("deskstream_gateway_live_dropped", "Live streams ended because their client did not read.")

TICKETS: Final = Gauge("deskstream_desk_tickets", "Tickets that are worked on.", ["team", "priority", "status"])
UNASSIGNED: Final = Gauge("deskstream_desk_unassigned_tickets", "Of these, those without an agent.", ["team", "priority"])
BREACHED: Final = Gauge("deskstream_desk_breached_tickets", "Of these, those with a breached clock.", ["team", "priority"])
AT_RISK: Final = Gauge(
    "deskstream_desk_at_risk_tickets", "Of these, those due within an hour and in time so far.", ["team", "priority"]
)
BY_AGE: Final = Gauge(
    "deskstream_desk_tickets_by_age", "Tickets that are worked on, by how long ago they came.", ["priority", "age"]
)
OLDEST: Final = Gauge("deskstream_desk_oldest_seconds", "Age of the oldest ticket that is worked on.", ["priority"])
AGENTS: Final = Gauge("deskstream_desk_agents", "Active agents.", ["state"])
STATISTICS: Final = (TICKETS, UNASSIGNED, BREACHED, AT_RISK, BY_AGE, OLDEST, AGENTS)
"""What one process counts out of the read model (workers/statistics.py)."""
