"""The desk's statistics for dashboards: counted out of the read model every few seconds by one process, whoever scrapes how often.

A process that does not hold the lock shows none, so that those of all processes may be added up.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, get_args

from prometheus_client import Gauge
from sqlalchemy import text

from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.advisory_lock import work_alone
from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection, AsyncpgPool
from deskstream_chassis.watch.logs import logger
from deskstream_contracts.wire import Priority
from gateway import metrics
from gateway.persistence.conditions import ACTIVE

_LOCK: Final = 0x666967  # "fig"
_MOST_TEAMS: Final = 50
_PRIORITIES: Final = get_args(Priority)
_STATUSES: Final = ("open", "in_progress")
_AGES: Final = {"1h": 3600, "4h": 4 * 3600, "1d": 86400, "3d": 3 * 86400, "7d": 7 * 86400}
_EDGES: Final = ", ".join(map(str, _AGES.values()))
_TEAMS: Final = text(f"SELECT name FROM views.teams WHERE active ORDER BY name LIMIT {_MOST_TEAMS}")
# All three are counted over the tickets that are worked on, which have a partial index; the archive is never read.
_COUNTS: Final = text(f"""
    SELECT t.team_name, t.priority, t.status, count(*), count(*) FILTER (WHERE t.agent_id IS NULL),
           count(*) FILTER (WHERE s.breached),
           count(*) FILTER (WHERE NOT s.breached AND s.due_at BETWEEN now() AND now() + interval '1 hour')
    FROM views.tickets t LEFT JOIN views.slas s ON s.ticket_id = t.id WHERE {ACTIVE} GROUP BY 1, 2, 3""")
_BY_AGE: Final = text(f"""
    SELECT t.priority, width_bucket(CAST(extract(epoch FROM now() - t.opened_at) AS float8), CAST('{{{_EDGES}}}' AS float8[])),
           count(*), extract(epoch FROM now() - min(t.opened_at))
    FROM views.tickets t WHERE {ACTIVE} GROUP BY 1, 2""")
_AGENTS: Final = text(
    "SELECT count(*) FILTER (WHERE available), count(*) FILTER (WHERE NOT available) FROM views.agents WHERE active"
)
_log = logger(__name__)


class Statistics(Worker):
    """Of several processes one counts, under an advisory lock of its session, and the others stand by."""

    name = "statistics"
    comes_round = False  # nobody waits for it

    def __init__(self, pool: AsyncpgPool, every_seconds: float) -> None:
        super().__init__()
        self._pool = pool
        self._every_seconds = every_seconds

    async def run(self, stop: asyncio.Event) -> None:
        async def count_while_held(connection: AsyncpgConnection) -> None:
            try:
                while not stop.is_set():
                    await count(connection)
                    await pause(stop, self._every_seconds)
            finally:
                forget()

        await work_alone("count the desk's statistics", self._pool, _LOCK, stop, count_while_held)


async def count(connection: AsyncpgConnection) -> None:
    """Counts everything and shows it at once."""
    teams = frozenset((await connection.execute(_TEAMS)).scalars())
    counts = (await connection.execute(_COUNTS)).all()
    ages = (await connection.execute(_BY_AGE)).all()
    available, away = (await connection.execute(_AGENTS)).one()
    _show_counts(counts, teams)
    _show_ages(ages)
    metrics.AGENTS.labels("available").set(available)
    metrics.AGENTS.labels("away").set(away)


def forget() -> None:
    """Shows nothing any more: another process counts, or nobody can."""
    for gauge in metrics.STATISTICS:
        gauge.clear()


def _show_counts(rows: Sequence[Any], teams: Iterable[str]) -> None:
    known = {"none", "other", *teams}
    by_status = {(team, p, s): 0 for team in known for p in _PRIORITIES for s in _STATUSES}
    by_need = {(team, p): [0, 0, 0] for team in known for p in _PRIORITIES}
    for team_name, priority, status, tickets, *needs in rows:
        team = "none" if team_name is None else team_name if team_name in known else "other"
        by_status[team, priority, status] += tickets
        by_need[team, priority] = [a + b for a, b in zip(by_need[team, priority], needs, strict=True)]
    _set(metrics.TICKETS, by_status)
    for index, gauge in enumerate((metrics.UNASSIGNED, metrics.BREACHED, metrics.AT_RISK)):
        _set(gauge, {labels: needs[index] for labels, needs in by_need.items()})


def _show_ages(rows: Sequence[Any]) -> None:
    labels = (*_AGES, "older")
    found = {(priority, age): 0 for priority in _PRIORITIES for age in labels}
    oldest = {(priority,): 0.0 for priority in _PRIORITIES}
    for priority, bucket, tickets, seconds in rows:
        found[priority, labels[bucket]] += tickets
        oldest[priority,] = max(oldest[priority,], float(seconds))
    _set(metrics.BY_AGE, found)
    _set(metrics.OLDEST, oldest)


def _set(gauge: Gauge, values: dict[Any, Any]) -> None:
    # What is no longer there goes: a team may be renamed.
    gauge.clear()
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
