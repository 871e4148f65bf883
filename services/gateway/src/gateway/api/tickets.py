"""Tickets: lists and counts from the read model, one with all that is known of it, and who is to have it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from deskstream_chassis.digits import whole_number
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.watch.tracing import of_request
from deskstream_chassis.web.preconditions import IfMatch
from deskstream_chassis.web.subjects import Role
from deskstream_contracts import commands
from deskstream_contracts.api.shapes import Page
from deskstream_contracts.api.sla import DeadlineExplanation
from deskstream_contracts.documents import TICKET_FIELDS
from deskstream_contracts.events.settings import FieldDefinitions
from deskstream_contracts.events.slas import ClockKind
from deskstream_contracts.wire import PRIORITIES, STATUSES
from gateway.adapters.owners import OwnerRequest, Owners
from gateway.api import schemas
from gateway.api.accounts import requires
from gateway.api.conversation import shown
from gateway.api.fresh import fresh
from gateway.api.proxy import headers_of, proxy
from gateway.api.schemas import AssignTo, Reference
from gateway.domain.cursor import Cursors
from gateway.domain.fields import DETAIL, Defined, entries, field_filters, texts_of
from gateway.domain.filters import TicketFilters
from gateway.domain.parked import Parked
from gateway.domain.refusals import Ambiguous, NoSuchTicket, OwnerAway, Unknown
from gateway.domain.session import Session
from gateway.persistence import queries
from gateway.persistence.conditions import TICKET_SORTS, Conditions, as_uuid, names, ticket_conditions
from gateway.persistence.visibility import visible_tickets

T = TypeVar("T")
Reader = Annotated[Session, Depends(requires(Role.VIEWER))]
AsOf = Annotated[AwareDatetime | None, Query(description="How it was at that moment (RFC 3339, with an offset).")]
Agent = Annotated[Session, Depends(requires(Role.AGENT))]


async def ticket_page(
    database: Transactions,
    cursors: Cursors,
    defined: Defined,
    session: Session,
    filters: TicketFilters,
    also: Conditions | None = None,
    name: str = "tickets",
) -> Response:
    """A page of what the caller sees of the tickets; `also` narrows it further and `name` tells such a list from others.

    It is a `Page[TicketRow]`, and a test holds it to that: to make the models of fifty rows would cost as much as to find them.
    """
    scope = filters.scope(name)
    after = cursors.open(scope, filters.cursor) if filters.cursor else None
    sort = TICKET_SORTS[filters.sort]
    fields = defined.of(TICKET_FIELDS)
    asked = field_filters(filters.custom, fields)
    async with database.connect() as connection:
        where = ticket_conditions(filters, await queries.ids_of(connection, names(filters)), asked)
        if also is not None:
            where.add(also.sql(), **also.values)
        rows = await queries.tickets(connection, visible_tickets(session.subject.visibility), where, sort, after, filters.limit)
    page = {"items": [_row(row, fields) for row in rows[: filters.limit]], "next": next_cursor(cursors, scope, rows, filters.limit)}
    # asyncpg has UUIDs of its own kind.
    return Response(orjson.dumps(page, str, orjson.OPT_UTC_Z), media_type="application/json")


def next_cursor(cursors: Cursors, scope: str, rows: Sequence[queries.Listed], limit: int) -> str | None:
    """Where the next page begins; None for the last. `rows` has one more than `limit` where there is a next page."""
    if len(rows) <= limit:
        return None
    return cursors.seal(scope, rows[limit - 1].keys)


def ticket_reads(database: Transactions, cursors: Cursors, owners: Owners, parked: Parked, defined: Defined) -> APIRouter:
    """Routes for what is known of tickets; the conversation and the explanation of deadlines are asked of their owners."""
    router = APIRouter(tags=["tickets"], dependencies=[Depends(fresh(database))])

    @router.get(
        "/tickets",
        operation_id="listTickets",
        summary="Tickets, narrowed and ordered",
        description=schemas.FIELD_PARAMETERS,
        response_model=Page[schemas.TicketRow],
    )
    async def find(session: Reader, filters: Annotated[TicketFilters, Query()]) -> Response:
        return await ticket_page(database, cursors, defined, session, filters)

    @router.get("/tickets/counts", operation_id="countTickets", summary="How many tickets there are, by status, priority and team")
    async def counts(session: Reader) -> schemas.TicketCounts:
        visibility = session.subject.visibility
        async with database.connect() as connection:
            by_status = await queries.by_status(connection, visibility)
            active = await queries.active_counts(connection, visible_tickets(visibility))
        return _counts(by_status, active)

    @router.get(
        "/tickets/{reference}",
        operation_id="getTicket",
        summary="A ticket with its clocks, the reasons for its routing, and its conversation",
        description="With `as_of` as it was then: 410 (deskstream:problem:before-history) where that is not kept any more, or yet.",
        response_model=schemas.TicketDetail,
    )
    async def detail(reference: Reference, request: Request, session: Reader, as_of: AsOf = None) -> Any:
        row = await known_ticket(database, reference, session)
        state: Any = orjson.loads(row.state)
        if as_of is not None:
            query = urlencode({"as_of": as_of.isoformat()})
            then = await proxy(owners, OwnerRequest("ticket", "GET", f"/tickets/{row.id}", query), request, session)
            if then.status_code != 200:
                return then
            state = orjson.loads(then.body)
        asking = _conversation(owners, row.id, session, request)
        found, decisions, notifications = await asyncio.gather(
            asking, _history(database, "decisions", row.id, session), _history(database, "notifications", row.id, session)
        )
        fields = entries(defined.of(TICKET_FIELDS), state.get("custom_fields", {}), DETAIL)
        now = as_of is None
        detail = schemas.TicketDetail(
            as_of=as_of,
            ticket=state,
            sla=orjson.loads(row.sla) if row.sla and now else None,
            due=_due(row.due_at, row.due_clock) if now else None,
            breached=row.breached and now,
            decisions=[orjson.loads(d) for d in decisions],
            notifications=[_notification(orjson.loads(n)) for n in notifications],
            conversation=None if isinstance(found, OwnerAway) else found,
            missing=[found.detail] if isinstance(found, OwnerAway) else [],
            parked=[schemas.ParkedNotice.model_validate(n) for n in parked.of(row.id, state["thread_root"])] if now else [],
            fields=[schemas.FieldEntry.model_validate(entry) for entry in fields],
        )
        return detail if as_of is None else _until(detail, as_of)

    @router.get(
        "/tickets/{reference}/conversation",
        operation_id="getConversation",
        summary="Every message and every note, oldest first, and what is held",
    )
    async def conversation(reference: Reference, request: Request, session: Reader) -> Page[schemas.ConversationMessage]:
        row = await known_ticket(database, reference, session)
        found = await _conversation(owners, row.id, session, request)
        if isinstance(found, OwnerAway):
            raise found
        return Page(items=found, next=None)

    @router.get(
        "/tickets/{reference}/sla/explain",
        operation_id="explainDeadlines",
        summary="Why the deadlines are when they are",
        response_model=DeadlineExplanation,
        tags=["sla"],
    )
    async def explain(reference: Reference, request: Request, session: Reader) -> Response:
        row = await known_ticket(database, reference, session)
        return await proxy(owners, OwnerRequest("sla", "GET", f"/tickets/{row.id}/sla/explain"), request, session)

    return router


def ticket_assignment(database: Transactions, owners: Owners) -> APIRouter:
    """The route of the one command that is not only passed on: names of agents and teams become ids here."""
    router = APIRouter(tags=["tickets"])

    @router.put(
        "/tickets/{reference}/assignee",
        operation_id="assignTicket",
        summary="Say who is to have the ticket",
        response_model=commands.TicketAnswer,
    )
    async def assign(
        reference: Reference, command: AssignTo, request: Request, session: Agent, if_match: IfMatch = None
    ) -> Response:
        body = (await _resolved(database, command)).model_dump_json(exclude_unset=True).encode()
        headers = {**headers_of(request), "content-type": "application/json"}
        return await proxy(
            owners, OwnerRequest("ticket", "PUT", f"/tickets/{reference}/assignee", "", body, headers), request, session
        )

    return router


async def known_ticket(database: Transactions, reference: str, session: Session) -> queries.FoundTicket:
    """The ticket of a number or an id, as the read model has it. Raises NoSuchTicket where it is not there or not seen."""
    number = whole_number(reference)
    parsed: int | UUID | None = as_uuid(reference) if number is None else number
    if parsed is None:
        raise NoSuchTicket(reference)
    async with database.connect() as connection:
        row = await queries.ticket(connection, parsed, visible_tickets(session.subject.visibility))
    if row is None:
        raise NoSuchTicket(reference)
    return row


async def _history(database: Transactions, view: str, ticket_id: UUID, session: Session) -> list[str]:
    async with database.connect() as connection:
        return await queries.history(connection, view, ticket_id, visible_tickets(session.subject.visibility))


async def _conversation(
    owners: Owners, ticket_id: UUID, session: Session, request: Request
) -> list[schemas.ConversationMessage] | OwnerAway:
    try:
        messages = await owners.json("ticket", f"/tickets/{ticket_id}/conversation", session, of_request(request))
    except OwnerAway as away:
        return away
    return shown(messages or [])


async def _resolved(database: Transactions, command: AssignTo) -> commands.Assign:
    """The command as its owner takes it. Raises Unknown or Ambiguous, which point to the field."""
    fields: dict[str, object] = {}
    async with database.connect() as connection:
        if command.agent is not None:
            agents = await queries.agents_named(connection, as_uuid(command.agent) or command.agent)
            agent = _one("agent", command.agent, agents)
            fields |= {"agent_id": agent.id, "agent_name": agent.name}
            team_ids = orjson.loads(agent.team_ids)
            if command.team is None and len(team_ids) == 1:
                own = await queries.teams_named(connection, UUID(team_ids[0]))
                fields |= {"team_id": own[0].id, "team_name": own[0].name} if own else {}
        if command.team is not None:
            team = _one("team", command.team, await queries.teams_named(connection, as_uuid(command.team) or command.team))
            fields |= {"team_id": team.id, "team_name": team.name}
    if command.expected_version is not None:
        fields["expected_version"] = command.expected_version
    return commands.Assign.model_validate(fields)


def _one(what: str, name: str, found: Sequence[T]) -> T:
    if not found:
        raise Unknown(what, name, f"#/{what}")
    if len(found) > 1:
        raise Ambiguous(what, name, f"#/{what}")
    return found[0]


def _row(row: queries.ListedRow, defined: FieldDefinitions) -> dict[str, object]:
    """A `TicketRow` of the schemas."""
    shown = entries(defined, texts_of(orjson.loads(row.fields)), "list") if defined.fields else []
    return {**row.values, "fields": shown}


def _named(id_: UUID | None, name: str | None) -> schemas.Named | None:
    return schemas.Named(id=id_, name=name) if id_ else None


def _until(detail: schemas.TicketDetail, as_of: datetime) -> schemas.TicketDetail:
    """Without what has happened since; what is held now was not said then."""
    return detail.model_copy(
        update={
            "decisions": [decision for decision in detail.decisions if decision.at <= as_of],
            "notifications": [notification for notification in detail.notifications if notification.at <= as_of],
            "conversation": detail.conversation and [m for m in detail.conversation if m.at <= as_of and m.held is None],
        }
    )


def _due(at: datetime | None, clock: ClockKind | None) -> schemas.Due | None:
    return schemas.Due.model_validate({"at": at, "clock": clock}) if at else None


def _notification(event: Mapping[str, object]) -> schemas.NotificationEntry:
    status = str(event["type"]).split(".")[1]
    detail = event.get("detail") or event.get("response")
    return schemas.NotificationEntry.model_validate({**event, "status": status, "reason": event.get("reason"), "detail": detail})


def _counts(by_status: dict[str, int], active: Sequence[queries.ActiveCount]) -> schemas.TicketCounts:
    priorities: dict[str, int] = dict.fromkeys(PRIORITIES[::-1], 0)
    teams: dict[UUID | None, schemas.TeamCount] = {}
    for row in active:
        priorities[row.priority] += row.tickets
        none = schemas.TeamCount(team=_named(row.team_id, row.team_name), tickets=0, overdue=0)
        team = teams.setdefault(row.team_id, none)
        team.tickets += row.tickets
        team.overdue += row.overdue
    statuses: dict[str, int] = {**dict.fromkeys(STATUSES, 0), **by_status}
    by_team = sorted(teams.values(), key=lambda t: -t.tickets)
    counts = {
        "by_status": statuses,
        "by_priority": priorities,
        "by_team": by_team,
        "overdue": sum(row.overdue for row in active),
        "breached": sum(row.breached for row in active),
        "unassigned": sum(row.unassigned for row in active),
        "waiting_for_agent": sum(row.waiting_for_agent for row in active),
    }
    return schemas.TicketCounts.model_validate(counts)
