"""For each alert what it is to fire on, and what it is to be quiet about, in promtool's notation of series (one value a minute)."""

from __future__ import annotations

from dataclasses import dataclass

Series = dict[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """After `minutes` the alert fires for `firing`, with `labels` among its own, and for `quiet` not at all."""

    alert: str
    firing: Series
    quiet: Series
    labels: str = ""
    minutes: int = 15


CASES = (
    Case(
        "DeskstreamDown",
        {'up{service="ticket", instance="a"}': "1 0x20"},
        {'up{service="ticket", instance="a"}': "1x14 0", 'up{service="unrelated", instance="b"}': "0x20"},
        'service="ticket"',
    ),
    Case(
        "DeskstreamDatabaseAway",
        {
            'deskstream_database_reachable{service="sla", instance="a"}': "1x20",
            'deskstream_database_reachable{service="sla"}': "0x20",
        },
        {'deskstream_database_reachable{service="sla"}': "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 0"},
        'service="sla"',
    ),
    Case(
        "DeskstreamClockSkewed",
        {'deskstream_clock_skew_seconds{service="sla"}': "0 -60x20"},
        {'deskstream_clock_skew_seconds{service="sla"}': "-1x13 -60 -60"},
        'service="sla"',
    ),
    Case(
        "DeskstreamOutboxStuck",
        {'deskstream_outbox_oldest_seconds{service="notify"}': "0+60x20"},
        {'deskstream_outbox_oldest_seconds{service="notify"}': "30x14 90"},
        'service="notify"',
    ),
    Case(
        "DeskstreamRelayMissing",
        {
            'deskstream_relay_active{service="routing", instance="a"}': "0x20",
            'deskstream_relay_active{service="routing"}': "1 0x20",
        },
        {
            'deskstream_relay_active{service="routing", instance="a"}': "0x20",
            'deskstream_relay_active{service="routing", instance="b"}': "1x20",
            'deskstream_relay_active{service="gateway"}': "0x20",
        },
        'service="routing"',
    ),
    Case(
        "DeskstreamRelayFailing",
        {'deskstream_relay_failures_total{service="ticket"}': "0+1x30"},
        {'deskstream_relay_failures_total{service="ticket"}': "0x10 2x20"},
        'service="ticket"',
        20,
    ),
    Case(
        "DeskstreamConsumerLate",
        {'deskstream_consumer_lag_seconds{service="sla", topic="t"}': "0+60x20"},
        {'deskstream_consumer_lag_seconds{service="sla", topic="t"}': "0x10 90 0x20"},
        'service="sla", topic="t"',
        11,
    ),
    Case(
        "DeskstreamConsumerStuck",
        {
            'deskstream_consumer_lag_messages{service="sla", topic="t"}': "7x30",
            'deskstream_consumer_messages_total{service="sla", topic="t", fate="done"}': "5x30",
        },
        {
            'deskstream_consumer_lag_messages{service="sla", topic="t"}': "7x30",
            'deskstream_consumer_messages_total{service="sla", topic="t", fate="done"}': "0+5x30",
            'deskstream_consumer_lag_messages{service="sla", topic="silent"}': "0x30",
            'deskstream_consumer_messages_total{service="sla", topic="silent", fate="done"}': "5x30",
        },
        'service="sla", topic="t"',
    ),
    Case(
        "DeskstreamPartitionsUnread",
        {
            'deskstream_consumer_partitions{service="sla", topic="t", instance="a"}': "12x3 6x20",
            'deskstream_consumer_partitions{service="sla", topic="t", instance="b"}': "0x3 5x20",
            'deskstream_topic_partitions{service="sla", topic="t", instance="a"}': "12x23",
            'deskstream_topic_partitions{service="sla", topic="t", instance="b"}': "0x3 12x20",
        },
        {
            'deskstream_consumer_partitions{service="sla", topic="t", instance="a"}': "12x5 6x20",
            'deskstream_consumer_partitions{service="sla", topic="t", instance="b"}': "0x8 6x20",
            'deskstream_topic_partitions{service="sla", topic="t", instance="a"}': "12x30",
        },
        'service="sla", topic="t"',
    ),
    Case(
        "DeskstreamParked",
        {'deskstream_parked_keys{service="customer"}': "0 1x20"},
        {'deskstream_parked_keys{service="customer"}': "0x14 1"},
        'service="customer"',
    ),
    Case(
        "DeskstreamRetrying",
        {'deskstream_consumer_retries_total{service="ticket", error="OSError"}': "0+60x40"},
        {'deskstream_consumer_retries_total{service="ticket", error="OSError"}': "0+6x40"},
        'service="ticket"',
        30,
    ),
    Case(
        "DeskstreamErrors",
        {
            'deskstream_http_request_seconds_count{service="gateway", route="/api/v1/tickets", status="200"}': "0+90x40",
            'deskstream_http_request_seconds_count{service="gateway", route="/api/v1/tickets", status="503"}': "0+10x40",
        },
        {
            'deskstream_http_request_seconds_count{service="gateway", route="/api/v1/tickets", status="200"}': "0+99x40",
            'deskstream_http_request_seconds_count{service="gateway", route="/api/v1/tickets", status="503"}': "0+1x40",
            'deskstream_http_request_seconds_count{service="gateway", route="/api/v1/tickets", status="404"}': "0+99x40",
            'deskstream_http_request_seconds_count{service="gateway", route="/health/ready", status="503"}': "0+30x40",
        },
        'service="gateway"',
        25,
    ),
    Case(
        "DeskstreamSlow",
        {
            'deskstream_http_request_seconds_bucket{service="gateway", route="/api/v1/tickets", le="1"}': "0+50x40",
            'deskstream_http_request_seconds_bucket{service="gateway", route="/api/v1/tickets", le="2.5"}': "0+100x40",
            'deskstream_http_request_seconds_bucket{service="gateway", route="/api/v1/tickets", le="+Inf"}': "0+100x40",
        },
        {
            'deskstream_http_request_seconds_bucket{service="gateway", route="/api/v1/tickets", le="0.1"}': "0+99x40",
            'deskstream_http_request_seconds_bucket{service="gateway", route="/api/v1/tickets", le="1"}': "0+99x40",
            'deskstream_http_request_seconds_bucket{service="gateway", route="/api/v1/tickets", le="2.5"}': "0+100x40",
            'deskstream_http_request_seconds_bucket{service="gateway", route="/api/v1/tickets", le="+Inf"}': "0+100x40",
        },
        'service="gateway"',
        30,
    ),
    Case(
        "DeskstreamRestarting",
        {'process_start_time_seconds{service="notify", instance="a"}': "0+100x40"},
        {'process_start_time_seconds{service="notify", instance="a"}': "100x5 700x5 900x40"},
        'service="notify", instance="a"',
        30,
    ),
    Case(
        "DeskstreamMailRefused",
        {'deskstream_ingest_refused_total{status="451"}': "0+2x30"},
        {'deskstream_ingest_refused_total{status="451"}': "0x5 3x30", 'deskstream_ingest_refused_total{status="550"}': "0+9x30"},
    ),
    Case(
        "DeskstreamMailWithoutOutcome",
        {"deskstream_ingest_oldest_open_seconds": "0+60x20"},
        {"deskstream_ingest_oldest_open_seconds": "0x9 130"},
        minutes=10,
    ),
    Case(
        "DeskstreamSorterMissing",
        {'deskstream_ingest_sorter_active{instance="a"}': "1 0x20", 'deskstream_ingest_sorter_active{instance="b"}': "0x20"},
        {'deskstream_ingest_sorter_active{instance="a"}': "0x20", 'deskstream_ingest_sorter_active{instance="b"}': "1x14 0"},
    ),
    Case(
        "DeskstreamLedgerContradicted",
        {"deskstream_ingest_contradictions_total": "0x20", "deskstream_ingest_unknown_messages_total": "0x10 1x20"},
        {"deskstream_ingest_contradictions_total": "0x20", "deskstream_ingest_unknown_messages_total": "0x20"},
    ),
    Case(
        "DeskstreamParsersDying",
        {"deskstream_ingest_parser_deaths_total": "0+1x40"},
        {"deskstream_ingest_parser_deaths_total": "0x10 2x40"},
        minutes=30,
    ),
    Case(
        "DeskstreamSlowConfirmations",
        {
            'deskstream_notify_delivery_seconds_bucket{kind="confirmation", le="30"}': "0+5x60",
            'deskstream_notify_delivery_seconds_bucket{kind="confirmation", le="60"}': "0+10x60",
            'deskstream_notify_delivery_seconds_bucket{kind="confirmation", le="+Inf"}': "0+10x60",
        },
        {
            'deskstream_notify_delivery_seconds_bucket{kind="confirmation", le="0.5"}': "0+10x60",
            'deskstream_notify_delivery_seconds_bucket{kind="confirmation", le="60"}': "0+10x60",
            'deskstream_notify_delivery_seconds_bucket{kind="confirmation", le="+Inf"}': "0+10x60",
            'deskstream_notify_delivery_seconds_bucket{kind="agent_reply", le="60"}': "0x60",
            'deskstream_notify_delivery_seconds_bucket{kind="agent_reply", le="+Inf"}': "0+10x60",
        },
        minutes=40,
    ),
    Case(
        "DeskstreamDeliveryStuck",
        {"deskstream_notify_oldest_queued_seconds": "0+60x40"},
        {"deskstream_notify_oldest_queued_seconds": "0+30x40"},
        minutes=25,
    ),
    Case(
        "DeskstreamRelayRefuses",
        {
            'deskstream_notify_relay_refuses_seconds{at="login", instance="a"}': "0 0+60x20",
            'deskstream_notify_relay_refuses_seconds{at="tls", instance="a"}': "0x21",
        },
        {
            'deskstream_notify_relay_refuses_seconds{at="login", instance="a"}': "0 60 110 0x20",
            'deskstream_notify_relay_refusals_total{at="login", instance="a"}': "0+1x3 3x20",
        },
        'at="login"',
    ),
    Case(
        "DeskstreamSenderRefused",
        {'deskstream_notify_relay_refusals_total{at="sender", instance="a"}': "0+1x20"},
        {
            'deskstream_notify_relay_refusals_total{at="login", instance="a"}': "0+1x20",
            'deskstream_notify_relay_refusals_total{at="sender", instance="a"}': "0x10 1x20",
        },
    ),
    Case(
        "DeskstreamDeliveriesFailing",
        {
            'deskstream_notify_deliveries_total{kind="confirmation", status="sent"}': "0+2x60",
            'deskstream_notify_deliveries_total{kind="confirmation", status="failed"}': "0+1x60",
        },
        {
            'deskstream_notify_deliveries_total{kind="confirmation", status="sent"}': "0+100x60",
            'deskstream_notify_deliveries_total{kind="confirmation", status="failed"}': "0+1x60",
        },
        minutes=40,
    ),
    Case(
        "DeskstreamTimersLate",
        {"deskstream_sla_timers_overdue_seconds": "0+60x20"},
        {"deskstream_sla_timers_overdue_seconds": "1x14 40"},
    ),
    Case(
        "DeskstreamManyBreaches",
        {
            'deskstream_sla_outcomes_total{clock="resolution", result="breached"}': "0+1x90",
            'deskstream_sla_outcomes_total{clock="resolution", result="in_time"}': "0+1x90",
            'deskstream_sla_outcomes_total{clock="first_response", result="unanswered"}': "0+20x90",
        },
        {
            'deskstream_sla_outcomes_total{clock="resolution", result="breached"}': "0+1x90",
            'deskstream_sla_outcomes_total{clock="resolution", result="in_time"}': "0+20x90",
        },
        minutes=80,
    ),
    Case(
        "DeskstreamCriticalUnassigned",
        {'deskstream_desk_unassigned_tickets{team="Billing", priority="critical"}': "0 1x40"},
        {
            'deskstream_desk_unassigned_tickets{team="Billing", priority="critical"}': "0x15 1x20",
            'deskstream_desk_unassigned_tickets{team="Billing", priority="low"}': "7x40",
        },
        'team="Billing"',
        20,
    ),
    Case(
        "DeskstreamRulesIneffective",
        {"deskstream_routing_ineffective_rules": "2x30"},
        {"deskstream_routing_ineffective_rules": "0x30"},
    ),
    Case(
        "DeskstreamRetentionLate",
        # A day before promtool's time begins.
        {'deskstream_retention_completed_timestamp_seconds{service="ingest", instance="a"}': "-90000x40"},
        {
            'deskstream_retention_completed_timestamp_seconds{service="ingest", instance="a"}': "-90000x40",
            'deskstream_retention_completed_timestamp_seconds{service="ingest", instance="b"}': "-80000x40",
        },
        'service="ingest"',
        30,
    ),
    Case("DeskstreamFiguresMissing", {"unrelated": "1x20"}, {'deskstream_desk_agents{state="away"}': "0x20"}),
)
