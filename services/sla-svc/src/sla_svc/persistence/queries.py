"""Reads that no aggregate is needed for; a ticket's clocks, if the ticket is seen."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, fetch
from deskstream_chassis.store.visibility import Columns, condition
from deskstream_contracts.visibility import Visibility
from sla_svc.domain.policy import SlaConfiguration
from sla_svc.domain.ticket_sla import TicketSla
from sla_svc.persistence.configuration_cache import SLA, ConfigurationCache

_WHOSE: Final = Columns(
    customer="CAST(s.state -> 'ticket' ->> 'customer_id' AS uuid)",
    organization="CAST(s.state -> 'ticket' ->> 'organization_id' AS uuid)",
    team="CAST(s.state -> 'ticket' ->> 'team_id' AS uuid)",
)
_VERSION: Final = text("SELECT max(version) FROM configurations")
_SLA: Final = "SELECT s.state::text AS state FROM slas s WHERE s.id = :id AND s.version > 0 AND {visible}"
_OPEN_AND_OLDER: Final = """state -> 'ticket' ->> 'status' IN ('open', 'in_progress')
    AND CAST(state ->> 'configuration_version' AS integer) < :version"""
_BEHIND: Final = text(f"SELECT id FROM slas WHERE id > :after AND {_OPEN_AND_OLDER} ORDER BY id LIMIT :limit")
_BEHIND_COUNT: Final = text(f"SELECT count(*) FROM slas WHERE {_OPEN_AND_OLDER}")
_LEAST: Final = UUID(int=0)
GROUPS: Final = {
    "priority": "priority",
    "team": "team",
    "organization": "organization",
    "customer": "customer_id",
    "policy": "policy",
}
_ATTAINMENT: Final = """SELECT {column}::text AS "group", clock, count(*) FILTER (WHERE in_time) AS met,
    count(*) FILTER (WHERE NOT in_time) AS breached, count(*) FILTER (WHERE in_time IS NULL) AS unanswered,
    round(100.0 * count(*) FILTER (WHERE in_time) / nullif(count(in_time), 0), 2)::float AS percent
    FROM outcomes
    WHERE at >= coalesce(CAST(:since AS timestamptz), '-infinity') AND at < coalesce(CAST(:until AS timestamptz), 'infinity')
    GROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2 LIMIT 5000"""


class AttainmentRow(NamedTuple):
    """How many clocks of a group ended in time, and how many did not; `percent` of these in time, None without any.

    `unanswered` were done with in time, and without an answer: they count for neither.
    """

    group: str | None
    clock: str
    met: int
    breached: int
    unanswered: int
    percent: float | None


_BY: Final = {name: Query(text(_ATTAINMENT.format(column=column)), AttainmentRow) for name, column in GROUPS.items()}


async def current(connection: Connection, cache: ConfigurationCache) -> SlaConfiguration:
    """The newest configuration."""
    version = (await connection.execute(_VERSION)).scalar_one()
    await cache.read(connection, {version})
    return cache.get(version)


async def sla(connection: Connection, ticket_id: UUID, visibility: Visibility) -> TicketSla | None:
    """The clocks of a ticket, if it has had any and is seen."""
    visible = condition(visibility, _WHOSE)
    statement = text(_SLA.format(visible=visible.sql))
    found = (await connection.execute(statement, {"id": ticket_id, **visible.values})).scalar_one_or_none()
    return None if found is None else SLA.validate_json(found)


async def behind(connection: Connection, version: int, after: UUID | None, limit: int) -> list[UUID]:
    """Open tickets that go by an older configuration, behind an id and in the order of ids."""
    found = await connection.execute(_BEHIND, {"version": version, "after": after or _LEAST, "limit": limit})
    return [id_ for (id_,) in found]


async def behind_count(connection: Connection, version: int) -> int:
    """How many open tickets go by an older configuration."""
    return int((await connection.execute(_BEHIND_COUNT, {"version": version})).scalar_one())


async def attainment(connection: Connection, by: str, since: datetime | None, until: datetime | None) -> list[AttainmentRow]:
    """How many clocks ended in time and how many did not, by when that was recorded."""
    return await fetch(connection, _BY[by], {"since": since, "until": until})
