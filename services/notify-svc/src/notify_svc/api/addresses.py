"""HTTP of addresses that are not written to."""

from fastapi import APIRouter
from pydantic import EmailStr
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.subjects import Subject, actor
from notify_svc.api.deliveries import Accountable, sees_deliveries
from notify_svc.api.schemas import Lifted, SuppressedAddress
from notify_svc.domain.addresses import Address
from notify_svc.handlers.lift_suppression import LiftSuppression
from notify_svc.persistence import queries


def lift(email: EmailStr, by: Subject) -> LiftSuppression:
    """For an address in any case."""
    return LiftSuppression(email, actor(by))


def lifted(address: Address) -> Lifted:
    """The answer to lifting a suppression."""
    return Lifted(email=address.email)


def address_reads(engine: AsyncEngine) -> APIRouter:
    """The route that lists suppressed addresses; who does not see deliveries gets an empty list."""
    router = APIRouter(prefix="/addresses", tags=["addresses"])

    @router.get("/suppressed")
    async def suppressed(who: Accountable) -> list[SuppressedAddress]:
        if not sees_deliveries(who):
            return []
        async with engine.connect() as connection:
            return [SuppressedAddress.model_validate(row) for row in await queries.suppressed(connection)]

    return router
