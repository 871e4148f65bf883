"""HTTP of customers: adding, editing, switching off and on, and looking up."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from customer_svc.domain.customer import Change, Customer, CustomerDeactivated, CustomerReactivated, CustomerUpdated
from customer_svc.domain.identification import Languages
from customer_svc.domain.refusals import EmailTaken, NoSuchCustomer, NoSuchOrganization, UnsupportedLanguage
from customer_svc.messaging.published import customer_state
from customer_svc.persistence import queries
from customer_svc.persistence.unit import CustomerUnit
from deskstream_chassis.auth import Caller, require
from deskstream_chassis.commands import Commands
from deskstream_contracts import commands as bodies
from deskstream_contracts.events.customers import CustomerState

Reader = Annotated[Caller, Depends(require("viewer", "agent", "supervisor", "admin", "service"))]
Agent = Annotated[Caller, Depends(require("agent", "supervisor", "admin"))]


def customer_routes(commands: Commands[CustomerUnit], engine: AsyncEngine, languages: Languages) -> APIRouter:
    router = APIRouter(prefix="/customers", tags=["customers"])
    _reading(router, engine)
    _writing(router, commands, languages)
    _switching(router, commands)
    return router


def _reading(router: APIRouter, engine: AsyncEngine) -> None:
    @router.get("")
    async def find(
        _: Reader, email: str | None = None, after: UUID | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> list[CustomerState]:
        async with engine.connect() as connection:
            return [customer_state(c) for c in await queries.customers(connection, email, after, limit)]

    @router.get("/{id_}")
    async def one(id_: UUID, _: Reader) -> CustomerState:
        async with engine.connect() as connection:
            found = await queries.customer(connection, id_)
        if found is None:
            raise NoSuchCustomer(id_)
        return customer_state(found)


def _writing(router: APIRouter, commands: Commands[CustomerUnit], languages: Languages) -> None:
    @router.post("", response_model=CustomerState, status_code=201)
    async def add(body: bodies.NewCustomer, request: Request, caller: Agent) -> Response:
        email = str(body.email).lower()
        fields = _checked(body, languages)

        def touches(unit: CustomerUnit) -> None:
            unit.customers.want_by("email", email)
            unit.organizations.want(*body.organization_ids)

        def handle(unit: CustomerUnit) -> BaseModel:
            if unit.customers.find("email", email):
                raise EmailTaken(email)
            _check_organizations(unit, body)
            defaults = {"language": languages.fallback, "language_source": "fallback"}
            times = {"created_at": unit.now, "updated_at": unit.now}
            customer = Customer(id=unit.new_id(), version=1, email=email, **{**defaults, **times, **fields})
            return customer_state(unit.register(customer))

        return await commands.run(request, caller, touches, handle, status=201)

    @router.patch("/{id_}", response_model=CustomerState)
    async def edit(id_: UUID, body: bodies.ChangedCustomer, request: Request, caller: Agent) -> Response:
        fields = _checked(body, languages)
        email = str(body.email).lower() if body.email else None

        def touches(unit: CustomerUnit) -> None:
            unit.customers.want(id_)
            unit.organizations.want(*body.organization_ids)
            if email:
                unit.customers.want_by("email", email)

        def handle(unit: CustomerUnit) -> BaseModel:
            customer = _existing(unit, id_)
            _check_organizations(unit, body)
            if email:
                other = unit.customers.find("email", email)
                if other and other.id != id_:
                    raise EmailTaken(email)
                fields["email"] = email
            changes = {name: value for name, value in fields.items() if getattr(customer, name) != value}
            return customer_state(unit.change(customer, [CustomerUpdated(changes, unit.now)] if changes else []))

        return await commands.run(request, caller, touches, handle)


def _switching(router: APIRouter, commands: Commands[CustomerUnit]) -> None:
    async def switch(id_: UUID, request: Request, caller: Caller, active: bool) -> Response:
        def handle(unit: CustomerUnit) -> BaseModel:
            customer = _existing(unit, id_)
            change: Change = CustomerReactivated(unit.now) if active else CustomerDeactivated(unit.now)
            return customer_state(unit.change(customer, [change] if customer.active != active else []))

        return await commands.run(request, caller, lambda unit: unit.customers.want(id_), handle)

    @router.post("/{id_}/deactivate", response_model=CustomerState)
    async def deactivate(id_: UUID, request: Request, caller: Agent) -> Response:
        return await switch(id_, request, caller, active=False)

    @router.post("/{id_}/reactivate", response_model=CustomerState)
    async def reactivate(id_: UUID, request: Request, caller: Agent) -> Response:
        return await switch(id_, request, caller, active=True)


def _existing(unit: CustomerUnit, id_: UUID) -> Customer:
    customer = unit.customers.get(id_)
    if customer is None:
        raise NoSuchCustomer(id_)
    return customer


def _check_organizations(unit: CustomerUnit, body: bodies.CustomerFields) -> None:
    for index, id_ in enumerate(body.organization_ids):
        if unit.organizations.get(id_) is None:
            raise NoSuchOrganization(id_, pointer=f"#/organization_ids/{index}")


def _checked(body: bodies.CustomerFields, languages: Languages) -> dict[str, Any]:
    """The fields that were sent, as the domain has them."""
    fields = body.model_dump(exclude_unset=True, exclude={"email"})
    for name in ("tags", "organization_ids"):
        if name in fields:
            fields[name] = tuple(dict.fromkeys(fields[name]))
    language = fields.pop("language", None)
    if language is not None:
        supported = languages.match(language)
        if supported is None:
            raise UnsupportedLanguage(language, ", ".join(languages.supported))
        fields.update(language=supported, language_source="by_hand")
    return fields
