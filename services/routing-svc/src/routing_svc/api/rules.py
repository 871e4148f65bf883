"""HTTP of the rules: the configuration and its history, trying rules, and the decisions on a ticket."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.refusals import Invalid
from deskstream_chassis.run.clock import Clock, new_id
from deskstream_chassis.web.commands import Commands
from routing_svc.api import schemas
from routing_svc.api.workforce import Lead, Reader
from routing_svc.domain.decide import Subject, decide
from routing_svc.domain.history import try_on_history
from routing_svc.domain.refusals import NoSuchConfiguration, NoSuchTicket
from routing_svc.domain.rules import Configuration, Kind, Rule, compiled
from routing_svc.domain.ticket import RoutedTicket
from routing_svc.handlers.configure import PutConfiguration, checked
from routing_svc.messaging.published import decided
from routing_svc.persistence import queries
from routing_svc.persistence.configuration_cache import ConfigurationCache
from routing_svc.persistence.staffing import Staffing
from routing_svc.persistence.unit import RoutingUnit

_EXAMPLES = 20
IfMatch = Annotated[str | None, Header(description="The version that is to be replaced.", pattern=r'^(W/)?"?[0-9]{1,9}"?$')]
Version = Annotated[int, Path(ge=0, le=2**31 - 1)]


def rule_routes(commands: Commands[RoutingUnit], engine: AsyncEngine, known: ConfigurationCache, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["rules"])
    _configuration(router, commands, engine)
    _trying(router, engine, known, clock)
    _decisions(router, engine)
    return router


def _configuration(router: APIRouter, commands: Commands[RoutingUnit], engine: AsyncEngine) -> None:
    async def stored(version: int | None) -> schemas.ConfigurationAnswer:
        async with engine.connect() as connection:
            found = await queries.rules(connection, version)
        if found is None:
            raise NoSuchConfiguration(version or 0)
        return schemas.ConfigurationAnswer(version=found[0], rules=list(found[1]))

    async def put(request: Request, caller: Lead, rules: list[Rule], note: str, expected: int | None) -> Response:
        command = PutConfiguration(rules, note, expected, caller.id, caller.name)
        return await commands.run(request, caller, command.needs, lambda unit: schemas.ConfigurationAnswer.of(command.handle(unit)))

    @router.get("/configuration")
    async def configuration(_: Reader, response: Response) -> schemas.ConfigurationAnswer:
        answer = await stored(None)
        response.headers["ETag"] = f'"{answer.version}"'
        return answer

    @router.put("/configuration", response_model=schemas.ConfigurationAnswer)
    async def put_configuration(
        body: schemas.ConfigurationBody, request: Request, caller: Lead, if_match: IfMatch = None
    ) -> Response:
        expected = body.expected_version if if_match is None else int(if_match.removeprefix("W/").strip('"'))
        return await put(request, caller, [r.rule() for r in body.rules], body.note, expected)

    @router.get("/configuration/versions")
    async def versions(_: Reader) -> list[schemas.ConfigurationEntry]:
        async with engine.connect() as connection:
            return [schemas.ConfigurationEntry(**row) for row in await queries.versions(connection, 200)]

    @router.get("/configuration/versions/{version}")
    async def old(version: Version, _: Reader) -> schemas.ConfigurationAnswer:
        return await stored(version)

    @router.post("/configuration/rollback/{version}", response_model=schemas.ConfigurationAnswer)
    async def rollback(version: Version, request: Request, caller: Lead) -> Response:
        answer = await stored(version)
        return await put(request, caller, answer.rules, f"Back to version {version}.", None)


def _trying(router: APIRouter, engine: AsyncEngine, known: ConfigurationCache, clock: Clock) -> None:
    async def subject_of(body: schemas.TryBody) -> Subject:
        if (body.sample is None) == (body.ticket_id is None):
            raise Invalid("Give either a sample or a ticket_id.", pointer="#/sample")
        if body.sample is not None:
            return Subject(new_id(), 0, body.sample.ticket.priority, None, None, body.sample.facts())
        assert body.ticket_id is not None
        async with engine.connect() as connection:
            ticket = await queries.ticket(connection, body.ticket_id)
        if ticket is None or ticket.version == 0:
            raise NoSuchTicket(str(body.ticket_id))
        return _as_new(ticket)

    @router.post("/configuration/try")
    async def try_rules(body: schemas.TryBody, _: Reader) -> schemas.TryAnswer:
        subject = await subject_of(body)
        kind: Kind = "escalation" if "sla" in subject.facts else "assignment"
        async with engine.connect() as connection:
            staffing = Staffing(connection, known)
            await staffing.read(lock=False)
        candidate = checked(0, [r.rule() for r in body.rules], staffing.roster.workforce, known.expressions)
        decision = decide(new_id(), kind, subject, candidate, staffing.roster, known.expressions, clock.now())
        facts = {name: dict(fields) for name, fields in subject.facts.items()}
        return schemas.TryAnswer(decision=decided(decision), facts=facts)

    @router.post("/configuration/try-history")
    async def try_history(body: schemas.TryHistoryBody, _: Reader) -> schemas.TryHistoryAnswer:
        async with engine.connect() as connection:
            staffing = Staffing(connection, known)
            await staffing.read(lock=False)
            since = clock.now() - timedelta(days=body.days)
            past = await queries.history(connection, body.kind, since, body.limit)
        rules = [r.rule() for r in body.rules]
        checked(0, rules, staffing.roster.workforce, known.expressions)
        current_rules = staffing.configuration.rules

        def compare() -> list[Any]:
            # Compiled here once more: what this thread evaluates belongs to it alone.
            candidate: Configuration = compiled(0, rules, known.expressions)
            return list(try_on_history(past, candidate, compiled(0, current_rules, known.expressions), known.expressions))

        different = await asyncio.to_thread(compare)
        examples = [schemas.DifferenceAnswer.model_validate(d, from_attributes=True) for d in different[:_EXAMPLES]]
        return schemas.TryHistoryAnswer(looked_at=len(past), would_change=len(different), examples=examples)


def _as_new(ticket: RoutedTicket) -> Subject:
    """A known ticket as if it had just been opened, so that an assignment can be tried on it again."""
    return Subject(ticket.id, ticket.version, ticket.priority, ticket.team_id, None, ticket.facts)


def _decisions(router: APIRouter, engine: AsyncEngine) -> None:
    @router.get("/tickets/{reference}/decisions")
    async def decisions(
        reference: Annotated[str, Path(description="A ticket's id, or its number.", pattern=r"^([0-9]{1,15}|[0-9a-fA-F-]{36})$")],
        _: Reader,
    ) -> list[dict[str, Any]]:
        try:
            number, id_ = (int(reference), None) if reference.isdigit() else (None, UUID(reference))
        except ValueError:
            raise NoSuchTicket(reference) from None
        async with engine.connect() as connection:
            found = await queries.decisions(connection, id_, number)
        if not found:
            raise NoSuchTicket(reference)
        return found
