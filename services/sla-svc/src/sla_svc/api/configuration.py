"""HTTP of policies and calendars: what a request asks for, and looking up."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.auth import require
from deskstream_chassis.web.preconditions import IfMatch, expected_version
from deskstream_chassis.web.subjects import READERS, Subject, actor
from sla_svc.api import schemas
from sla_svc.domain.policy import SlaConfiguration
from sla_svc.handlers.put_calendars import PutCalendars
from sla_svc.handlers.put_policies import PutPolicies
from sla_svc.persistence import queries
from sla_svc.persistence.configuration_cache import ConfigurationCache

Reader = Annotated[Subject, Depends(require(*READERS))]


def put_policies(body: schemas.PoliciesBody, by: Subject, if_match: IfMatch = None) -> PutPolicies:
    """Replaces the policies."""
    expected = expected_version(if_match, body.expected_version)
    return PutPolicies([p.policy() for p in body.policies], body.note, actor(by), expected)


def put_calendars(body: schemas.CalendarsBody, by: Subject, if_match: IfMatch = None) -> PutCalendars:
    """Replaces the calendars. Raises BadCalendar for what is no interval."""
    definitions = [c.definition(i) for i, c in enumerate(body.calendars)]
    return PutCalendars(definitions, body.note, actor(by), expected_version(if_match, body.expected_version))


def policies_answer(configuration: SlaConfiguration) -> schemas.PoliciesAnswer:
    """The policies that are in force after a command."""
    return schemas.PoliciesAnswer(
        version=configuration.version, policies=[schemas.PolicyBody.of(p) for p in configuration.policies]
    )


def calendars_answer(configuration: SlaConfiguration) -> schemas.CalendarsAnswer:
    """The calendars that are in force after a command."""
    return schemas.CalendarsAnswer(
        version=configuration.version, calendars=[schemas.CalendarBody.of(c) for c in configuration.definitions]
    )


def configuration_reads(engine: AsyncEngine, cache: ConfigurationCache) -> APIRouter:
    """The policies and the calendars that are in force."""
    router = APIRouter(tags=["policies"])

    @router.get("/policies")
    async def policies(_: Reader, response: Response) -> schemas.PoliciesAnswer:
        async with engine.connect() as connection:
            configuration = await queries.current(connection, cache)
        response.headers["ETag"] = f'"{configuration.version}"'
        return policies_answer(configuration)

    @router.get("/calendars")
    async def calendars(_: Reader, response: Response) -> schemas.CalendarsAnswer:
        async with engine.connect() as connection:
            configuration = await queries.current(connection, cache)
        response.headers["ETag"] = f'"{configuration.version}"'
        return calendars_answer(configuration)

    return router
