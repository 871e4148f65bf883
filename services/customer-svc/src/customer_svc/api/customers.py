"""HTTP of customers: what a request asks for, and looking up."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncEngine

from customer_svc.domain.customers import CustomerFields
from customer_svc.domain.refusals import NoSuchCustomer
from customer_svc.handlers.add_customer import AddCustomer
from customer_svc.handlers.change_customer import ChangeCustomer
from customer_svc.handlers.deactivate_customer import DeactivateCustomer
from customer_svc.handlers.reactivate_customer import ReactivateCustomer
from customer_svc.messaging.published import customer_state
from customer_svc.persistence import queries
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.preconditions import IfMatch, expected_version
from deskstream_chassis.web.subjects import READERS, Subject, actor
from deskstream_contracts import commands as bodies
from deskstream_contracts.addressing import folded
from deskstream_contracts.events.customers import CustomerState

Reader = Annotated[Subject, Depends(require(*READERS))]


def add(body: bodies.NewCustomer, by: Subject) -> AddCustomer:
    """The address goes in lower case, as it is the identity."""
    return AddCustomer(folded(str(body.email)), _fields(body), actor(by), body.custom_fields)


def change(id_: UUID, body: bodies.ChangedCustomer, by: Subject, if_match: IfMatch = None) -> ChangeCustomer:
    """What was not sent stays as it is; null empties a field."""
    fields = _fields(body)
    if "email" in body.model_fields_set:
        fields["email"] = folded(str(body.email))
    custom_fields = body.custom_fields if "custom_fields" in body.model_fields_set else None
    return ChangeCustomer(id_, fields, actor(by), custom_fields, expected_version(if_match))


def deactivate(id_: UUID, by: Subject) -> DeactivateCustomer:
    """Off until somebody switches them on again, or they write themselves and are proven."""
    return DeactivateCustomer(id_, actor(by))


def reactivate(id_: UUID, by: Subject) -> ReactivateCustomer:
    """Who is on already stays so, without an event."""
    return ReactivateCustomer(id_, actor(by))


def _fields(body: bodies.CustomerFields) -> CustomerFields:
    """The fields that were sent, as the domain has them; custom fields are to be read by their definitions."""
    sent = body.model_dump(exclude_unset=True, exclude={"email", "custom_fields"})
    for name in ("tags", "organization_ids"):
        if name in sent:
            sent[name] = tuple(dict.fromkeys(sent[name]))
    return cast("CustomerFields", sent)


def customer_reads(engine: AsyncEngine) -> APIRouter:
    """Routes that look customers up by address or id; lists go on after the last id of the page before."""
    router = APIRouter(prefix="/customers", tags=["customers"])

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

    return router
