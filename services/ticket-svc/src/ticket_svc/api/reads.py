"""HTTP of ticket-svc: reading a ticket and its conversation."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.auth import require
from deskstream_chassis.web.subjects import READERS, Subject
from deskstream_contracts.events.tickets import TicketState
from ticket_svc.api.requests import Reference
from ticket_svc.domain.reference import TicketReference
from ticket_svc.domain.refusals import NoSuchTicket
from ticket_svc.messaging.published import state
from ticket_svc.persistence import queries

Reader = Annotated[Subject, Depends(require(*READERS, customers=True))]


def ticket_reads(engine: AsyncEngine) -> APIRouter:
    """Routes for a ticket and its conversation; what the caller does not see is 404, as if it were not there."""
    router = APIRouter(prefix="/tickets", tags=["tickets"])

    @router.get("/{reference}")
    async def ticket(reference: Reference, who: Reader) -> TicketState:
        async with engine.connect() as connection:
            found = await queries.ticket(connection, TicketReference.of(reference), who.visibility)
        if found is None:
            raise NoSuchTicket(reference)
        return state(found)

    @router.get("/{reference}/conversation")
    async def conversation(reference: Reference, who: Reader) -> list[dict[str, Any]]:
        async with engine.connect() as connection:
            messages = await queries.conversation(connection, TicketReference.of(reference), who.visibility)
        if not messages:
            raise NoSuchTicket(reference)
        return messages

    return router
