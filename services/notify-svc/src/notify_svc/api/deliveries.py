"""HTTP of deliveries: what was sent, and what was not."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.auth import require
from deskstream_chassis.web.subjects import ACCOUNTABLE, Role, Subject
from notify_svc.api.schemas import Delivery, DeliveryCount
from notify_svc.persistence import queries
from notify_svc.persistence.queries import DeliveryStatus

Accountable = Annotated[Subject, Depends(require(*ACCOUNTABLE))]


def sees_deliveries(who: Subject) -> bool:
    """Whether somebody is shown what was sent: all of it or nothing, as a delivery does not say whose ticket it is about.

    So it is shown to who sees every ticket (teams that are closed to them are tickets that they do not see), and to operators,
    who see no content; to everybody else it is as if nothing had been sent.
    """
    visibility = who.visibility
    sees_every_ticket = visibility.shows("deliveries") and not visibility.closed_team_ids
    return sees_every_ticket or Role.OPERATOR in who.roles


def delivery_reads(engine: AsyncEngine) -> APIRouter:
    """Routes that list and count deliveries; who does not see them gets an empty list."""
    router = APIRouter(prefix="/deliveries", tags=["deliveries"])

    @router.get("")
    async def find(
        who: Accountable,
        ticket_id: UUID | None = None,
        status: DeliveryStatus | None = None,
        before: datetime | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[Delivery]:
        if not sees_deliveries(who):
            return []
        async with engine.connect() as connection:
            rows = await queries.deliveries(connection, ticket_id, status, before, limit)
        return [Delivery.model_validate(row) for row in rows]

    @router.get("/summary")
    async def summary(who: Accountable) -> list[DeliveryCount]:
        if not sees_deliveries(who):
            return []
        async with engine.connect() as connection:
            return [DeliveryCount.model_validate(row) for row in await queries.summary(connection)]

    return router
