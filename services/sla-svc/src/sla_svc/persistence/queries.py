"""Reads that no aggregate is needed for."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from sla_svc.domain.policy import SlaConfiguration
from sla_svc.domain.sla import TicketSla
from sla_svc.persistence.configuration_cache import SLA, ConfigurationCache

_VERSION = text("SELECT max(version) FROM configurations")
_SLA = text("SELECT state::text FROM slas WHERE id = :id")
GROUPS: Final = {
    "priority": "priority",
    "team": "team",
    "organization": "organization",
    "customer": "customer_id",
    "policy": "policy",
}
_ATTAINMENT = """SELECT {column}::text AS "group", clock, count(*) FILTER (WHERE in_time) AS met,
    count(*) FILTER (WHERE NOT in_time) AS breached, round(100.0 * count(*) FILTER (WHERE in_time) / count(*), 2)::float AS percent
    FROM outcomes
    WHERE at >= coalesce(CAST(:since AS timestamptz), '-infinity') AND at < coalesce(CAST(:until AS timestamptz), 'infinity')
    GROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2 LIMIT 5000"""
_BY = {name: text(_ATTAINMENT.format(column=column)) for name, column in GROUPS.items()}


async def current(connection: Connection, known: ConfigurationCache) -> SlaConfiguration:
    version = (await connection.execute(_VERSION)).scalar_one()
    await known.read(connection, {version})
    return known.get(version)


async def sla(connection: Connection, ticket_id: UUID) -> TicketSla | None:
    found = (await connection.execute(_SLA, {"id": ticket_id})).scalar_one_or_none()
    return None if found is None else SLA.validate_json(found)


async def attainment(connection: Connection, by: str, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    """How many clocks ended in time and how many did not, by when that was recorded."""
    rows = await connection.execute(_BY[by], {"since": since, "until": until})
    return [dict(row._mapping) for row in rows]
