"""F25: sla-svc was down for an hour, and a hundred thousand timers are due when it comes back."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psutil
import pytest

from desk.client import until
from desk.ports import free_port_base
from desk.stack import Stack
from desk.topology import Service
from desk.traffic.checker import end_offsets, order_faults, published_since
from sla_svc.adapters.holidays import is_holiday_of
from sla_svc.domain.sla import begin
from sla_svc.domain.ticket import Ticket
from sla_svc.messaging.published import told
from sla_svc.persistence.configuration_cache import CALENDARS, POLICIES, SLA, ConfigurationCache
from tests.faults.observed import count, metric

TICKETS = 50_000  # with a warning and a breach each
_FILL = """
CREATE TEMPORARY TABLE fresh AS SELECT gen_random_uuid() AS id, n FROM generate_series(1, {tickets}) AS n;
INSERT INTO slas SELECT id, {version}, jsonb_set(jsonb_set(jsonb_set('{state}'::jsonb, '{{id}}', to_jsonb(id)),
    '{{ticket,id}}', to_jsonb(id)), '{{ticket,number}}', to_jsonb(1000 + n)) FROM fresh;
INSERT INTO timers SELECT id, clock, kind, due_at FROM fresh, (VALUES {timers}) AS t (clock, kind, due_at);
ANALYZE slas; ANALYZE timers;
"""


@pytest.fixture
def clocks(tmp_path: Path) -> Iterator[Stack]:
    """PostgreSQL, Kafka and sla-svc alone."""
    stack = Stack(tmp_path / "home", free_port_base(), services=(Service("sla", "sla_svc"),))
    stack.start()
    yield stack
    stack.destroy()


def _fill(stack: Stack) -> None:
    """What a desk has in sla-svc's tables when so many tickets were opened two hours ago and nobody has answered any."""
    policies, calendars = stack.postgres.psql("SELECT policies, calendars FROM configurations", "sla").strip().split("|", 1)
    configuration = ConfigurationCache(is_holiday_of).compiled(
        1, POLICIES.validate_json(policies), CALENDARS.validate_json(calendars)
    )
    opened_at = datetime.now(UTC) - timedelta(hours=2)
    ticket = Ticket(
        id=UUID(int=1),
        version=1,
        number=1,
        status="open",
        waiting_for="agent",
        priority="critical",  # to be answered within an hour, resolved within four
        ticket_type=None,
        tags=(),
        sla_policy=None,
        customer_id=UUID(int=2),
        organization_id=None,
        organization_name=None,
        team_id=None,
        team_name=None,
        agent_id=None,
        opened_at=opened_at,
    )
    begun, happened = begin(ticket, configuration, "f25")
    assert begun is not None
    sla, _ = told(None, happened, begun, opened_at)
    timers = ", ".join(
        f"('{clock.kind}', '{kind}', '{due}'::timestamptz)"
        for clock in sla.clocks
        for kind, due in (("warn", clock.warn_at), ("breach", clock.due_at))
    )
    state = json.dumps(json.loads(SLA.dump_json(sla)))
    stack.postgres.psql(_FILL.format(tickets=TICKETS, version=sla.version, state=state, timers=timers), "sla")
    stack.postgres.psql("ALTER TABLE slas OWNER TO sla", "sla")


def test_f25_a_hundred_thousand_timers_that_were_missed_fire_once_each_and_say_how_late(clocks: Stack) -> None:
    assert clocks.stop_service("sla")
    _fill(clocks)
    offsets = end_offsets(clocks.bootstrap_servers)
    began = time.monotonic()
    clocks.start_service("sla")
    clocks.wait_ready(60, ["sla"])
    process = psutil.Process(clocks.pid("sla"))
    before = process.memory_info().rss
    most = before

    def done() -> bool:
        nonlocal most
        most = max(most, process.memory_info().rss)
        return count(clocks, "sla", "timers WHERE due_at <= now()") == 0 and count(clocks, "sla", "outbox") == 0

    until(done, 240, "every timer to be fired and published")
    print(f"{time.monotonic() - began:.1f} s, {(most - before) / 2**20:.0f} MiB more")
    assert most - before < 150 * 2**20

    events = published_since(clocks.bootstrap_servers, offsets)
    assert order_faults(events) == []
    fired = Counter((event.key, event.type) for event in {event.id: event for event in events}.values())
    assert len(fired) == 2 * TICKETS
    assert set(fired.values()) == {1}
    assert {type_ for _, type_ in fired} == {"sla.warned.v1", "sla.breached.v1"}
    assert all(event.data["late_seconds"] >= 3600 for event in events)
    assert metric(clocks, "sla", "deskstream_sla_timer_late_seconds_count") == 2 * TICKETS
    assert metric(clocks, "sla", "deskstream_sla_timer_late_seconds_sum") >= 2 * TICKETS * 3600
    assert count(clocks, "sla", "timers") == 2 * TICKETS, "what is due later is still to come"
