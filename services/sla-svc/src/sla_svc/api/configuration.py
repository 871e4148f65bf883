"""HTTP of policies and calendars."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.auth import require
from deskstream_chassis.web.commands import Commands
from sla_svc.api import schemas
from sla_svc.domain.policy import SlaConfiguration
from sla_svc.handlers.configure import Author, put_calendars, put_policies
from sla_svc.persistence import queries
from sla_svc.persistence.configuration_cache import ConfigurationCache
from sla_svc.persistence.unit import SlaUnit

Reader = Annotated[Subject, Depends(require("viewer", "agent", "lead", "admin", "service"))]
Lead = Annotated[Subject, Depends(require("lead", "admin"))]
IfMatch = Annotated[str | None, Header(description="The version that is to be replaced.", pattern=r'^(W/)?"?[0-9]{1,9}"?$')]


def configuration_routes(commands: Commands[SlaUnit], engine: AsyncEngine, known: ConfigurationCache) -> APIRouter:
    router = APIRouter(tags=["policies"])

    async def current() -> SlaConfiguration:
        async with engine.connect() as connection:
            return await queries.current(connection, known)

    @router.get("/policies")
    async def policies(_: Reader, response: Response) -> schemas.PoliciesAnswer:
        configuration = await current()
        response.headers["ETag"] = f'"{configuration.version}"'
        return _policies(configuration)

    @router.put("/policies", response_model=schemas.PoliciesAnswer)
    async def change_policies(body: schemas.PoliciesBody, request: Request, caller: Lead, if_match: IfMatch = None) -> Response:
        put = put_policies([p.policy() for p in body.policies], _author(body, caller, if_match))
        return await commands.run(request, caller, _needs, lambda unit: _policies(put(unit)))

    @router.get("/calendars")
    async def calendars(_: Reader, response: Response) -> schemas.CalendarsAnswer:
        configuration = await current()
        response.headers["ETag"] = f'"{configuration.version}"'
        return _calendars(configuration)

    @router.put("/calendars", response_model=schemas.CalendarsAnswer)
    async def change_calendars(body: schemas.CalendarsBody, request: Request, caller: Lead, if_match: IfMatch = None) -> Response:
        definitions = [c.definition(i) for i, c in enumerate(body.calendars)]
        put = put_calendars(definitions, _author(body, caller, if_match))
        return await commands.run(request, caller, _needs, lambda unit: _calendars(put(unit)))

    return router


def _needs(unit: SlaUnit) -> None:
    unit.configurations.need()


def _author(body: schemas.Expected, caller: Subject, if_match: str | None) -> Author:
    expected = body.expected_version if if_match is None else int(if_match.removeprefix("W/").strip('"'))
    return Author(caller.id, caller.name, body.note, expected)


def _policies(configuration: SlaConfiguration) -> schemas.PoliciesAnswer:
    return schemas.PoliciesAnswer(
        version=configuration.version, policies=[schemas.PolicyBody.of(p) for p in configuration.policies]
    )


def _calendars(configuration: SlaConfiguration) -> schemas.CalendarsAnswer:
    return schemas.CalendarsAnswer(
        version=configuration.version, calendars=[schemas.CalendarBody.of(c) for c in configuration.definitions]
    )
