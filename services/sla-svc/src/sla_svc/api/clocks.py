"""HTTP of the clocks: a ticket's, why they are due when they are, and how well all of them were kept."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deskstream_chassis.run.clock import Clock
from deskstream_contracts.events.slas import SlaState
from sla_svc.api import schemas
from sla_svc.api.configuration import Reader
from sla_svc.domain.explain import explain
from sla_svc.domain.refusals import NoSuchTicket
from sla_svc.domain.sla import TicketSla
from sla_svc.messaging.published import state
from sla_svc.persistence import queries
from sla_svc.persistence.configuration_cache import ConfigurationCache

Group = Literal["priority", "team", "organization", "customer", "policy"]


def _in_range(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 9000:
        raise ValueError("a moment from 1970 to 9000 is needed")
    return moment


Moment = Annotated[Annotated[AwareDatetime, AfterValidator(_in_range)] | None, Query(description="RFC 3339, with an offset.")]


def clock_routes(engine: AsyncEngine, known: ConfigurationCache, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["clocks"])

    async def found(connection: AsyncConnection, ticket_id: UUID) -> TicketSla:
        sla = await queries.sla(connection, ticket_id)
        if sla is None:
            raise NoSuchTicket(str(ticket_id))
        return sla

    @router.get("/tickets/{ticket_id}/sla")
    async def sla_of(ticket_id: UUID, _: Reader) -> SlaState:
        async with engine.connect() as connection:
            return state(await found(connection, ticket_id), clock.now())

    @router.get("/tickets/{ticket_id}/sla/explain")
    async def why(ticket_id: UUID, _: Reader) -> schemas.Explanation:
        async with engine.connect() as connection:
            sla = await found(connection, ticket_id)
            await known.read(
                connection, {sla.configuration_version, *(s.configuration_version for c in sla.clocks for s in c.spans)}
            )
        return _explanation(sla, clock.now(), known)

    @router.get("/attainment")
    async def attainment(_: Reader, by: Group = "priority", since: Moment = None, until: Moment = None) -> schemas.Attainment:
        async with engine.connect() as connection:
            rows = await queries.attainment(connection, by, since, until)
        return schemas.Attainment(by=by, lines=[schemas.AttainmentLine(**row) for row in rows])

    return router


def _explanation(sla: TicketSla, now: datetime, known: ConfigurationCache) -> schemas.Explanation:
    asked = sla.ticket.sla_policy is not None and sla.ticket.sla_policy.casefold() == sla.policy.casefold()
    policy = known.get(sla.configuration_version).policy(sla.policy)
    chosen = "it was asked for by a rule" if asked else "its conditions match"
    if not asked and policy is not None and policy.is_default:
        chosen = "it is the default"
    clocks = [
        schemas.ExplainedClock(
            clock=c.kind,
            status=c.status,
            due_at=c.due_at,
            lines=[schemas.ExplainedLine.model_validate(line, from_attributes=True) for line in explain(c, now, known.get)],
        )
        for c in sla.clocks
    ]
    words = f"Policy “{sla.policy}” (version {sla.policy_version}) for priority {sla.ticket.priority}: {chosen}."
    return schemas.Explanation(sla=state(sla, now), why_this_policy=words, clocks=clocks)
