"""One service, or several: requests (rate, errors, duration), the process, its database."""

from __future__ import annotations

from desk.dashboards.grafana import Dashboard, Panel, Variable
from desk.dashboards.promql import latest, or_zero, quantile, rate, total

MINE = 'service=~"$service"'
ASKED = f'{MINE}, route!~"/health/.*|/metrics"'
COUNT, SECONDS = "deskstream_http_request_seconds_count", "deskstream_http_request_seconds"
ALL = rate(COUNT, "service", ASKED)
FAILED = rate(COUNT, "service", f'{ASKED}, status=~"5.."')

SERVICE = Dashboard(
    name="service",
    title="a service",
    description="Requests by route, and the process behind them. What flows between the services is on the pipeline's dashboard.",
    since="now-1h",
    variables=(Variable("service", "Service", "label_values(deskstream_database_reachable, service)"),),
    rows=(
        (
            "Requests",
            (
                Panel(
                    "Requests",
                    "A second, without health checks and scrapes.",
                    "reqps",
                    (("{{service}} {{method}} {{route}}", rate(COUNT, "service, method, route", ASKED)),),
                    stacked=True,
                ),
                Panel(
                    "Errors",
                    "Requests a second that were answered with 5xx: the service's own failure, or its database's.",
                    "reqps",
                    (("{{service}}", or_zero(FAILED, ALL)),),
                ),
                Panel(
                    "Share of errors",
                    "Of all requests, those that were answered with 5xx.",
                    "percentunit",
                    (("{{service}}", or_zero(f"{FAILED} / {ALL}", ALL)),),
                    alarm=0.01,
                ),
                Panel(
                    "Duration, p99",
                    "Until the answer began. Without requests there is none.",
                    "s",
                    (("{{service}} {{route}}", quantile(0.99, SECONDS, "service, route", ASKED)),),
                ),
                Panel(
                    "Duration over all routes",
                    "Half, nineteen of twenty, ninety-nine of a hundred requests were answered within it.",
                    "s",
                    tuple(
                        (f"{{{{service}}}} {name}", quantile(share, SECONDS, "service", ASKED))
                        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
                    ),
                ),
                Panel(
                    "By status",
                    "4xx are the caller's: no token (401), not allowed (403), not found (404), changed (409), invalid (422).",
                    "reqps",
                    (("{{service}} {{status}}", rate(COUNT, "service, status", ASKED)),),
                    stacked=True,
                ),
                Panel(
                    "Ended at a limit",
                    "Requests and connections a second that asked for more than one may, by the limit (docs/operations.md).",
                    "reqps",
                    (("{{service}} {{limit}}", rate("deskstream_http_refused_total", "service, limit", MINE)),),
                ),
            ),
        ),
        (
            "The process",
            (
                Panel(
                    "CPU",
                    "Cores in use, by service.",
                    "none",
                    (("{{service}}", rate("process_cpu_seconds_total", "service", MINE)),),
                ),
                Panel(
                    "Memory",
                    "Resident, by process.",
                    "bytes",
                    (("{{service}} {{instance}}", f"process_resident_memory_bytes{{{MINE}}}"),),
                ),
                Panel(
                    "Open files",
                    "File descriptors (connections among them), and the least limit of a process.",
                    "short",
                    (
                        ("{{service}} {{instance}}", f"process_open_fds{{{MINE}}}"),
                        ("limit", f"min (process_max_fds{{{MINE}}})"),
                    ),
                ),
                Panel(
                    "Up since",
                    "Age of each process: a saw tooth restarts again and again.",
                    "s",
                    (("{{service}} {{instance}}", f"time() - process_start_time_seconds{{{MINE}}}"),),
                ),
                Panel(
                    "Database reachable",
                    "1 where every process could look into its database a few seconds ago.",
                    "none",
                    (("{{service}}", f"min by (service) (deskstream_database_reachable{{{MINE}}})"),),
                ),
                Panel(
                    "Clock skew",
                    "How far a host's clock is from its database's. Deadlines follow the database's; latencies and logs do not.",
                    "s",
                    (("{{service}} {{instance}}", f"abs (deskstream_clock_skew_seconds{{{MINE}}})"),),
                    alarm=5,
                ),
                Panel(
                    "Waiting in the database",
                    "Events not yet published, and parked keys.",
                    "short",
                    (
                        ("{{service}} outbox", latest("deskstream_outbox_events", "service", MINE)),
                        ("{{service}} parked keys", latest("deskstream_parked_keys", "service", MINE)),
                    ),
                ),
                Panel(
                    "Let go",
                    "Rows a second that were older than their setting: once an hour.",
                    "short",
                    (("{{service}} {{table}}", rate("deskstream_retention_rows_total", "service, table", MINE)),),
                ),
                Panel(
                    "Since what is old was let go",
                    "Since a round was completed by any process of the service, or the newest of them started.",
                    "s",
                    (("{{service}}", f"time() - max by (service) (deskstream_retention_completed_timestamp_seconds{{{MINE}}})"),),
                    alarm=86400,
                ),
            ),
        ),
        (
            "The gateway",
            (
                Panel(
                    "Requests to the owners",
                    "What the gateway asked the services behind it, and what came of it.",
                    "reqps",
                    (("{{owner}} {{outcome}}", rate("deskstream_gateway_owner_seconds_count", "owner, outcome")),),
                ),
                Panel(
                    "Duration at the owners, p99",
                    "Seen from the gateway.",
                    "s",
                    (("{{owner}}", quantile(0.99, "deskstream_gateway_owner_seconds", "owner")),),
                ),
                Panel(
                    "Live streams",
                    "Open now; and those ended because their client did not read, a second.",
                    "short",
                    (
                        ("open", total("deskstream_gateway_live_clients")),
                        ("dropped", rate("deskstream_gateway_live_dropped_total")),
                    ),
                ),
            ),
        ),
    ),
)
