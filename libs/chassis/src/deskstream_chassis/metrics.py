"""Every metric of the chassis, named once. Labels are bounded: never an id, an address or a path with an id in it."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_LATENCY: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

CONSUMED: Final = Counter("deskstream_consumer_messages", "Messages taken from Kafka, by what became of them.", ["topic", "fate"])
"""fate: done, duplicate, ignored, parked, parked_behind."""
BATCH_SIZE: Final = Histogram(
    "deskstream_consumer_batch_messages", "Messages in one transaction.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
BATCH_SECONDS: Final = Histogram("deskstream_consumer_batch_seconds", "Time of one transaction.", buckets=_LATENCY)
EVENT_AGE: Final = Histogram(
    "deskstream_consumer_event_age_seconds",
    "Age of a message (since ce_time) when its effect was committed.",
    ["topic"],
    buckets=_LATENCY,
)
LAG: Final = Gauge("deskstream_consumer_lag_messages", "Messages published but not yet taken by this process.", ["topic"])
RETRIES: Final = Counter("deskstream_consumer_retries", "Batches taken again, by kind of error.", ["error"])
PARKED_KEYS: Final = Gauge("deskstream_parked_keys", "Keys whose messages are parked.")

OUTBOX_DEPTH: Final = Gauge("deskstream_outbox_events", "Events committed and not yet published.")
OUTBOX_AGE: Final = Gauge("deskstream_outbox_oldest_seconds", "Age of the oldest unpublished event.")
PUBLISHED: Final = Counter("deskstream_relay_published", "Events acknowledged by Kafka.", ["topic"])
RELAY_FAILURES: Final = Counter("deskstream_relay_failures", "Waves that Kafka did not acknowledge.")
RELAY_ACTIVE: Final = Gauge("deskstream_relay_active", "1 where this process holds the relay's lock.")

HTTP_SECONDS: Final = Histogram(
    "deskstream_http_request_seconds",
    "HTTP requests, by route template.",
    ["method", "route", "status"],
    buckets=_LATENCY,
)
