"""One trace from the acceptance of a mail to its confirmation, through every hop and every outbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desk.client import Desk, until
from desk.ports import free_port_base
from desk.stack import Stack
from desk.topology import SERVICES
from desk.traffic.mails import Mail
from desk.traffic.seed import seed
from tests.collector import Collector, Trace, collector
from tests.outsider import AT_ONCE, Outsider

TO_THE_CONFIRMATION = [
    "ingest-svc: receive by smtp",
    "ingest-svc: sort",
    "ingest-svc: send deskstream.inbound.v1",
    "customer-svc: process deskstream.inbound.v1",
    "customer-svc: send deskstream.identified.v1",
    "ticket-svc: process deskstream.identified.v1",
    "ticket-svc: send deskstream.tickets.v1",
    "notify-svc: process deskstream.tickets.v1",
    "notify-svc: send confirmation",
    "notify-svc: send deskstream.notifications.v1",
]
BESIDE_IT = {
    ("ticket-svc: send deskstream.tickets.v1", "ingest-svc: process deskstream.tickets.v1"),
    ("ticket-svc: send deskstream.tickets.v1", "routing-svc: process deskstream.tickets.v1"),
    ("ticket-svc: send deskstream.tickets.v1", "sla-svc: process deskstream.tickets.v1"),
    ("routing-svc: process deskstream.tickets.v1", "routing-svc: send deskstream.decisions.v1"),
    ("routing-svc: send deskstream.decisions.v1", "ticket-svc: process deskstream.decisions.v1"),
    ("ticket-svc: process deskstream.decisions.v1", "ticket-svc: send deskstream.tickets.v1"),
    ("sla-svc: process deskstream.tickets.v1", "sla-svc: send deskstream.slas.v1"),
    ("customer-svc: process deskstream.inbound.v1", "customer-svc: send deskstream.customers.v1"),
}
TO_THE_AGENTS_REPLY = [
    "gateway: POST /api/v1/tickets/{reference}/replies",
    "gateway: POST ticket",
    "ticket-svc: POST /tickets/{reference}/replies",
    "ticket-svc: command",
    "ticket-svc: send deskstream.tickets.v1",
    "notify-svc: process deskstream.tickets.v1",
    "notify-svc: send agent_reply",
    "notify-svc: send deskstream.notifications.v1",
]


@pytest.fixture(scope="module")
def spans() -> Iterator[Collector]:
    with collector() as taken:
        yield taken


@pytest.fixture(scope="module")
def traced(spans: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outsider]:
    environment = {s.name: {f"{s.prefix}OTLP_ENDPOINT": spans.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200"} for s in SERVICES}
    environment["ticket"] |= AT_ONCE["ticket"]
    stack = Stack(tmp_path_factory.mktemp("traces") / "home", free_port_base(), environment)
    stack.start()
    try:
        desk = Desk.at(stack.home, stack.topology.port_base)
        seed(desk)
        yield Outsider(desk)
    finally:
        stack.destroy()


def of_the_mail(spans: Collector, message_id: str, last: str) -> Trace:
    """The trace that sent this mail, once its last hop was exported and every span's parent with it."""

    def whole() -> Trace | None:
        trace = spans.trace_with("messaging.message.id", message_id)
        if trace is None or not any(s.label == last for s in trace.spans.values()):
            return None
        return trace if all(not s.parent or s.parent in trace.spans for s in trace.spans.values()) else None

    return until(whole, 30, f"the trace of {message_id}")


def test_one_trace_leads_from_the_acceptance_of_a_mail_to_its_confirmation(traced: Outsider, spans: Collector) -> None:
    pat = traced.person()
    traced.write(Mail(pat, "Traced", "Hello, since this morning I cannot log in, can you help me?"))
    confirmation = traced.mail_to(pat.email, "confirmation")
    traced.ticket_of(pat)
    trace = of_the_mail(spans, confirmation["message_id"], TO_THE_CONFIRMATION[-1])
    assert trace.path_to(TO_THE_CONFIRMATION[-1]) == TO_THE_CONFIRMATION
    until(lambda: of_the_mail(spans, confirmation["message_id"], TO_THE_CONFIRMATION[-1]).edges() >= BESIDE_IT, 30, "every edge")
    sent, sent_to = trace.find("notify-svc: send confirmation"), trace.find("ingest-svc: send deskstream.inbound.v1")
    assert (sent.attributes["network.protocol.name"], sent_to.attributes["messaging.system"]) == ("smtp", "kafka")
    assert trace.find("ingest-svc: receive by smtp").began < sent.began < sent.ended


def test_one_trace_leads_from_an_agents_request_to_the_customers_mail(traced: Outsider, spans: Collector) -> None:
    pat = traced.person()
    traced.write(Mail(pat, "Traced too", "Hello, the invoice is wrong."))
    ticket = traced.ticket_of(pat)["ticket"]
    traced.desk.api("POST", f"/tickets/{ticket['id']}/replies", role="agent", json={"text": "It is mended."})
    reply = traced.mail_to(pat.email, "agent_reply")
    trace = of_the_mail(spans, reply["message_id"], TO_THE_AGENTS_REPLY[-1])
    assert trace.path_to(TO_THE_AGENTS_REPLY[-1]) == TO_THE_AGENTS_REPLY
