"""HTTP of policies and calendars: what a request asks for, and looking up."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.auth import require
from deskstream_chassis.web.preconditions import IfMatch, expected_version
from deskstream_chassis.web.subjects import READERS, Subject, actor
from deskstream_contracts.api import sla as schemas
from sla_svc.api.checks import ConfigurationChecks
from sla_svc.api.translations import definition, policy, shown_calendar, shown_policy
from sla_svc.domain.calendar import CalendarDefinition
from sla_svc.handlers.follow_configuration import PutInForce
from sla_svc.handlers.put_calendars import PutCalendars
from sla_svc.handlers.put_policies import PutPolicies
from sla_svc.persistence import queries
from sla_svc.persistence.configuration_cache import ConfigurationCache

Reader = Annotated[Subject, Depends(require(*READERS))]


async def _checked_policies(body: schemas.PutPolicies, request: Request, if_match: IfMatch = None) -> int:
    checks: ConfigurationChecks = request.app.state.checks
    return await checks.policies([policy(p) for p in body.policies], expected_version(if_match, body.expected_version))


async def _checked_calendars(body: schemas.PutCalendars, request: Request, if_match: IfMatch = None) -> int:
    checks: ConfigurationChecks = request.app.state.checks
    return await checks.calendars(_definitions(body), expected_version(if_match, body.expected_version))


CheckedPolicies = Annotated[int, Depends(_checked_policies)]
CheckedCalendars = Annotated[int, Depends(_checked_calendars)]
"""What is put was checked against the version of this number, before the transaction and outside this process."""


def put_policies(body: schemas.PutPolicies, by: Subject, checked_against: CheckedPolicies) -> PutPolicies:
    """Replaces the policies."""
    follow = body.running_tickets == "follow"
    return PutPolicies([policy(p) for p in body.policies], body.note, actor(by), body.expected_version, follow, checked_against)


def put_calendars(body: schemas.PutCalendars, by: Subject, checked_against: CheckedCalendars) -> PutCalendars:
    """Replaces the calendars. Raises BadCalendar for what is no interval."""
    follow = body.running_tickets == "follow"
    return PutCalendars(_definitions(body), body.note, actor(by), body.expected_version, follow, checked_against)


def _definitions(body: schemas.PutCalendars) -> list[CalendarDefinition]:
    return [definition(c, i) for i, c in enumerate(body.calendars)]


def policies_answer(put: PutInForce) -> schemas.Policies:
    """The policies that are in force after a command."""
    policies = [shown_policy(p) for p in put.configuration.policies]
    return schemas.Policies(version=put.configuration.version, policies=policies, job=_job(put))


def calendars_answer(put: PutInForce) -> schemas.Calendars:
    """The calendars that are in force after a command."""
    calendars = [shown_calendar(c) for c in put.configuration.definitions]
    return schemas.Calendars(version=put.configuration.version, calendars=calendars, job=_job(put))


def _job(put: PutInForce) -> str | None:
    return f"sla.{put.job_id}" if put.job_id else None


def configuration_reads(engine: AsyncEngine, cache: ConfigurationCache) -> APIRouter:
    """The policies and the calendars that are in force."""
    router = APIRouter(tags=["policies"])

    @router.get("/policies")
    async def policies(_: Reader, response: Response) -> schemas.Policies:
        async with engine.connect() as connection:
            configuration = await queries.current(connection, cache)
        response.headers["ETag"] = f'"{configuration.version}"'
        return policies_answer(PutInForce(configuration))

    @router.get("/calendars")
    async def calendars(_: Reader, response: Response) -> schemas.Calendars:
        async with engine.connect() as connection:
            configuration = await queries.current(connection, cache)
        response.headers["ETag"] = f'"{configuration.version}"'
        return calendars_answer(PutInForce(configuration))

    return router
