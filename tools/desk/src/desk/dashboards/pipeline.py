"""What flows between the services: events, lag, outboxes, parked messages."""

from __future__ import annotations

from desk.dashboards.grafana import Dashboard, Panel, Variable
from desk.dashboards.promql import increase, latest, mean, or_zero, quantile, rate, total

MINE = 'service=~"$service"'
TOPIC = f'{MINE}, topic=~"$topic"'
CONSUMED = "deskstream_consumer_messages_total"
NO_ERROR = f'label_replace({latest("deskstream_database_reachable", "service", MINE)}, "error", "none", "", "")'
PARTITIONS = latest("deskstream_topic_partitions", "service, topic", TOPIC)
READ = total("deskstream_consumer_partitions", "service, topic", TOPIC)
RELAYS = 'service=~"$service", service!="gateway"'

PIPELINE = Dashboard(
    name="pipeline",
    title="the pipeline",
    description="From outbox to topic to consumer: whether everything flows, how late it is, and what is held up.",
    since="now-1h",
    variables=(
        Variable("service", "Service", "label_values(deskstream_database_reachable, service)"),
        Variable("topic", "Topic", 'label_values(deskstream_consumer_lag_messages{service=~"$service"}, topic)'),
    ),
    rows=(
        (
            "At a glance",
            (
                Panel("Handled", "Messages a second, all services.", "ops", (("", rate(CONSUMED, "", TOPIC)),), "stat", 4),
                Panel(
                    "Behind, at most",
                    "Age of the oldest message that somebody has not yet handled.",
                    "s",
                    (("", latest("deskstream_consumer_lag_seconds", "", TOPIC)),),
                    "stat",
                    4,
                    alarm=60,
                ),
                Panel(
                    "Oldest unpublished",
                    "Age of the oldest event that waits in an outbox.",
                    "s",
                    (("", latest("deskstream_outbox_oldest_seconds", "", MINE)),),
                    "stat",
                    4,
                    alarm=60,
                ),
                Panel(
                    "Parked keys",
                    "Their messages could not be handled: ./desk parked.",
                    "short",
                    (("", f"sum ({latest('deskstream_parked_keys', 'service', MINE)})"),),
                    "stat",
                    4,
                    alarm=1,
                ),
                Panel(
                    "Relay failures",
                    "Waves in the last hour that Kafka did not acknowledge; each is sent again.",
                    "short",
                    (("", increase("deskstream_relay_failures_total", "", MINE)),),
                    "stat",
                    4,
                    alarm=1,
                ),
                Panel(
                    "Databases reachable",
                    "Of all services, the share that can look into its database.",
                    "percentunit",
                    (("", "avg (min by (service) (deskstream_database_reachable))"),),
                    "stat",
                    4,
                ),
            ),
        ),
        (
            "Flow",
            (
                Panel(
                    "Handled by consumer",
                    "Messages a second whose effect is committed.",
                    "ops",
                    (("{{service}} ← {{topic}}", rate(CONSUMED, "service, topic", f'{TOPIC}, fate="done"')),),
                    stacked=True,
                ),
                Panel(
                    "Published by topic",
                    "Events a second that Kafka has acknowledged.",
                    "ops",
                    (("{{topic}}", rate("deskstream_relay_published_total", "topic", TOPIC)),),
                    stacked=True,
                ),
                Panel(
                    "Business events",
                    "A second, put into the outbox in the transaction of what they tell of.",
                    "ops",
                    (("{{type}}", rate("deskstream_events_total", "type", MINE)),),
                    stacked=True,
                ),
                Panel(
                    "Not simply done",
                    "Duplicates (their effect is there already), messages of types that nobody wants, parked ones.",
                    "ops",
                    (("{{service}} {{fate}}", rate(CONSUMED, "service, fate", f'{TOPIC}, fate!="done"')),),
                ),
                Panel(
                    "Taken again",
                    "Batches a second, by kind of error: a database that is away, or two transactions that met.",
                    "ops",
                    (
                        (
                            "{{service}} {{error}}",
                            or_zero(rate("deskstream_consumer_retries_total", "service, error", MINE), NO_ERROR),
                        ),
                    ),
                ),
                Panel(
                    "Rows of the read model",
                    "Written a second by the gateway, by view.",
                    "wps",
                    (("{{view}}", rate("deskstream_gateway_rows_written_total", "view")),),
                ),
            ),
        ),
        (
            "Lag",
            (
                Panel(
                    "Messages behind",
                    "Published and not yet handled, by consumer and topic.",
                    "short",
                    (("{{service}} ← {{topic}}", total("deskstream_consumer_lag_messages", "service, topic", TOPIC)),),
                ),
                Panel(
                    "Seconds behind",
                    "Age of the oldest message not yet handled, by consumer and topic.",
                    "s",
                    (("{{service}} ← {{topic}}", latest("deskstream_consumer_lag_seconds", "service, topic", TOPIC)),),
                    alarm=60,
                ),
                Panel(
                    "Partitions that nobody reads",
                    "Of each topic, those that no worker of the consumer was given; for a moment while workers come and go.",
                    "short",
                    (
                        (
                            "{{service}} ← {{topic}}",
                            f"{PARTITIONS} - {READ}",
                        ),
                    ),
                    alarm=1,
                ),
                Panel(
                    "Age when handled, p99",
                    "From the event's time to the commit of its effect, by consumer and topic.",
                    "s",
                    (
                        (
                            "{{service}} ← {{topic}}",
                            quantile(0.99, "deskstream_consumer_event_age_seconds", "service, topic", TOPIC),
                        ),
                    ),
                ),
            ),
        ),
        (
            "Outbox and relay",
            (
                Panel(
                    "Outbox",
                    "Events committed and not yet published.",
                    "short",
                    (("{{service}}", latest("deskstream_outbox_events", "service", MINE)),),
                ),
                Panel(
                    "Oldest in the outbox",
                    "Its age. It grows while Kafka is away.",
                    "s",
                    (("{{service}}", latest("deskstream_outbox_oldest_seconds", "service", MINE)),),
                    alarm=60,
                ),
                Panel(
                    "Relays at work",
                    "One a service; the gateway has none, as it tells nothing.",
                    "none",
                    (("{{service}}", total("deskstream_relay_active", "service", RELAYS)),),
                ),
                Panel(
                    "Relay failures",
                    "Waves a second that Kafka did not acknowledge; each is sent again, in order.",
                    "ops",
                    (("{{service}}", rate("deskstream_relay_failures_total", "service", MINE)),),
                ),
                Panel(
                    "Transaction, p99",
                    "Time of one micro-batch.",
                    "s",
                    (("{{service}}", quantile(0.99, "deskstream_consumer_batch_seconds", "service", MINE)),),
                ),
                Panel(
                    "Messages in a transaction",
                    "On average: one when it is quiet, more under load.",
                    "short",
                    (("{{service}}", mean("deskstream_consumer_batch_messages", "service", MINE)),),
                ),
            ),
        ),
        (
            "Long work",
            (
                Panel(
                    "Under way",
                    "Processes that are running: ./desk jobs.",
                    "short",
                    (("{{service}}", latest("deskstream_processes_running", "service", MINE)),),
                    width=8,
                ),
                Panel(
                    "The oldest",
                    "For how long it has been under way.",
                    "s",
                    (("{{service}}", latest("deskstream_processes_oldest_seconds", "service", MINE)),),
                    width=8,
                ),
                Panel(
                    "Refused steps",
                    "Of what is under way: passed by, each with its error in ./desk jobs.",
                    "short",
                    (("{{service}}", latest("deskstream_processes_refused_steps", "service", MINE)),),
                    width=8,
                ),
            ),
        ),
        (
            "Parked",
            (
                Panel(
                    "Parked keys",
                    "Held until somebody replays or discards them (./desk parked); other keys flow.",
                    "short",
                    (("{{service}}", latest("deskstream_parked_keys", "service", MINE)),),
                    width=12,
                    alarm=1,
                ),
                Panel(
                    "Parked messages",
                    "A second: what could not be handled, and what stands behind it.",
                    "ops",
                    (("{{service}} {{topic}} {{fate}}", rate(CONSUMED, "service, topic, fate", f'{TOPIC}, fate=~"parked.*"')),),
                    width=12,
                ),
            ),
        ),
    ),
)
