"""The pipeline as its services' /metrics tell of it: scraped, set against an earlier scrape, and judged as the alerts would."""

from __future__ import annotations

import http.client
import math
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from desk.health import request

Labels = frozenset[tuple[str, str]]
Values = Mapping[str, Mapping[Labels, float]]
"""Series name → labels → value, of one process."""


@dataclass(frozen=True, slots=True)
class Scrape:
    """What the services said at a moment (time.monotonic); None for one that did not answer."""

    at: float
    services: Mapping[str, Values | None]

    def total(self, name: str, service: str | None = None, **labels: str) -> float:
        """The sum of all series with these labels, of one service or of all."""
        return sum(value for _, value in self._found(name, service, labels))

    def most(self, name: str, service: str | None = None, **labels: str) -> float:
        return max((value for _, value in self._found(name, service, labels)), default=0.0)

    def by_label(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Sums by the value of a label."""
        sums: dict[str, float] = {}
        for found, value in self._found(name, None, labels):
            key = dict(found).get(label, "")
            sums[key] = sums.get(key, 0.0) + value
        return sums

    def _found(self, name: str, service: str | None, labels: Mapping[str, str]) -> Iterator[tuple[Labels, float]]:
        wanted = labels.items()
        for values in (self.services.get(service),) if service else self.services.values():
            for found, value in (values or {}).get(name, {}).items():
                if wanted <= found:
                    yield found, value


def scrape(ports: Mapping[str, int]) -> Scrape:
    """Asks all services at once."""
    with ThreadPoolExecutor(len(ports)) as pool:
        return Scrape(time.monotonic(), dict(zip(ports, pool.map(_values, ports.values()), strict=True)))


def parse(text: str) -> Values:
    """The samples of an exposition."""
    values: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return values


def _values(port: int) -> Values | None:
    try:
        status, body = request(port, "GET", "/metrics", timeout=3)
    except (OSError, http.client.HTTPException):
        return None
    return parse(body.decode()) if status == 200 else None


@dataclass(frozen=True, slots=True)
class ServicePulse:
    """One service. Rates are a second."""

    name: str
    answers: bool
    handled: float
    published: float
    requests: float
    failed: float
    lag_messages: float
    lag_seconds: float
    outbox_events: float
    outbox_seconds: float
    parked_keys: float
    cpu: float
    memory_mib: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds; where nothing happened in the time, since the services' start. None where there never was anything."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class MailPulse:
    """From the doors to the confirmations. Rates are a second; `failed_lately` is the number within the last hour, and
    `relay_refuses_seconds` how long the mail server has taken no mail from us, by what it refuses us at."""

    received: float
    outcomes: dict[str, float]
    refused: float
    open_entries: float
    oldest_open_seconds: float
    sent: float
    failed: float
    queued: float
    oldest_queued_seconds: float
    refused_for_now: float
    failed_lately: float
    relay_refuses_seconds: dict[str, float]
    to_ticket: Latency
    to_confirmation: Latency


@dataclass(frozen=True, slots=True)
class DeskPulse:
    """Tickets that are worked on."""

    by_priority: dict[str, float]
    unassigned: float
    breached: float
    at_risk: float
    oldest_seconds: float
    agents_available: float


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything that `./desk top` shows. `seconds`: what the rates and latencies are taken over."""

    seconds: float
    services: tuple[ServicePulse, ...]
    mail: MailPulse
    desk: DeskPulse
    warnings: tuple[str, ...]


def pipeline(before: Scrape, after: Scrape) -> Pipeline:
    """What happened between two scrapes, and how things stand at the second."""
    seconds = max(after.at - before.at, 1e-9)

    def rate(name: str, service: str | None = None, **labels: str) -> float:
        # A process that has restarted begins at 0 again: what it says now is what it did since.
        now, then = after.total(name, service, **labels), before.total(name, service, **labels)
        return (now - then if now >= then else now) / seconds

    services = tuple(_service(name, after, rate) for name in after.services)
    mail = MailPulse(
        received=rate("deskstream_ingest_accepted_total"),
        outcomes={
            o: rate("deskstream_ingest_outcomes_total", outcome=o) for o in ("opened", "appended", "suppressed", "quarantined")
        },
        refused=rate("deskstream_ingest_refused_total"),
        open_entries=after.most("deskstream_ingest_open_entries"),
        oldest_open_seconds=after.most("deskstream_ingest_oldest_open_seconds"),
        sent=rate("deskstream_notify_deliveries_total", status="sent"),
        failed=rate("deskstream_notify_deliveries_total", status="failed"),
        queued=after.most("deskstream_notify_queued"),
        oldest_queued_seconds=after.most("deskstream_notify_oldest_queued_seconds"),
        refused_for_now=after.most("deskstream_notify_refused_for_now"),
        failed_lately=after.most("deskstream_notify_failed_lately"),
        relay_refuses_seconds=_relay_refuses(after),
        to_ticket=_latency(before, after, "deskstream_ingest_ticket_seconds", outcome="opened"),
        to_confirmation=_latency(before, after, "deskstream_notify_delivery_seconds", kind="confirmation"),
    )
    desk = DeskPulse(
        by_priority=after.by_label("deskstream_desk_tickets", "priority"),
        unassigned=after.total("deskstream_desk_unassigned_tickets"),
        breached=after.total("deskstream_desk_breached_tickets"),
        at_risk=after.total("deskstream_desk_at_risk_tickets"),
        oldest_seconds=after.most("deskstream_desk_oldest_seconds"),
        agents_available=after.total("deskstream_desk_agents", state="available"),
    )
    return Pipeline(seconds, services, mail, desk, tuple(warnings(before, after)))


def _service(name: str, after: Scrape, rate: Callable[..., float]) -> ServicePulse:
    served = rate("deskstream_http_request_seconds_count", name)
    for route in ("/health/live", "/health/ready", "/metrics"):
        served -= rate("deskstream_http_request_seconds_count", name, route=route)
    return ServicePulse(
        name=name,
        answers=after.services[name] is not None,
        handled=rate("deskstream_consumer_messages_total", name),
        published=rate("deskstream_relay_published_total", name),
        requests=max(0.0, served),
        failed=sum(rate("deskstream_http_request_seconds_count", name, status=status) for status in ("500", "502", "503", "504")),
        lag_messages=after.total("deskstream_consumer_lag_messages", name),
        lag_seconds=after.most("deskstream_consumer_lag_seconds", name),
        outbox_events=after.most("deskstream_outbox_events", name),
        outbox_seconds=after.most("deskstream_outbox_oldest_seconds", name),
        parked_keys=after.most("deskstream_parked_keys", name),
        cpu=rate("process_cpu_seconds_total", name),
        memory_mib=after.total("process_resident_memory_bytes", name) / 2**20,
    )


def warnings(before: Scrape, after: Scrape) -> Iterator[str]:
    """What the alerts of docs/alerts.md would fire on, if it lasted."""
    for name, values in after.services.items():
        if values is None:
            yield f"{name} does not answer"
            continue
        if not after.most("deskstream_database_reachable", name):
            yield f"{name} cannot reach its database"
        if name != "gateway" and not after.most("deskstream_relay_active", name):
            yield f"{name}: no relay is at work"
        if (age := after.most("deskstream_outbox_oldest_seconds", name)) > 60:
            yield f"{name}: events are {age:.0f} s old and not published"
        if (age := after.most("deskstream_consumer_lag_seconds", name)) > 60:
            yield f"{name} is {age:.0f} s behind"
        if parked := after.most("deskstream_parked_keys", name):
            yield f"{name}: {parked:.0f} keys are parked (./desk parked)"
        if after.total("deskstream_relay_failures_total", name) > before.total("deskstream_relay_failures_total", name):
            yield f"{name}: the relay has just failed"
    if (age := after.most("deskstream_ingest_oldest_open_seconds")) > 120:
        yield f"a message has had no outcome for {age:.0f} s (./desk ledger)"
    if (age := after.most("deskstream_notify_oldest_queued_seconds")) > 900:
        yield f"a mail has waited {age:.0f} s for its delivery (./desk deliveries --waiting)"
    for at, seconds in _relay_refuses(after).items():
        yield f"the mail server has refused us for {seconds:.0f} s, at {at}: mail waits (./desk deliveries)"
    if waiting := after.most("deskstream_notify_refused_for_now"):
        yield f"{waiting:.0f} mails were refused for now and are tried again (./desk deliveries --waiting)"
    if failed := after.most("deskstream_notify_failed_lately"):
        yield f"{failed:.0f} mails have failed within the hour (./desk deliveries --failed)"
    if (age := after.most("deskstream_sla_timers_overdue_seconds")) > 30:
        yield f"deadlines have been due for {age:.0f} s and were not fired"
    if after.total("deskstream_ingest_contradictions_total") or after.total("deskstream_ingest_unknown_messages_total"):
        yield "ticket events do not agree with the ledger"


def _relay_refuses(after: Scrape) -> dict[str, float]:
    found = after.by_label("deskstream_notify_relay_refuses_seconds", "at")
    return {at: seconds for at, seconds in found.items() if seconds > 0}


def _latency(before: Scrape, after: Scrape, histogram: str, **labels: str) -> Latency:
    buckets = _buckets(after, histogram, labels)
    earlier = _buckets(before, histogram, labels)
    between = [(edge, count - earlier.get(edge, 0.0)) for edge, count in sorted(buckets.items())]
    # A process that has restarted counts from 0 again.
    fresh = between and between[-1][1] > 0 and all(count >= 0 for _, count in between)
    found = between if fresh else sorted(buckets.items())
    return Latency(quantile(0.5, found), quantile(0.99, found))


def _buckets(scraped: Scrape, histogram: str, labels: Mapping[str, str]) -> dict[float, float]:
    sums = scraped.by_label(f"{histogram}_bucket", "le", **labels)
    return {float(edge): count for edge, count in sums.items()}


def quantile(share: float, buckets: list[tuple[float, float]]) -> float | None:
    """As Prometheus's histogram_quantile: linear within the bucket, the last finite edge for what lies beyond it."""
    total = buckets[-1][1] if buckets else 0.0
    if total <= 0:
        return None
    rank, below, start = share * total, 0.0, 0.0
    for edge, count in buckets:
        if count >= rank:
            return start if math.isinf(edge) else start + (edge - start) * (rank - below) / max(count - below, 1e-9)
        below, start = count, edge
    return start
