"""Reads of the live view set."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import TextClause, text

from deskstream_chassis.store.database import Connection, Values
from deskstream_chassis.store.rows import Query, fetch, find_one
from deskstream_chassis.store.visibility import Condition
from deskstream_contracts.events.slas import ClockKind
from deskstream_contracts.visibility import EVERYTHING, Visibility
from gateway.domain.views import TICKETS
from gateway.persistence.conditions import ACTIVE, NAMES, Conditions, Sort
from gateway.persistence.listing import Listing
from gateway.persistence.visibility import visible_counts, visible_tickets

_TICKETS: Final = "views.tickets t"
_LISTED_TICKETS: Final = Listing(TICKETS)


class Listed(Protocol):
    """A row of a list."""

    @property
    def keys(self) -> list[str]: ...


class ListedRow(NamedTuple):
    """A row as a list of the API has it, by the columns of its view, but for custom `fields` (JSON); `keys` are those of its place
    there, for a cursor."""

    values: dict[str, Any]
    fields: str
    keys: list[str]


class OwnTicket(NamedTuple):
    """What customers see of a ticket in their list; custom `fields` are JSON."""

    number: int
    subject: str
    status: str
    waiting_for: str
    customer_id: UUID
    requester_name: str | None
    opened_at: datetime
    updated_at: datetime
    fields: str
    keys: list[str]


class StateRow(NamedTuple):
    """The whole state, as JSON, of what stands in a list; `keys` as for tickets."""

    state: str
    keys: list[str]


class FoundTicket(NamedTuple):
    """A ticket's state and its clocks (None: it has none), as JSON."""

    id: UUID
    state: str
    sla: str | None
    due_at: datetime | None
    due_clock: ClockKind | None
    breached: bool


class ActiveCount(NamedTuple):
    """How many tickets of a priority and a team (None: of no team) are worked on, and how many of them should not be left lying."""

    priority: str
    team_id: UUID | None
    team_name: str | None
    tickets: int
    overdue: int
    breached: int
    unassigned: int
    waiting_for_agent: int


class StatusCount(NamedTuple):
    """How many tickets have a status."""

    status: str
    tickets: int


class FoundDocument(NamedTuple):
    """A document of settings that was heard of; `content` is JSON."""

    document: str
    version: int
    content: str


_DOCUMENTS: Final = Query(
    text("""SELECT document, version, CAST(content AS text) AS content FROM views.documents
        WHERE document = ANY(CAST(:documents AS text[]))"""),
    FoundDocument,
)


class FoundTeam(NamedTuple):
    """A team that a name leads to."""

    id: UUID
    name: str


class FoundAgent(NamedTuple):
    """An agent whom a name leads to; `team_ids` are JSON."""

    id: UUID
    name: str
    team_ids: str


async def tickets(
    connection: Connection, visible: Condition, where: Conditions, sort: Sort, after: Sequence[str] | None, limit: int
) -> list[ListedRow]:
    """A page of tickets, of those that are seen, and one row more."""
    where.add(visible.sql, **visible.values)
    statement, values = _page(_TICKETS, f"{_LISTED_TICKETS.columns}, t.fields", where, sort, after, limit)
    return [ListedRow(_LISTED_TICKETS.row(row), *row[-2:]) for row in await connection.execute(statement, values)]


async def own_tickets(
    connection: Connection, visible: Condition, where: Conditions, sort: Sort, after: Sequence[str] | None, limit: int
) -> list[OwnTicket]:
    """A page of what a customer sees of tickets, and one row more."""
    where.add(visible.sql, **visible.values)
    columns = ", ".join(f"t.{name}" for name in OwnTicket._fields if name != "keys")
    statement, values = _page(_TICKETS, columns, where, sort, after, limit)
    return await fetch(connection, Query(statement, OwnTicket), values)


async def states(
    connection: Connection, view: str, where: Conditions, sort: Sort, after: Sequence[str] | None, limit: int
) -> list[StateRow]:
    """A page of rows with the whole state as text, and one row more."""
    statement, values = _page(f"views.{view} t", "CAST(t.state AS text) AS state", where, sort, after, limit)
    return await fetch(connection, Query(statement, StateRow), values)


def _page(
    source: str, columns: str, where: Conditions, sort: Sort, after: Sequence[str] | None, limit: int
) -> tuple[TextClause, Values]:
    if after is not None:
        where.add(sort.after(), **{f"key_{i}": key for i, key in enumerate(after)})
    statement = f"SELECT {columns}, {sort.columns()} FROM {source} WHERE {where.sql()} ORDER BY {sort.order()} LIMIT :n"
    return text(statement), {**where.values, "n": limit + 1}


async def all_states(connection: Connection, view: str, where: Conditions) -> list[str]:
    """Every state that fits, as JSON text, in the order of the names; for short lists without pages."""
    statement = f"SELECT CAST(t.state AS text) FROM views.{view} t WHERE {where.sql()} ORDER BY t.name, t.id"
    return list((await connection.execute(text(statement), where.values)).scalars())


async def by_status(connection: Connection, visibility: Visibility) -> dict[str, int]:
    """How many tickets that are seen have which status: of those of customers counted, of all (or all teams) read off."""
    if visibility.everything:
        visible = visible_counts(visibility)
        statement = f"""SELECT t.status, CAST(sum(t.tickets) AS bigint) AS tickets FROM views.ticket_counts t
            WHERE {visible.sql} GROUP BY t.status"""
    else:
        visible = visible_tickets(visibility)
        statement = f"SELECT t.status, count(*) AS tickets FROM views.tickets t WHERE {visible.sql} GROUP BY t.status"
    rows = await fetch(connection, Query(text(statement), StatusCount), visible.values)
    return {row.status: row.tickets for row in rows if row.tickets}


async def active_counts(connection: Connection, visible: Condition) -> list[ActiveCount]:
    """The tickets that are worked on, of those that are seen."""
    counts = f"""
        SELECT t.priority, t.team_id, count(*) AS tickets,
               count(*) FILTER (WHERE t.due_at < now()) AS overdue, count(*) FILTER (WHERE t.breached) AS breached,
               count(*) FILTER (WHERE t.agent_id IS NULL) AS unassigned,
               count(*) FILTER (WHERE t.waiting_for = 'agent') AS waiting_for_agent
        FROM {_TICKETS} WHERE {ACTIVE} AND {visible.sql} GROUP BY t.priority, t.team_id"""
    statement = f"""
        SELECT c.priority, c.team_id, coalesce(teams.name, (SELECT t.team_name FROM {_TICKETS} WHERE t.team_id = c.team_id
               ORDER BY t.opened_at DESC LIMIT 1))
               AS team_name, c.tickets, c.overdue, c.breached, c.unassigned, c.waiting_for_agent
        FROM ({counts}) AS c LEFT JOIN views.teams ON teams.id = c.team_id"""
    return await fetch(connection, Query(text(statement), ActiveCount), visible.values)


async def ticket(connection: Connection, reference: int | UUID, visible: Condition) -> FoundTicket | None:
    """None where it is not there or not seen."""
    column = "number" if isinstance(reference, int) else "id"
    statement = f"""
        SELECT t.id, CAST(t.state AS text) AS state, CAST(s.state AS text) AS sla, t.due_at, t.due_clock, t.breached
        FROM {_TICKETS} LEFT JOIN views.slas s ON s.ticket_id = t.id WHERE t.{column} = :reference AND {visible.sql}"""
    return await find_one(connection, Query(text(statement), FoundTicket), {"reference": reference, **visible.values})


async def has_version(connection: Connection, kind: str, id_: UUID, version: int) -> bool:
    """Whether the view of this kind (`ticket`, …) has this version of a thing, or a newer one. Nothing of the thing is told."""
    # Not by who asks: somebody who has given a ticket away does not see the version that they wait for.
    anybody = visible_tickets(EVERYTHING).sql
    statement = f"SELECT 1 FROM views.{kind}s t WHERE t.id = :id AND t.version >= :version AND {anybody}"
    return (await connection.execute(text(statement), {"id": id_, "version": version})).one_or_none() is not None


async def history(connection: Connection, view: str, ticket_id: UUID, visible: Condition) -> list[str]:
    """Decisions or notifications of a ticket that is seen, oldest first."""
    statement = f"""SELECT CAST(h.data AS text) FROM views.{view} h JOIN views.tickets t ON t.id = h.ticket_id
        WHERE h.ticket_id = :id AND {visible.sql} ORDER BY h.at, h.id"""
    return list((await connection.execute(text(statement), {"id": ticket_id, **visible.values})).scalars())


async def documents(connection: Connection, names: Sequence[str]) -> list[FoundDocument]:
    """Documents of settings; one that nobody has put is not among them."""
    return await fetch(connection, _DOCUMENTS, {"documents": names})


async def ids_of(connection: Connection, names: Mapping[str, str]) -> dict[str, list[UUID]]:
    """Filter → the ids that its name leads to, active or not."""
    return {
        filter_: list((await connection.execute(text(NAMES[filter_]), {"name": name})).scalars()) for filter_, name in names.items()
    }


async def teams_named(connection: Connection, reference: str | UUID) -> list[FoundTeam]:
    """Active teams by id or name; two at most, as more than one is too many."""
    by = "id = :reference" if isinstance(reference, UUID) else "lower(name) = lower(CAST(:reference AS text))"
    statement = f"SELECT id, name FROM views.teams WHERE active AND {by} LIMIT 2"
    return await fetch(connection, Query(text(statement), FoundTeam), {"reference": reference})


async def agents_named(connection: Connection, reference: str | UUID) -> list[FoundAgent]:
    """Active agents by id, address or name; two at most, as more than one is too many."""
    by = "id = :reference" if isinstance(reference, UUID) else "lower(CAST(:reference AS text)) IN (lower(email), lower(name))"
    statement = f"SELECT id, name, team_ids FROM views.agents WHERE active AND ({by}) LIMIT 2"
    return await fetch(connection, Query(text(statement), FoundAgent), {"reference": reference})


async def shared_organizations(connection: Connection, customer_id: UUID) -> list[UUID] | None:
    """The organizations of a customer that share their requests among their people; None for somebody who is no customer."""
    statement = text("""
        SELECT o.id FROM views.customers c
        LEFT JOIN views.organizations o ON c.organization_ids ? CAST(o.id AS text) AND o.state ->> 'sharing' = 'organization'
        WHERE c.id = :id""")
    found = list((await connection.execute(statement, {"id": customer_id})).scalars())
    return [id_ for id_ in found if id_ is not None] if found else None
