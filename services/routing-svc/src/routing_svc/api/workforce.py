"""HTTP of teams and agents."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.auth import require
from deskstream_chassis.web.commands import Commands
from deskstream_contracts.events.routing import AgentState, TeamState
from routing_svc.api import schemas
from routing_svc.domain.refusals import NoSuchAgent, NoSuchTeam
from routing_svc.handlers.put_workforce import PutAgent, PutTeam, SetAvailability, as_id
from routing_svc.messaging.published import agent_state, team_state
from routing_svc.persistence import queries
from routing_svc.persistence.configuration_cache import read_workforce
from routing_svc.persistence.unit import RoutingUnit

Reader = Annotated[Subject, Depends(require("viewer", "agent", "lead", "admin", "service"))]
Agent = Annotated[Subject, Depends(require("agent", "lead", "admin"))]
Lead = Annotated[Subject, Depends(require("lead", "admin"))]
TeamReference = Annotated[
    str, Path(description="A team's name or id.", min_length=1, max_length=120, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
]
AgentReference = Annotated[
    str, Path(description="An agent's address or id.", max_length=254, pattern=r"^([^\s@\x00]+@[^\s@\x00]+|[0-9a-fA-F-]{36})$")
]


def workforce_routes(commands: Commands[RoutingUnit], engine: AsyncEngine) -> APIRouter:
    router = APIRouter(tags=["workforce"])
    _teams(router, commands, engine)
    _agents(router, commands, engine)
    return router


def _teams(router: APIRouter, commands: Commands[RoutingUnit], engine: AsyncEngine) -> None:
    @router.get("/teams")
    async def teams(_: Reader) -> list[TeamState]:
        async with engine.connect() as connection:
            workforce = await read_workforce(connection)
        return [team_state(t) for t in sorted(workforce.teams.values(), key=lambda t: t.name)]

    @router.get("/teams/{reference}")
    async def team(reference: TeamReference, _: Reader) -> TeamState:
        async with engine.connect() as connection:
            workforce = await read_workforce(connection)
        id_ = as_id(reference)
        found = workforce.team(reference) if id_ is None else workforce.teams.get(id_)
        if found is None:
            raise NoSuchTeam(reference)
        return team_state(found)

    @router.put("/teams/{reference}", response_model=TeamState)
    async def put_team(reference: TeamReference, body: schemas.TeamBody, request: Request, caller: Lead) -> Response:
        manager = body.manager
        put = PutTeam(
            reference, body.name, manager.email.lower() if manager else None, manager.name if manager else None, body.active
        )
        return await commands.run(request, caller, put.needs, lambda unit: team_state(put.handle(unit)))


def _agents(router: APIRouter, commands: Commands[RoutingUnit], engine: AsyncEngine) -> None:
    @router.get("/agents")
    async def agents(_: Reader) -> list[schemas.AgentAnswer]:
        async with engine.connect() as connection:
            workforce = await read_workforce(connection)
            loads = await queries.loads(connection)
        people = sorted(workforce.agents.values(), key=lambda a: a.name)
        return [schemas.AgentAnswer(**agent_state(a).model_dump(), open_tickets=loads.get(a.id, 0)) for a in people]

    @router.get("/agents/{reference}")
    async def agent(reference: AgentReference, _: Reader) -> schemas.AgentAnswer:
        async with engine.connect() as connection:
            workforce = await read_workforce(connection)
            loads = await queries.loads(connection)
        id_ = as_id(reference)
        found = workforce.agent(reference) if id_ is None else workforce.agents.get(id_)
        if found is None:
            raise NoSuchAgent(reference)
        return schemas.AgentAnswer(**agent_state(found).model_dump(), open_tickets=loads.get(found.id, 0))

    @router.put("/agents/{reference}", response_model=AgentState)
    async def put_agent(reference: AgentReference, body: schemas.AgentBody, request: Request, caller: Lead) -> Response:
        put = PutAgent(reference, body.name, body.email, body.teams, body.languages, body.available, body.active)
        return await commands.run(request, caller, put.needs, lambda unit: agent_state(put.handle(unit)))

    @router.post("/agents/{reference}/availability", response_model=AgentState)
    async def availability(reference: AgentReference, body: schemas.AvailabilityBody, request: Request, caller: Agent) -> Response:
        put = SetAvailability(reference, body.available)
        return await commands.run(request, caller, put.needs, lambda unit: agent_state(put.handle(unit)))
