"""The desk's statistics, counted out of the read model."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_contracts.events.tickets import Assignee
from gateway.settings import Settings
from gateway.workers.statistics import Statistics, count, forget

from ..events import NOW, agent, opened, sla, team, ticket  # noqa: TID252
from .conftest import Gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]


def figure(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"deskstream_desk_{name}", labels)


async def test_tickets_that_are_worked_on_are_counted_and_the_archive_is_not(open_gateway: Open, settings: Settings) -> None:
    now = datetime.now(UTC)
    billing = Assignee(team_id=uuid4(), team_name="Billing")
    served = Assignee(team_id=billing.team_id, team_name="Billing", agent_id=uuid4(), agent_name="Ada")
    gone = Assignee(team_id=uuid4(), team_name="Renamed")
    old = ticket(priority="high", opened_at=now - timedelta(days=30), assignee=billing)
    late = ticket(priority="high", opened_at=now - timedelta(hours=2), assignee=served, status="in_progress")
    soon = ticket(priority="low", opened_at=now - timedelta(minutes=5))
    other = ticket(priority="low", opened_at=now - timedelta(minutes=5), assignee=gone)
    done = [ticket(priority="high", status=status, assignee=billing, opened_at=now) for status in ("resolved", "closed")]
    minutes = (now - NOW).total_seconds() / 60
    async with open_gateway() as gateway:
        await gateway.hear(
            team("Billing"), agent("Ada"), *map(opened, (old, late, soon, other, *done)),
            sla(late, ("resolution", "breached", int(minutes) - 10)), sla(soon, ("first_response", "running", int(minutes) + 30)),
            sla(other, ("first_response", "running", int(minutes) + 90)),
        )  # fmt: skip
    pool = AsyncpgPool(settings.database_url.get_secret_value(), 1)
    async with pool.session() as connection:
        await count(connection)
    assert figure("tickets", team="Billing", priority="high", status="open") == 1
    assert figure("tickets", team="Billing", priority="high", status="in_progress") == 1
    assert figure("tickets", team="none", priority="low", status="open") == 1
    assert figure("tickets", team="other", priority="low", status="open") == 1
    assert figure("tickets", team="Billing", priority="critical", status="open") == 0
    assert figure("tickets", team="Renamed", priority="low", status="open") is None
    assert figure("unassigned_tickets", team="Billing", priority="high") == 1
    assert figure("unassigned_tickets", team="none", priority="low") == 1
    assert figure("breached_tickets", team="Billing", priority="high") == 1
    assert (figure("at_risk_tickets", team="none", priority="low"), figure("at_risk_tickets", team="other", priority="low")) == (
        1,
        0,
    )
    assert [figure("tickets_by_age", priority="high", age=age) for age in ("1h", "4h", "1d", "3d", "7d", "older")] == [
        0,
        1,
        0,
        0,
        0,
        1,
    ]
    assert figure("oldest_seconds", priority="high") == pytest.approx(30 * 86400, abs=60)
    assert figure("agents", state="available") == 1
    forget()
    assert figure("tickets", team="none", priority="low", status="open") is None


async def test_of_two_processes_one_counts(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[object] = []

    async def counted(connection: object) -> None:
        turns.append(connection)

    monkeypatch.setattr("gateway.workers.statistics.count", counted)
    stop = asyncio.Event()
    workers = [Statistics(AsyncpgPool(settings.database_url.get_secret_value(), 1), 0.05) for _ in range(2)]
    running = [asyncio.create_task(worker.run(stop)) for worker in workers]
    await asyncio.sleep(1)
    stop.set()
    await asyncio.gather(*running)
    assert len(turns) > 3
    assert len(set(map(id, turns))) == 1
