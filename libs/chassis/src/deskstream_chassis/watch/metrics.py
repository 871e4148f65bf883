"""Every metric of the chassis, named once. Labels are bounded, and LABELS says by what: never an id, an address, or what a
stranger wrote.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from typing import Final, TypeVar

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

M = TypeVar("M", bound=MetricWrapperBase)

LABELS: Final = {
    "topic": "a topic of the catalogue",
    "type": "an event type of the catalogue",
    "fate": "done, duplicate, ignored, parked, parked_behind",
    "error": "the class of an exception",
    "method": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS; any other is `other`",
    "route": "the template of a route (`/tickets/{number}`), or `unmatched`",
    "table": "a table of the service's database, or a part of one, that is not kept for ever",
    "limit": "a limit of the HTTP side, by the name of its setting (`http_…`), or streams",
    "status": "an HTTP or SMTP status, or what became of a delivery: sent, failed, retry, waiting",
}
FATES: Final = ("done", "duplicate", "ignored", "parked", "parked_behind")

LATENCY: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
AGE: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
"""Buckets in seconds of what is a moment when all is well, and may be an hour when it is not."""

CONSUMED: Final = Counter("deskstream_consumer_messages", "Messages taken from Kafka, by what became of them.", ["topic", "fate"])
BATCH_SIZE: Final = Histogram(
    "deskstream_consumer_batch_messages", "Messages in one transaction.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
BATCH_SECONDS: Final = Histogram("deskstream_consumer_batch_seconds", "Time of one transaction.", buckets=LATENCY)
EVENT_AGE: Final = Histogram(
    "deskstream_consumer_event_age_seconds",
    "Age of a message (since ce_time) when its effect was committed.",
    ["topic"],
    buckets=AGE,
)
LAG: Final = Gauge("deskstream_consumer_lag_messages", "Messages published and not yet handled by this process.", ["topic"])
LAG_SECONDS: Final = Gauge(
    "deskstream_consumer_lag_seconds",
    "Age of the oldest message that this process has not yet handled, at most five seconds too high; 0 without any.",
    ["topic"],
)
TOPIC_PARTITIONS: Final = Gauge("deskstream_topic_partitions", "Partitions that a topic has.", ["topic"])
PARTITIONS: Final = Gauge("deskstream_consumer_partitions", "Partitions of a topic that this process is to handle.", ["topic"])
RETRIES: Final = Counter("deskstream_consumer_retries", "Batches taken again, by kind of error.", ["error"])
PARKED_KEYS: Final = Gauge("deskstream_parked_keys", "Keys whose messages are parked.")

PROCESSES_RUNNING: Final = Gauge("deskstream_processes_running", "Long work that is under way.")
PROCESSES_OLDEST: Final = Gauge("deskstream_processes_oldest_seconds", "Age of the oldest long work under way; 0 without any.")
PROCESSES_REFUSED: Final = Gauge("deskstream_processes_refused_steps", "Steps of long work under way that were refused.")

RETENTION_ROWS: Final = Counter("deskstream_retention_rows", "Rows let go as they were older than their setting says.", ["table"])
RETENTION_COMPLETED: Final = Gauge(
    "deskstream_retention_completed_timestamp_seconds",
    "When this process last completed a round of letting go (Unix time); until then, when it started.",
)

EVENTS: Final = Counter(
    "deskstream_events", "Business events put into the outbox (of a transaction that is taken again: twice).", ["type"]
)
CLOCK_SKEW: Final = Gauge("deskstream_clock_skew_seconds", "How far this host's clock is ahead of the database's.")
OUTBOX_DEPTH: Final = Gauge("deskstream_outbox_events", "Events committed and not yet published.")
OUTBOX_AGE: Final = Gauge("deskstream_outbox_oldest_seconds", "Age of the oldest unpublished event.")
PUBLISHED: Final = Counter("deskstream_relay_published", "Events acknowledged by Kafka.", ["topic"])
RELAY_FAILURES: Final = Counter("deskstream_relay_failures", "Waves that Kafka did not acknowledge.")
RELAY_ACTIVE: Final = Gauge("deskstream_relay_active", "1 where this process holds the relay's lock.")
DATABASE_REACHABLE: Final = Gauge(
    "deskstream_database_reachable", "1 where this process could look into its database a few seconds ago, else 0."
)
DATABASE_REACHABLE.set(1)  # until a look has failed

HTTP_SECONDS: Final = Histogram(
    "deskstream_http_request_seconds",
    "HTTP requests, by route template, until their answer began.",
    ["method", "route", "status"],
    buckets=LATENCY,
)
HTTP_REFUSED: Final = Counter("deskstream_http_refused", "Requests and connections ended at a limit.", ["limit"])


@lru_cache(maxsize=4096)
def child(metric: M, *labels: str) -> M:
    """The metric with these labels, found in a fifth of the time. Not for gauges that are cleared."""
    return metric.labels(*labels)


def zero(metric: Counter | Gauge | Histogram, *labels: Iterable[str]) -> None:
    """Begins the series of all combinations of labels: one that never happened is 0, and not unknown."""
    for values in product(*labels):
        child(metric, *values)
