"""HTTP of the clocks: a ticket's, why they are due when they are, and how well all of them were kept."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, AwareDatetime
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deskstream_chassis.run.clock import Clock
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.subjects import READERS, Subject
from deskstream_contracts.api import sla as schemas
from deskstream_contracts.events.slas import SlaState
from deskstream_contracts.visibility import Visibility
from sla_svc.domain.explain import explain, why_policy
from sla_svc.domain.refusals import NoSuchTicket
from sla_svc.domain.story import Configurations
from sla_svc.domain.ticket_sla import TicketSla
from sla_svc.messaging.published import state
from sla_svc.persistence import queries
from sla_svc.persistence.configuration_cache import ConfigurationCache

Reader = Annotated[Subject, Depends(require(*READERS))]


def _in_range(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 9000:
        raise ValueError("a moment from 1970 to 9000 is needed")
    return moment


Moment = Annotated[Annotated[AwareDatetime, AfterValidator(_in_range)] | None, Query(description="RFC 3339, with an offset.")]


def clock_reads(engine: AsyncEngine, cache: ConfigurationCache, clock: Clock) -> APIRouter:
    """A ticket's clocks, what they are made of, and how many tickets kept their targets."""
    router = APIRouter(tags=["clocks"])

    @router.get("/tickets/{ticket_id}/sla")
    async def sla_of(ticket_id: UUID, who: Reader) -> SlaState:
        async with engine.connect() as connection:
            return state(await _found(connection, ticket_id, who.visibility), clock.now())

    @router.get("/tickets/{ticket_id}/sla/explain")
    async def explained(ticket_id: UUID, who: Reader) -> schemas.DeadlineExplanation:
        async with engine.connect() as connection:
            sla = await _found(connection, ticket_id, who.visibility)
            await cache.read(
                connection, {sla.configuration_version, *(s.configuration_version for c in sla.clocks for s in c.spans)}
            )
        return _explanation(sla, clock.now(), cache.get)

    @router.get("/attainment")
    async def attainment(
        _: Reader, by: schemas.AttainmentGroup = "priority", since: Moment = None, until: Moment = None
    ) -> schemas.Attainment:
        async with engine.connect() as connection:
            rows = await queries.attainment(connection, by, since, until)
        lines = [schemas.AttainmentLine.model_validate(row, from_attributes=True) for row in rows]
        return schemas.Attainment(by=by, lines=lines)

    return router


async def _found(connection: AsyncConnection, ticket_id: UUID, visibility: Visibility) -> TicketSla:
    sla = await queries.sla(connection, ticket_id, visibility)
    if sla is None:
        raise NoSuchTicket(str(ticket_id))
    return sla


def _explanation(sla: TicketSla, now: datetime, configurations: Configurations) -> schemas.DeadlineExplanation:
    clocks = [
        schemas.ExplainedClock(
            clock=c.kind,
            status=c.status,
            due_at=c.due_at,
            lines=[schemas.ExplainedLine.model_validate(line, from_attributes=True) for line in explain(c, now, configurations)],
        )
        for c in sla.clocks
    ]
    policy = configurations(sla.configuration_version).policy(sla.policy)
    return schemas.DeadlineExplanation(sla=state(sla, now), why_this_policy=why_policy(sla, policy), clocks=clocks)
