"""Lists of customers, organizations, agents and teams, from the read model."""

from typing import Annotated, Any, TypeVar
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.responses import Response

from deskstream_chassis.store.database import Transactions
from deskstream_chassis.web.subjects import Role
from deskstream_contracts.api.shapes import Page
from deskstream_contracts.documents import CUSTOMER_FIELDS, ORGANIZATION_FIELDS
from deskstream_contracts.events.routing import AgentState, TeamState
from deskstream_contracts.events.settings import FieldDefinitions
from gateway.api import schemas
from gateway.api.accounts import requires
from gateway.api.fresh import fresh
from gateway.api.tickets import next_cursor, ticket_page
from gateway.domain.cursor import Cursors
from gateway.domain.fields import Defined, entries, field_filters
from gateway.domain.filters import AgentFilters, CustomerFilters, OrganizationFilters, Paged, TicketFilters
from gateway.domain.session import Session
from gateway.domain.views import AGENTS
from gateway.persistence import queries
from gateway.persistence.conditions import (
    CUSTOMER_SORT,
    ORGANIZATION_SORT,
    Conditions,
    Sort,
    conditions,
    customer_conditions,
    organization_conditions,
)

Reader = Annotated[Session, Depends(requires(Role.VIEWER))]
E = TypeVar("E", bound=BaseModel)


def people_reads(database: Transactions, cursors: Cursors, defined: Defined) -> list[APIRouter]:
    """Routers for customers, organizations, and agents with teams; staff see them all."""
    return [_customers(database, cursors, defined), _organizations(database, cursors, defined), _workforce(database)]


def _customers(database: Transactions, cursors: Cursors, defined: Defined) -> APIRouter:
    router = APIRouter(tags=["customers"], dependencies=[Depends(fresh(database))])

    @router.get(
        "/customers",
        operation_id="listCustomers",
        summary="Customers, in the order of their addresses",
        description=schemas.FIELD_PARAMETERS,
    )
    async def customers(_: Reader, filters: Annotated[CustomerFilters, Query()]) -> Page[schemas.CustomerEntry]:
        fields = defined.of(CUSTOMER_FIELDS)
        where = customer_conditions(filters, field_filters(filters.custom, fields))
        return await _page(database, cursors, "customers", filters, where, CUSTOMER_SORT, schemas.CustomerEntry, fields)

    @router.get(
        "/customers/{id}/tickets",
        operation_id="listTicketsOfCustomer",
        summary="A customer's tickets",
        response_model=Page[schemas.TicketRow],
    )
    async def of_customer(
        id: UUID,  # noqa: A002  # the name in the path
        session: Reader,
        filters: Annotated[TicketFilters, Query()],
    ) -> Response:
        also = Conditions(["t.customer_id = :of_customer"], {"of_customer": id})
        return await ticket_page(database, cursors, defined, session, filters, also, f"customer {id}")

    return router


def _organizations(database: Transactions, cursors: Cursors, defined: Defined) -> APIRouter:
    router = APIRouter(tags=["organizations"], dependencies=[Depends(fresh(database))])

    @router.get(
        "/organizations",
        operation_id="listOrganizations",
        summary="Organizations, in the order of their names",
        description=schemas.FIELD_PARAMETERS,
    )
    async def organizations(_: Reader, filters: Annotated[OrganizationFilters, Query()]) -> Page[schemas.OrganizationEntry]:
        fields = defined.of(ORGANIZATION_FIELDS)
        where = organization_conditions(filters, field_filters(filters.custom, fields))
        return await _page(database, cursors, "organizations", filters, where, ORGANIZATION_SORT, schemas.OrganizationEntry, fields)

    @router.get(
        "/organizations/{id}/tickets",
        operation_id="listTicketsOfOrganization",
        summary="The tickets of an organization's people",
        response_model=Page[schemas.TicketRow],
    )
    async def of_organization(
        id: UUID,  # noqa: A002  # the name in the path
        session: Reader,
        filters: Annotated[TicketFilters, Query()],
    ) -> Response:
        also = Conditions(["t.organization_id = :of_organization"], {"of_organization": id})
        return await ticket_page(database, cursors, defined, session, filters, also, f"organization {id}")

    return router


async def _page(
    database: Transactions,
    cursors: Cursors,
    view: str,
    filters: Paged,
    where: Conditions,
    sort: Sort,
    entry: type[E],
    fields: FieldDefinitions,
) -> Page[E]:
    """A page of states out of a view, each with its custom fields; the list's cursors are named by the view."""
    scope = filters.scope(view)
    after = cursors.open(scope, filters.cursor) if filters.cursor else None
    async with database.connect() as connection:
        rows = await queries.states(connection, view, where, sort, after, filters.limit)
    items = [entry.model_validate(_with_fields(row.state, fields)) for row in rows[: filters.limit]]
    return Page(items=items, next=next_cursor(cursors, scope, rows, filters.limit))


def _with_fields(state: str, defined: FieldDefinitions) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(state)
    return {**found, "fields": entries(defined, found.get("custom_fields", {}), "list")}


def _workforce(database: Transactions) -> APIRouter:
    router = APIRouter(tags=["workforce"], dependencies=[Depends(fresh(database))])

    @router.get("/teams", operation_id="listTeams", summary="All teams")
    async def teams(_: Reader) -> Page[TeamState]:
        async with database.connect() as connection:
            found = await queries.all_states(connection, "teams", Conditions())
        return Page(items=[TeamState.model_validate_json(s) for s in found], next=None)

    @router.get("/agents", operation_id="listAgents", summary="All agents")
    async def agents(_: Reader, filters: Annotated[AgentFilters, Query()]) -> Page[AgentState]:
        async with database.connect() as connection:
            found = await queries.all_states(connection, "agents", conditions(AGENTS, filters))
        return Page(items=[AgentState.model_validate_json(s) for s in found], next=None)

    return router
