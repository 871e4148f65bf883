"""HTTP of decisions: what was decided on a ticket, and why."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.auth import require
from deskstream_chassis.web.subjects import READERS, Subject
from deskstream_contracts.api.routing import Decision
from routing_svc.domain.references import TicketReference
from routing_svc.domain.refusals import NoSuchTicket
from routing_svc.persistence import queries

Reader = Annotated[Subject, Depends(require(*READERS))]
Reference = Annotated[str, Path(description="A ticket's id, or its number.", pattern=r"^([0-9]{1,15}|[0-9a-fA-F-]{36})$")]


def decision_reads(engine: AsyncEngine) -> APIRouter:
    """What was decided about a ticket, and why."""
    router = APIRouter(tags=["decisions"])

    @router.get("/tickets/{reference}/decisions", response_model_exclude_none=True)
    async def decisions(reference: Reference, who: Reader) -> list[Decision]:
        async with engine.connect() as connection:
            found = await queries.decisions(connection, TicketReference.of(reference), who.visibility)
        if not found:
            raise NoSuchTicket(reference)
        return [Decision.model_validate(one) for one in found]

    return router
