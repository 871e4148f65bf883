"""Reads of the live view set."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from deskstream_chassis.store.visibility import Condition
from gateway.persistence.conditions import ACTIVE, Conditions, Sort

_TICKETS: Final = "views.tickets t LEFT JOIN views.slas s ON s.ticket_id = t.id"
_ROW: Final = """t.id, t.number, t.version, t.subject, t.status, t.waiting_for, t.priority, t.ticket_type, t.channel, t.mailbox,
    t.team_id, t.team_name, t.agent_id, t.agent_name, t.customer_id, t.requester_email, t.requester_name, t.organization_id,
    t.organization_name, t.tags, t.escalation_level, t.opened_at, t.updated_at, t.resolved_at, t.closed_at, s.due_at, s.due_clock,
    coalesce(s.breached, false) AS breached"""

Rows = list[dict[str, Any]]


async def page(
    connection: AsyncConnection,
    source: str,
    columns: str,
    where: Conditions,
    sort: Sort,
    after: Sequence[str] | None,
    limit: int,
) -> Rows:
    """One page of a list and one row more, each row with its keys."""
    if after is not None:
        where.add(sort.after(), **{f"key_{i}": key for i, key in enumerate(after)})
    statement = f"SELECT {columns}, {sort.columns()} FROM {source} WHERE {where.sql()} ORDER BY {sort.order()} LIMIT :n"
    return [dict(row._mapping) for row in await connection.execute(text(statement), {**where.values, "n": limit + 1})]


async def tickets(
    connection: AsyncConnection, visible: Condition, where: Conditions, sort: Sort, after: Sequence[str] | None, limit: int
) -> Rows:
    """A page of tickets, of those that are seen."""
    where.add(visible.sql, **visible.values)
    return await page(connection, _TICKETS, _ROW, where, sort, after, limit)


async def states(
    connection: AsyncConnection, view: str, where: Conditions, sort: Sort, after: Sequence[str] | None, limit: int
) -> Rows:
    """Rows with the whole state as text."""
    return await page(connection, f"views.{view} t", "CAST(t.state AS text) AS state", where, sort, after, limit)


async def all_states(connection: AsyncConnection, view: str, where: Conditions) -> list[str]:
    """Every state that fits, as JSON text, in the order of the names; for short lists without pages."""
    statement = f"SELECT CAST(t.state AS text) FROM views.{view} t WHERE {where.sql()} ORDER BY t.name, t.id"
    return list((await connection.execute(text(statement), where.values)).scalars())


async def by_status(connection: AsyncConnection, visible: Condition) -> dict[str, int]:
    """How many tickets that are seen have which status."""
    statement = f"SELECT t.status, count(*) AS tickets FROM views.tickets t WHERE {visible.sql} GROUP BY t.status"
    rows = await connection.execute(text(statement), visible.values)
    return {row.status: row.tickets for row in rows}


async def active_counts(connection: AsyncConnection, visible: Condition) -> Rows:
    """The tickets that are worked on, by priority and team, and how many of each should not be left lying."""
    statement = f"""
        SELECT t.priority, t.team_id, max(t.team_name) AS team_name, count(*) AS tickets,
               count(*) FILTER (WHERE s.due_at < now()) AS overdue, count(*) FILTER (WHERE s.breached) AS breached,
               count(*) FILTER (WHERE t.agent_id IS NULL) AS unassigned,
               count(*) FILTER (WHERE t.waiting_for = 'agent') AS waiting_for_agent
        FROM {_TICKETS} WHERE {ACTIVE} AND {visible.sql} GROUP BY t.priority, t.team_id"""
    return [dict(row._mapping) for row in await connection.execute(text(statement), visible.values)]


async def ticket(connection: AsyncConnection, reference: int | UUID, visible: Condition) -> dict[str, Any] | None:
    """A ticket's state and its clocks, as text; None where it is not there or not seen."""
    column = "number" if isinstance(reference, int) else "id"
    statement = f"""
        SELECT t.id, CAST(t.state AS text) AS state, CAST(s.state AS text) AS sla, s.due_at, s.due_clock,
               coalesce(s.breached, false) AS breached
        FROM {_TICKETS} WHERE t.{column} = :reference AND {visible.sql}"""
    row = (await connection.execute(text(statement), {"reference": reference, **visible.values})).one_or_none()
    return None if row is None else dict(row._mapping)


async def history(connection: AsyncConnection, view: str, ticket_id: UUID, visible: Condition) -> list[str]:
    """Decisions or notifications of a ticket that is seen, oldest first."""
    statement = f"""SELECT CAST(h.data AS text) FROM views.{view} h JOIN views.tickets t ON t.id = h.ticket_id
        WHERE h.ticket_id = :id AND {visible.sql} ORDER BY h.at, h.id"""
    return list((await connection.execute(text(statement), {"id": ticket_id, **visible.values})).scalars())


async def teams_named(connection: AsyncConnection, reference: str | UUID) -> Rows:
    """Active teams by id or name."""
    by = "id = :reference" if isinstance(reference, UUID) else "lower(name) = lower(:reference)"
    return await _named(connection, f"SELECT id, name FROM views.teams WHERE active AND {by}", reference)


async def agents_named(connection: AsyncConnection, reference: str | UUID) -> Rows:
    """Active agents by id, address or name."""
    by = "id = :reference" if isinstance(reference, UUID) else "lower(email) = lower(:reference) OR lower(name) = lower(:reference)"
    return await _named(connection, f"SELECT id, name, team_ids FROM views.agents WHERE active AND ({by})", reference)


async def _named(connection: AsyncConnection, statement: str, reference: str | UUID) -> Rows:
    return [dict(row._mapping) for row in await connection.execute(text(statement + " LIMIT 2"), {"reference": reference})]


async def shared_organizations(connection: AsyncConnection, customer_id: UUID) -> list[UUID] | None:
    """The organizations of a customer that share their requests among their people; None for somebody who is no customer."""
    statement = text("""
        SELECT o.id FROM views.customers c
        LEFT JOIN views.organizations o ON c.organization_ids ? CAST(o.id AS text) AND o.state ->> 'sharing' = 'organization'
        WHERE c.id = :id""")
    found = list((await connection.execute(statement, {"id": customer_id})).scalars())
    return [id_ for id_ in found if id_ is not None] if found else None


def keys_of(row: dict[str, Any]) -> list[str]:
    """The keys of a row of `page`, for its cursor."""
    return [row[name] for name in sorted(row) if name.startswith("key_")]
