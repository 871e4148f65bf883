"""The desk's statistics for dashboards: counted out of the read model every few seconds by one process, whoever scrapes how often.

A process that does not hold the lock shows none, so that those of all processes may be added up.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from prometheus_client import Gauge
from sqlalchemy import text

from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.advisory_lock import work_alone
from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection, AsyncpgPool
from deskstream_chassis.store.rows import Query, fetch, fetch_one
from deskstream_chassis.watch.logs import logger
from deskstream_contracts.wire import ACTIVE_STATUSES, PRIORITIES
from gateway import metrics
from gateway.persistence import views
from gateway.persistence.conditions import ACTIVE

_LOCK: Final = 0x666967  # "fig"
_SETTLE_SECONDS: Final = 3600.0
_MOST_TEAMS: Final = 50
_AGES: Final = {"1h": 3600, "4h": 4 * 3600, "1d": 86400, "3d": 3 * 86400, "7d": 7 * 86400}
_EDGES: Final = ", ".join(map(str, _AGES.values()))
_TEAMS: Final = text(f"SELECT name FROM views.teams WHERE active ORDER BY name LIMIT {_MOST_TEAMS}")
_log = logger(__name__)

Labels = tuple[str, ...]
"""The values of a gauge's labels, in their order."""


class _Count(NamedTuple):
    """Tickets of a team (None: of no team), a priority and a status; of them `at_risk` are due within an hour."""

    team_name: str | None
    priority: str
    status: str
    tickets: int
    unassigned: int
    breached: int
    at_risk: int


class _Age(NamedTuple):
    """Tickets of a priority whose age is in a bucket of `_AGES`; `oldest` in seconds."""

    priority: str
    bucket: int
    tickets: int
    oldest: Decimal


class _Agents(NamedTuple):
    available: int
    away: int


# All three are counted over the tickets that are worked on, which have a partial index; the archive is never read.
_COUNTS: Final = Query(
    text(f"""
        SELECT t.team_name, t.priority, t.status, count(*) AS tickets, count(*) FILTER (WHERE t.agent_id IS NULL) AS unassigned,
               count(*) FILTER (WHERE t.breached) AS breached,
               count(*) FILTER (WHERE NOT t.breached AND t.due_at BETWEEN now() AND now() + interval '1 hour') AS at_risk
        FROM views.tickets t WHERE {ACTIVE} GROUP BY 1, 2, 3"""),
    _Count,
)
_AGES_NOW: Final = Query(
    text(f"""
        SELECT t.priority,
               width_bucket(CAST(extract(epoch FROM now() - t.opened_at) AS float8), CAST('{{{_EDGES}}}' AS float8[])) AS bucket,
               count(*) AS tickets, extract(epoch FROM now() - min(t.opened_at)) AS oldest
        FROM views.tickets t WHERE {ACTIVE} GROUP BY 1, 2"""),
    _Age,
)
_AGENTS: Final = Query(
    text("""SELECT count(*) FILTER (WHERE available) AS available, count(*) FILTER (WHERE NOT available) AS away
        FROM views.agents WHERE active"""),
    _Agents,
)


class Statistics(Worker):
    """Of several processes one counts, under an advisory lock of its session, and the others stand by.

    At its start and every hour it also makes right what stands with the tickets (`views.settle`).
    """

    name = "statistics"
    comes_round = False  # nobody waits for it

    def __init__(self, pool: AsyncpgPool, every_seconds: float) -> None:
        super().__init__()
        self._pool = pool
        self._every_seconds = every_seconds

    async def run(self, stop: asyncio.Event) -> None:
        async def count_while_held(connection: AsyncpgConnection) -> None:
            settled = -_SETTLE_SECONDS
            try:
                while not stop.is_set():
                    if time.monotonic() - settled >= _SETTLE_SECONDS:
                        settled = time.monotonic()
                        async with connection.begin():
                            await views.settle(connection)
                    await count(connection)
                    await pause(stop, self._every_seconds)
            finally:
                forget()

        await work_alone("count the desk's statistics", self._pool, _LOCK, stop, count_while_held)


async def count(connection: AsyncpgConnection) -> None:
    """Counts everything and shows it at once."""
    teams = frozenset((await connection.execute(_TEAMS)).scalars())
    counts, ages = await fetch(connection, _COUNTS), await fetch(connection, _AGES_NOW)
    agents = await fetch_one(connection, _AGENTS)
    _show_counts(counts, teams)
    _show_ages(ages)
    metrics.AGENTS.labels("available").set(agents.available)
    metrics.AGENTS.labels("away").set(agents.away)


def forget() -> None:
    """Shows nothing any more: another process counts, or nobody can."""
    for gauge in metrics.STATISTICS:
        gauge.clear()


def _show_counts(rows: Sequence[_Count], teams: Iterable[str]) -> None:
    known = {"none", "other", *teams}
    by_status: dict[Labels, float] = {(team, p, s): 0 for team in known for p in PRIORITIES for s in ACTIVE_STATUSES}
    by_need: dict[Labels, list[int]] = {(team, p): [0, 0, 0] for team in known for p in PRIORITIES}
    for team_name, priority, status, tickets, *needs in rows:
        team = "none" if team_name is None else team_name if team_name in known else "other"
        by_status[team, priority, status] += tickets
        by_need[team, priority] = [a + b for a, b in zip(by_need[team, priority], needs, strict=True)]
    _set(metrics.TICKETS, by_status)
    for index, gauge in enumerate((metrics.UNASSIGNED, metrics.BREACHED, metrics.AT_RISK)):
        _set(gauge, {labels: needs[index] for labels, needs in by_need.items()})


def _show_ages(rows: Sequence[_Age]) -> None:
    labels = (*_AGES, "older")
    found: dict[Labels, float] = {(priority, age): 0 for priority in PRIORITIES for age in labels}
    oldest: dict[Labels, float] = {(priority,): 0.0 for priority in PRIORITIES}
    for priority, bucket, tickets, seconds in rows:
        found[priority, labels[bucket]] += tickets
        oldest[priority,] = max(oldest[priority,], float(seconds))
    _set(metrics.BY_AGE, found)
    _set(metrics.OLDEST, oldest)


def _set(gauge: Gauge, values: Mapping[Labels, float]) -> None:
    # What is no longer there goes: a team may be renamed.
    gauge.clear()
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
