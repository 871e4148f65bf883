"""HTTP of the rules: what a request asks for, the configuration with its history, and trying rules."""

import time
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.refusals import Invalid
from deskstream_chassis.run.clock import Clock, new_id
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.preconditions import IfMatch, expected_version
from deskstream_chassis.web.subjects import LEADS, READERS, Subject, actor
from deskstream_contracts.api import routing as schemas
from deskstream_contracts.api.shapes import Page
from deskstream_contracts.visibility import Visibility
from routing_svc.adapters.trials import Trials
from routing_svc.api.translations import facts, rule, shown_difference, shown_facts, shown_rules
from routing_svc.domain.decide import Case
from routing_svc.domain.refusals import NoSuchConfiguration, NoSuchTicket
from routing_svc.domain.rules import Configuration, warnings
from routing_svc.domain.trying import Difference
from routing_svc.handlers.put_configuration import PutConfiguration
from routing_svc.handlers.roll_back_configuration import RollBackConfiguration
from routing_svc.persistence import queries
from routing_svc.persistence.configuration_cache import ConfigurationCache
from routing_svc.persistence.staffing import staffing_now

_EXAMPLES = 20
_AT_ONCE = 50
_HISTORY_SECONDS = 10.0
Reader = Annotated[Subject, Depends(require(*READERS))]
Lead = Annotated[Subject, Depends(require(*LEADS))]
Version = Annotated[int, Path(ge=0, le=2**31 - 1)]


def put(body: schemas.PutRules, by: Subject) -> PutConfiguration:
    """Replaces the rules."""
    return PutConfiguration([rule(r) for r in body.rules], body.note, actor(by), body.expected_version)


def roll_back(version: Version, by: Subject, if_match: IfMatch = None) -> RollBackConfiguration:
    """Puts the rules of an earlier version in force again, as a new version."""
    return RollBackConfiguration(version, actor(by), expected_version(if_match))


def answer(configuration: Configuration) -> schemas.Rules:
    """The rules that are in force after a command, which has checked them."""
    return shown_rules(configuration)


def configuration_reads(engine: AsyncEngine, cache: ConfigurationCache) -> APIRouter:
    """The rules that are in force, and those of earlier versions."""
    router = APIRouter(tags=["rules"])

    @router.get("/configuration")
    async def configuration(_: Reader, response: Response) -> schemas.Rules:
        async with engine.connect() as connection:
            staffing = await staffing_now(connection, cache)
        found = staffing.configuration
        response.headers["ETag"] = f'"{found.version}"'
        return shown_rules(found, warnings(found, staffing.roster.workforce))

    @router.get("/configuration/versions")
    async def versions(
        _: Reader,
        cursor: Annotated[int, Query(ge=0, le=2**31 - 1, description="The versions before this one.")] = 2**31 - 1,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Page[schemas.RulesVersion]:
        async with engine.connect() as connection:
            rows = await queries.versions(connection, cursor, limit + 1)
        items = [schemas.RulesVersion.model_validate(row, from_attributes=True) for row in rows[:limit]]
        return Page(items=items, next=str(items[-1].version) if len(rows) > limit else None)

    @router.get("/configuration/versions/{version}")
    async def version(version: Version, _: Reader) -> schemas.Rules:
        async with engine.connect() as connection:
            found = await queries.rules(connection, version)
        if found is None:
            raise NoSuchConfiguration(version)
        return shown_rules(Configuration(version, found))

    return router


def trial_reads(engine: AsyncEngine, cache: ConfigurationCache, clock: Clock, trials: Trials) -> APIRouter:
    """Trying rules changes nothing, and is for those who may change them: it costs more than looking."""
    router = APIRouter(tags=["rules"])

    @router.post("/configuration/try")
    async def try_on_case(body: schemas.TryRules, who: Lead) -> schemas.TriedRules:
        case = await _case(engine, body, who.visibility)
        async with engine.connect() as connection:
            staffing = await staffing_now(connection, cache)
        decision = await trials.case(new_id(), [rule(r) for r in body.rules], case, staffing.roster, staffing.defined, clock.now())
        return schemas.TriedRules(decision=decision, facts=shown_facts(case.facts))

    # What a side does not ask for is left out, so that the two can be read beside each other.
    @router.post("/configuration/try-history", response_model_exclude_defaults=True)
    async def try_history(body: schemas.TryRulesOnHistory, who: Lead) -> schemas.TriedRulesOnHistory:
        since, until = clock.now() - timedelta(days=body.days), time.monotonic() + _HISTORY_SECONDS
        async with engine.connect() as connection:
            staffing = await staffing_now(connection, cache)
            past = await queries.history(connection, body.kind, since, body.limit, who.visibility)
        rules, looked_at, different = [rule(r) for r in body.rules], 0, list[Difference]()
        # At least once, so that rules which cannot be taken are refused where there is no history too.
        for begin in range(0, len(past) or 1, _AT_ONCE):
            chunk = past[begin : begin + _AT_ONCE]
            current = staffing.configuration.rules
            different += await trials.history(chunk, rules, current, staffing.roster, staffing.defined)
            looked_at += len(chunk)
            if time.monotonic() > until:
                break
        examples = [shown_difference(d) for d in different[:_EXAMPLES]]
        return schemas.TriedRulesOnHistory(looked_at=looked_at, would_change=len(different), examples=examples)

    return router


async def _case(engine: AsyncEngine, body: schemas.TryRules, visibility: Visibility) -> Case:
    """What rules are to be tried on. Raises NoSuchTicket for a ticket that is not there, or not seen."""
    if (body.sample is None) == (body.ticket_id is None):
        raise Invalid("Give either a sample or a ticket_id.", pointer="#/sample")
    if body.sample is not None:
        return Case(new_id(), 0, body.sample.ticket.priority, None, None, facts(body.sample))
    assert body.ticket_id is not None
    return await _ticket_case(engine, body.ticket_id, visibility)


async def _ticket_case(engine: AsyncEngine, ticket_id: UUID, visibility: Visibility) -> Case:
    async with engine.connect() as connection:
        ticket = await queries.ticket(connection, ticket_id, visibility)
    if ticket is None or ticket.version == 0:
        raise NoSuchTicket(str(ticket_id))
    return ticket.case_as_new()
