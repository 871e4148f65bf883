"""HTTP of addresses that are not written to."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import EmailStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.subjects import Subject, actor
from deskstream_contracts.api.deliveries import SuppressedAddress, UnsuppressedAddress
from deskstream_contracts.api.shapes import Page
from notify_svc.api.deliveries import Accountable, sees_deliveries
from notify_svc.domain.addresses import Address
from notify_svc.handlers.lift_suppression import LiftSuppression
from notify_svc.persistence import queries


def lift(email: EmailStr, by: Subject) -> LiftSuppression:
    """For an address in any case."""
    return LiftSuppression(email, actor(by))


def lifted(address: Address) -> UnsuppressedAddress:
    """The answer to lifting a suppression."""
    return UnsuppressedAddress(email=address.email)


def address_reads(engine: AsyncEngine) -> APIRouter:
    """The route that lists suppressed addresses; who does not see deliveries gets an empty list."""
    router = APIRouter(prefix="/addresses", tags=["addresses"])

    @router.get("/suppressed")
    async def suppressed(
        who: Accountable,
        cursor: Annotated[str, Query(max_length=320, pattern=r"^[^\x00]*$", description="The addresses behind this one.")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    ) -> Page[SuppressedAddress]:
        if not sees_deliveries(who):
            return Page(items=[], next=None)
        async with engine.connect() as connection:
            rows = await queries.suppressed(connection, cursor, limit + 1)
        items = [SuppressedAddress.model_validate(row) for row in rows[:limit]]
        return Page(items=items, next=items[-1].email if len(rows) > limit else None)

    return router
