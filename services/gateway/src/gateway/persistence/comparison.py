"""Two view sets side by side, and the second one's birth, swap and end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from deskstream_chassis.store.rows import Query, fetch_one
from gateway.domain.views import VIEWS, View
from gateway.persistence.views import LIVE, hold_off

NEXT: Final = "views_next"
_OLD: Final = "views_old"
_EXAMPLES: Final = 10

Horizons = Mapping[str, datetime | None]
"""View → the time from which on it can be compared; None: all of it can."""


class _Counts(NamedTuple):
    equal: int
    only_live: int
    only_rebuilt: int
    different: int
    other_version: int


@dataclass(frozen=True, slots=True)
class Compared:
    """How a view's rows compare, by key and version; `examples` are keys of rows that do not agree."""

    view: str
    equal: int
    only_live: int
    only_rebuilt: int
    different: int
    other_version: int
    examples: list[str]
    since: datetime | None

    @property
    def disagreements(self) -> int:
        """How many rows are not the same in both sets."""
        return self.unsettled + self.different

    @property
    def unsettled(self) -> int:
        """What may only be a matter of time: one of the sets is further on."""
        return self.only_live + self.only_rebuilt + self.other_version


async def create(connection: AsyncConnection) -> None:
    """An empty view set with the same tables and indexes as the live one; what an earlier rebuild has left is dropped."""
    await drop(connection)
    await connection.execute(text(f"CREATE SCHEMA {NEXT}"))
    for view in VIEWS:
        await connection.execute(text(f"CREATE TABLE {NEXT}.{view.name} (LIKE {LIVE}.{view.name} INCLUDING ALL)"))
    await connection.execute(text(f"CREATE TABLE {NEXT}.ticket_counts (LIKE {LIVE}.ticket_counts INCLUDING ALL)"))


async def drop(connection: AsyncConnection) -> None:
    """Drops the second set, and what a swap has left of the old one."""
    await connection.execute(text(f"DROP SCHEMA IF EXISTS {NEXT}, {_OLD} CASCADE"))


async def hold_writes(connection: AsyncConnection) -> None:
    """Until this transaction ends nobody writes to the live set; reading goes on."""
    await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '120s'"))
    await hold_off(connection)
    await connection.execute(text(f"LOCK TABLE {', '.join(f'{LIVE}.{view.name}' for view in VIEWS)} IN EXCLUSIVE MODE"))


async def swap(connection: AsyncConnection, horizons: Horizons) -> None:
    """Makes the second set the live one. What is older than its topic comes along from the old one."""
    for view in VIEWS:
        since = horizons.get(view.name)
        if since is not None:
            statement = f"INSERT INTO {NEXT}.{view.name} SELECT * FROM {LIVE}.{view.name} WHERE at < :since ON CONFLICT DO NOTHING"
            await connection.execute(text(statement), {"since": since})
    await connection.execute(text(f"ALTER SCHEMA {LIVE} RENAME TO {_OLD}"))
    await connection.execute(text(f"ALTER SCHEMA {NEXT} RENAME TO {LIVE}"))


async def compare(connection: AsyncConnection, horizons: Horizons) -> list[Compared]:
    """For each view: how many rows are equal, only in one set, different at the same version, or at another version."""
    return [await _compared(connection, view, horizons.get(view.name)) for view in VIEWS]


async def _compared(connection: AsyncConnection, view: View, since: datetime | None) -> Compared:
    key, values = view.key, {} if since is None else {"since": since}
    # What stands with a ticket and comes from its clocks is compared with these.
    columns = ", ".join(column.name for column in view.columns)
    since_then = "" if since is None else " WHERE at >= :since"
    sides = [f"(SELECT {columns} FROM {schema}.{view.name}{since_then})" for schema in (LIVE, NEXT)]
    both = f"{sides[0]} l FULL JOIN {sides[1]} n ON n.{key} = l.{key}"
    same_version = "true" if view.flow else "l.version = n.version"
    paired = f"l.{key} IS NOT NULL AND n.{key} IS NOT NULL"
    statement = f"""
        SELECT count(*) FILTER (WHERE {paired} AND {same_version} AND CAST(l AS text) = CAST(n AS text)) AS equal,
               count(*) FILTER (WHERE n.{key} IS NULL) AS only_live, count(*) FILTER (WHERE l.{key} IS NULL) AS only_rebuilt,
               count(*) FILTER (WHERE {paired} AND {same_version} AND CAST(l AS text) <> CAST(n AS text)) AS different,
               count(*) FILTER (WHERE {paired} AND NOT {same_version}) AS other_version
        FROM {both}"""
    counts = await fetch_one(connection, Query(text(statement), _Counts), values)
    if counts.equal == sum(counts):
        return Compared(view.name, *counts, [], since)
    statement = f"""
        SELECT CAST(coalesce(l.{key}, n.{key}) AS text) FROM {both}
        WHERE NOT ({paired}) OR CAST(l AS text) <> CAST(n AS text) ORDER BY 1 LIMIT {_EXAMPLES}"""
    examples = (await connection.execute(text(statement), values)).scalars()
    return Compared(view.name, *counts, list(examples), since)
