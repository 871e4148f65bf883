"""What ./desk top makes of what the services say."""

import json
from typing import Any

import pytest
from rich.console import Console

from desk.cli.top import shown
from desk.pipeline import Pipeline, Scrape, parse, pipeline, quantile

CALM = """
# TYPE deskstream_database_reachable gauge
deskstream_database_reachable 1
deskstream_relay_active 1
deskstream_outbox_oldest_seconds 0
# TYPE deskstream_consumer_messages counter
deskstream_consumer_messages_total{topic="t",fate="done"} %(handled)s
deskstream_consumer_messages_total{topic="t",fate="duplicate"} 0
deskstream_consumer_lag_messages{topic="t"} 0
deskstream_consumer_lag_seconds{topic="t"} 0
"""
LATENCIES = """
# TYPE deskstream_ingest_ticket_seconds histogram
deskstream_ingest_ticket_seconds_bucket{outcome="opened",le="0.1"} %(fast)s
deskstream_ingest_ticket_seconds_bucket{outcome="opened",le="0.2"} %(all)s
deskstream_ingest_ticket_seconds_bucket{outcome="opened",le="+Inf"} %(all)s
"""


def calm(at: float, handled: int = 0, **others: str | None) -> Scrape:
    services: dict[str, str | None] = {name: CALM % {"handled": handled} for name in ("ingest", "ticket", "gateway")}
    services.update(others)
    return Scrape(at, {name: None if text is None else parse(text) for name, text in services.items()})


def of(found: Pipeline, service: str) -> Any:
    return next(s for s in found.services if s.name == service)


def test_rates_are_what_happened_between_two_looks() -> None:
    found = pipeline(calm(0, 100), calm(2, 150))
    assert of(found, "ticket").handled == pytest.approx(25)
    assert found.warnings == ()


def test_a_service_that_has_restarted_has_no_negative_rate() -> None:
    assert of(pipeline(calm(0, 100), calm(2, 10)), "ticket").handled == pytest.approx(5)


def test_a_service_that_does_not_answer_is_named_and_the_others_are_shown() -> None:
    found = pipeline(calm(0), calm(2, 50, ticket=None))
    assert not of(found, "ticket").answers
    assert of(found, "ingest").handled == pytest.approx(25)
    assert found.warnings == ("ticket does not answer",)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("deskstream_database_reachable 0", "ticket cannot reach its database"),
        ("deskstream_relay_active 0", "ticket: no relay is at work"),
        ("deskstream_outbox_oldest_seconds 61", "ticket: events are 61 s old and not published"),
        ('deskstream_consumer_lag_seconds{topic="t"} 90', "ticket is 90 s behind"),
        ("deskstream_parked_keys 2", "ticket: 2 keys are parked (./desk parked)"),
        ("deskstream_relay_failures_total 1", "ticket: the relay has just failed"),
        ("deskstream_ingest_oldest_open_seconds 121", "a message has had no outcome for 121 s (./desk ledger)"),
        ("deskstream_notify_oldest_queued_seconds 901", "a mail has waited 901 s for its delivery (./desk deliveries --waiting)"),
        (
            'deskstream_notify_relay_refuses_seconds{at="login"} 12',
            "the mail server has refused us for 12 s, at login: mail waits (./desk deliveries)",
        ),
        ("deskstream_notify_refused_for_now 30", "30 mails were refused for now and are tried again (./desk deliveries --waiting)"),
        ("deskstream_notify_failed_lately 30", "30 mails have failed within the hour (./desk deliveries --failed)"),
        ("deskstream_sla_timers_overdue_seconds 31", "deadlines have been due for 31 s and were not fired"),
        ("deskstream_ingest_contradictions_total 1", "ticket events do not agree with the ledger"),
    ],
)
def test_what_an_alert_would_fire_on_is_said(line: str, words: str) -> None:
    name = line.rpartition(" ")[0]
    said = "\n".join(other for other in (CALM % {"handled": 0}).splitlines() if other.rpartition(" ")[0] != name)
    assert pipeline(calm(0), calm(2, ticket=f"{said}\n{line}\n")).warnings == (words,)


def test_the_gateway_has_no_relay_and_is_not_blamed_for_it() -> None:
    said = CALM.replace("deskstream_relay_active 1", "deskstream_relay_active 0") % {"handled": 0}
    assert pipeline(calm(0), calm(2, gateway=said)).warnings == ()


def test_latencies_are_of_what_happened_between_or_of_all_where_nothing_did() -> None:
    before = calm(0, ingest=LATENCIES % {"fast": 1000, "all": 1000})
    after = calm(2, ingest=LATENCIES % {"fast": 1000, "all": 1100})
    assert pipeline(before, after).mail.to_ticket.p50 == pytest.approx(0.15)
    assert pipeline(after, after).mail.to_ticket.p50 == pytest.approx(0.055)
    assert pipeline(calm(0), calm(2)).mail.to_ticket.p50 is None


def test_a_quantile_is_prometheuss() -> None:
    inf = float("inf")
    assert quantile(0.5, [(1, 50), (2, 100), (inf, 100)]) == pytest.approx(1)
    assert quantile(0.75, [(1, 50), (2, 100), (inf, 100)]) == pytest.approx(1.5)
    assert quantile(0.99, [(1, 50), (2, 50), (inf, 100)]) == pytest.approx(2)
    assert quantile(0.5, [(1, 0), (inf, 0)]) is None


def test_the_screen_shows_every_service_and_what_is_wrong() -> None:
    console = Console(width=80)
    with console.capture() as captured:
        console.print(shown(pipeline(calm(0), calm(2, 50, ticket=None))))
    text = captured.get()
    assert all(name in text for name in ("ingest", "ticket", "gateway", "quarantined", "at risk", "! ticket does not answer"))
    assert "…" not in text, "it has to fit into 80 columns"


def test_it_is_json_for_programs() -> None:
    from dataclasses import asdict

    assert json.loads(json.dumps(asdict(pipeline(calm(0), calm(2)))))["services"][0]["name"] == "ingest"
