"""HTTP of teams and agents: what a request asks for, and looking up."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.auth import require
from deskstream_chassis.web.preconditions import IfMatch, expected_version
from deskstream_chassis.web.subjects import READERS, Subject
from deskstream_contracts.api import workforce as schemas
from deskstream_contracts.api.shapes import Page
from deskstream_contracts.events.routing import TeamState
from routing_svc.domain.agent import Agent
from routing_svc.domain.refusals import NoSuchAgent, NoSuchTeam
from routing_svc.handlers.put_agent import AgentPut, PutAgent
from routing_svc.handlers.put_team import PutTeam, TeamPut
from routing_svc.handlers.set_availability import SetAvailability
from routing_svc.messaging.published import agent_state, team_state
from routing_svc.persistence import queries
from routing_svc.persistence.configuration_cache import read_workforce

Reader = Annotated[Subject, Depends(require(*READERS))]
TeamReference = Annotated[
    str, Path(description="A team's name or id.", min_length=1, max_length=120, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
]
AgentReference = Annotated[
    str, Path(description="An agent's address or id.", max_length=254, pattern=r"^([^\s@\x00]+@[^\s@\x00]+|[0-9a-fA-F-]{36})$")
]


def put_team(reference: TeamReference, body: schemas.PutTeam, if_match: IfMatch = None) -> PutTeam:
    """Makes a team, or changes it."""
    manager = body.manager
    email = manager.email.lower() if manager else None
    expected = expected_version(if_match)
    return PutTeam(reference, body.name, email, manager.name if manager else None, body.active, expected)


def put_agent(reference: AgentReference, body: schemas.PutAgent, if_match: IfMatch = None) -> PutAgent:
    """Makes an agent, or changes them."""
    expected = expected_version(if_match)
    return PutAgent(reference, body.name, body.email, body.teams, body.languages, body.available, body.active, expected)


def team_answer(put: TeamPut) -> schemas.TeamAnswer:
    """A team after a command."""
    return schemas.TeamAnswer(**dict(team_state(put.team)), warnings=put.warnings)


def agent_answer(put: AgentPut) -> schemas.AgentAnswer:
    """An agent after a command."""
    return schemas.AgentAnswer(**dict(agent_state(put.agent)), warnings=put.warnings)


def set_availability(reference: AgentReference, body: schemas.Availability) -> SetAvailability:
    """Says whether an agent takes tickets now."""
    return SetAvailability(reference, body.available)


def workforce_reads(engine: AsyncEngine) -> APIRouter:
    """Teams and agents, each with what a choice among them looks at."""
    router = APIRouter(tags=["workforce"])

    @router.get("/teams")
    async def teams(_: Reader) -> Page[TeamState]:
        async with engine.connect() as connection:
            workforce = await read_workforce(connection)
        return Page(items=[team_state(t) for t in sorted(workforce.teams.values(), key=lambda t: t.name)], next=None)

    @router.get("/teams/{reference}")
    async def team(reference: TeamReference, _: Reader) -> TeamState:
        async with engine.connect() as connection:
            found = (await read_workforce(connection)).referred_team(reference)
        if found is None:
            raise NoSuchTeam(reference)
        return team_state(found)

    @router.get("/agents")
    async def agents(_: Reader) -> Page[schemas.AgentWithLoad]:
        async with engine.connect() as connection:
            workforce = await read_workforce(connection)
            loads = await queries.loads(connection)
        found = [_with_load(a, loads.get(a.id, 0)) for a in sorted(workforce.agents.values(), key=lambda a: a.name)]
        return Page(items=found, next=None)

    @router.get("/agents/{reference}")
    async def agent(reference: AgentReference, _: Reader) -> schemas.AgentWithLoad:
        async with engine.connect() as connection:
            found = (await read_workforce(connection)).referred_agent(reference)
            loads = await queries.loads(connection)
        if found is None:
            raise NoSuchAgent(reference)
        return _with_load(found, loads.get(found.id, 0))

    return router


def _with_load(agent: Agent, open_tickets: int) -> schemas.AgentWithLoad:
    return schemas.AgentWithLoad(**dict(agent_state(agent)), open_tickets=open_tickets)
