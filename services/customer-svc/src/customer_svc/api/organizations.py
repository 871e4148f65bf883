"""HTTP of organizations: adding, editing (name, domains, sharing), and looking up."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from customer_svc.domain.identification import DomainKinds
from customer_svc.domain.organization import Organization, OrganizationUpdated
from customer_svc.domain.refusals import DomainTaken, NameTaken, NoSuchOrganization, PublicDomain
from customer_svc.messaging.published import organization_state
from customer_svc.persistence import queries
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.auth import Caller, require
from deskstream_chassis.commands import Commands
from deskstream_contracts import commands as bodies
from deskstream_contracts.events.customers import OrganizationState

Reader = Annotated[Caller, Depends(require("viewer", "agent", "supervisor", "admin", "service"))]
Supervisor = Annotated[Caller, Depends(require("supervisor", "admin"))]


def organization_routes(commands: Commands[CustomerUnit], engine: AsyncEngine, kinds: DomainKinds) -> APIRouter:
    router = APIRouter(prefix="/organizations", tags=["organizations"])
    _reading(router, engine)
    _writing(router, commands, kinds)
    return router


def _reading(router: APIRouter, engine: AsyncEngine) -> None:
    @router.get("")
    async def find(
        _: Reader, after: UUID | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> list[OrganizationState]:
        async with engine.connect() as connection:
            return [organization_state(o) for o in await queries.organizations(connection, after, limit)]

    @router.get("/{id_}")
    async def one(id_: UUID, _: Reader) -> OrganizationState:
        async with engine.connect() as connection:
            found = await queries.organization(connection, id_)
        if found is None:
            raise NoSuchOrganization(id_)
        return organization_state(found)


def _writing(router: APIRouter, commands: Commands[CustomerUnit], kinds: DomainKinds) -> None:
    @router.post("", response_model=OrganizationState, status_code=201)
    async def add(body: bodies.NewOrganization, request: Request, caller: Supervisor) -> Response:
        def handle(unit: CustomerUnit) -> BaseModel:
            _check(unit, None, body.name, body.domains, kinds)
            organization = Organization(
                id=unit.new_id(),
                version=1,
                name=body.name,
                created_at=unit.now,
                updated_at=unit.now,
                domains=tuple(dict.fromkeys(body.domains)),
                sharing=body.sharing,
                tags=tuple(body.tags),
                custom_fields=dict(body.custom_fields),
            )
            return organization_state(unit.create_organization(organization))

        return await commands.run(request, caller, lambda unit: _touch(unit, body.name, body.domains), handle, status=201)

    @router.patch("/{id_}", response_model=OrganizationState)
    async def edit(id_: UUID, body: bodies.ChangedOrganization, request: Request, caller: Supervisor) -> Response:
        fields = body.model_dump(exclude_unset=True)
        for name in ("domains", "tags"):
            if name in fields:
                fields[name] = tuple(dict.fromkeys(fields[name]))

        def touches(unit: CustomerUnit) -> None:
            unit.organizations.want(id_)
            _touch(unit, body.name, body.domains)

        def handle(unit: CustomerUnit) -> BaseModel:
            organization = unit.organizations.get(id_)
            if organization is None:
                raise NoSuchOrganization(id_)
            _check(unit, id_, body.name, body.domains, kinds)
            changes = {n: v for n, v in fields.items() if getattr(organization, n) != v and (n != "name" or v)}
            if changes:
                organization = unit.change_organization(organization, OrganizationUpdated(changes, unit.now))
            return organization_state(organization)

        return await commands.run(request, caller, touches, handle)


def _touch(unit: CustomerUnit, name: str | None, domains: Sequence[str]) -> None:
    unit.organizations.want_domain(*domains)
    if name:
        unit.organizations.want_by("name", name)


def _check(unit: CustomerUnit, own_id: UUID | None, name: str | None, domains: Sequence[str], kinds: DomainKinds) -> None:
    named = unit.organizations.find("name", name) if name else None
    if name and named and named.id != own_id:
        raise NameTaken(name)
    for domain in domains:
        if kinds.is_public(domain):
            raise PublicDomain(domain)
        holder = unit.organizations.holding(domain)
        if holder and holder.id != own_id:
            raise DomainTaken(domain)
