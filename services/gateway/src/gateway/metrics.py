"""The gateway's own metrics."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

ROWS_WRITTEN: Final = Counter("deskstream_gateway_rows_written", "Rows that events have changed in the read model.", ["view"])
OWNER_SECONDS: Final = Histogram(
    "deskstream_gateway_owner_seconds",
    "Requests to the services behind, by what came of them.",
    ["owner", "outcome"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
"""outcome: answered, refused (4xx), failed (5xx), away."""
LIVE_CLIENTS: Final = Gauge("deskstream_gateway_live_clients", "Open live streams of this process.")
LIVE_DROPPED: Final = Counter("deskstream_gateway_live_dropped", "Live streams ended because their client did not read.")
