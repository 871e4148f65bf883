"""HTTP of organizations: what a request asks for, and looking up."""

from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncEngine

from customer_svc.domain.organizations import OrganizationFields
from customer_svc.domain.refusals import NoSuchOrganization
from customer_svc.handlers.add_organization import AddOrganization, OrganizationWithJob
from customer_svc.handlers.change_organization import ChangeOrganization
from customer_svc.messaging.published import organization_state
from customer_svc.persistence import queries
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.preconditions import IfMatch, expected_version
from deskstream_chassis.web.subjects import READERS, Subject, actor
from deskstream_contracts import commands as bodies
from deskstream_contracts.events.customers import OrganizationState

Reader = Annotated[Subject, Depends(require(*READERS))]


def add(body: bodies.NewOrganization, by: Subject) -> AddOrganization:
    """Tags and domains that were sent twice count once."""
    return AddOrganization(body.name, _fields(body), actor(by), body.custom_fields)


def change(id_: UUID, body: bodies.ChangedOrganization, by: Subject, if_match: IfMatch = None) -> ChangeOrganization:
    """What was not sent stays as it is; a list that was sent replaces the whole list."""
    fields = _fields(body)
    if "name" in body.model_fields_set:
        fields["name"] = body.name
    custom_fields = body.custom_fields if "custom_fields" in body.model_fields_set else None
    return ChangeOrganization(id_, fields, actor(by), custom_fields, expected_version(if_match))


def _fields(body: bodies.OrganizationFields) -> OrganizationFields:
    """The fields that were sent, as the domain has them, without the name; custom fields are to be read by their definitions."""
    sent = body.model_dump(exclude_unset=True, exclude={"name", "custom_fields"})
    for name in ("domains", "tags"):
        if name in sent:
            sent[name] = tuple(dict.fromkeys(sent[name]))
    return cast("OrganizationFields", sent)


def answer(after: OrganizationWithJob) -> bodies.OrganizationAnswer:
    """The state, and the job `customer.<id>` in which people of new domains join; without one, None."""
    state = organization_state(after.organization)
    return bodies.OrganizationAnswer(**dict(state), job=f"customer.{after.job_id}" if after.job_id else None)


def organization_reads(engine: AsyncEngine) -> APIRouter:
    """Routes that look organizations up by id; the list goes on after the last id of the page before."""
    router = APIRouter(prefix="/organizations", tags=["organizations"])

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

    return router
