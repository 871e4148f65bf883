"""HTTP of notify-svc: what was sent, what was not, and addresses that are not written to."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, EmailStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.refusals import NotFound
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.commands import Commands
from notify_svc.domain import addresses
from notify_svc.domain.addresses import address_id
from notify_svc.persistence import queries
from notify_svc.persistence.unit import NotifyUnit

Reader = Annotated[Subject, Depends(require("viewer", "agent", "lead", "admin", "operator", "service"))]
Lead = Annotated[Subject, Depends(require("lead", "admin", "operator"))]


class Lifted(BaseModel):
    email: str


def routes(commands: Commands[NotifyUnit], engine: AsyncEngine) -> APIRouter:
    router = APIRouter(tags=["notifications"])

    @router.get("/deliveries")
    async def deliveries(
        _: Reader,
        ticket_id: UUID | None = None,
        status: Literal["queued", "sending", "sent", "failed"] | None = None,
        before: datetime | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[dict[str, Any]]:
        async with engine.connect() as connection:
            return await queries.deliveries(connection, ticket_id, status, before, limit)

    @router.get("/deliveries/summary")
    async def summary(_: Reader) -> list[dict[str, Any]]:
        async with engine.connect() as connection:
            return await queries.summary(connection)

    @router.get("/addresses/suppressed")
    async def suppressed(_: Reader) -> list[dict[str, Any]]:
        async with engine.connect() as connection:
            return await queries.suppressed(connection)

    @router.delete("/addresses/suppressed/{email}", response_model=Lifted)
    async def lift(email: EmailStr, request: Request, caller: Lead) -> Response:
        def handle(unit: NotifyUnit) -> BaseModel:
            known = unit.addresses.get(address_id(email))
            if known is None or known.suppressed_because is None:
                raise NotFound(f"{email} is not suppressed.")
            unit.addresses.put(addresses.lift(known))
            return Lifted(email=known.email)

        return await commands.run(request, caller, lambda unit: unit.addresses.need(address_id(email)), handle)

    return router
