"""HTTP of ticket-svc: reading a ticket and its conversation."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.web.auth import require
from deskstream_chassis.web.subjects import READERS, Subject
from deskstream_contracts.events.tickets import TicketState
from deskstream_contracts.timeline import Timeline
from ticket_svc.api.requests import Reference
from ticket_svc.domain.reference import TicketReference
from ticket_svc.domain.refusals import NoSuchTicket
from ticket_svc.messaging.published import state
from ticket_svc.persistence import history, queries

Colleague = Annotated[Subject, Depends(require(*READERS))]
Reader = Annotated[Subject, Depends(require(*READERS, customers=True))]
AsOf = Annotated[AwareDatetime | None, Query(description="How it was at that moment (RFC 3339, with an offset).")]
Cursor = Annotated[int, Query(ge=0, le=2**31 - 1, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Entries of a page, at most.")]


def ticket_reads(engine: AsyncEngine) -> APIRouter:
    """Routes for a ticket and its conversation; what the caller does not see is 404, as if it were not there."""
    router = APIRouter(prefix="/tickets", tags=["tickets"])

    @router.get("/{reference}")
    async def ticket(reference: Reference, who: Reader, as_of: AsOf = None) -> TicketState:
        async with engine.connect() as connection:
            found = await queries.ticket(connection, TicketReference.of(reference), who.visibility)
            if found is None:
                raise NoSuchTicket(reference)
            return state(found) if as_of is None else await history.as_of(connection, found, as_of)

    @router.get("/{reference}/timeline")
    async def timeline(reference: Reference, who: Colleague, cursor: Cursor = 0, limit: Limit = 50) -> Timeline:
        async with engine.connect() as connection:
            found = await queries.ticket(connection, TicketReference.of(reference), who.visibility)
            if found is None:
                raise NoSuchTicket(reference)
            return await history.timeline(connection, found, cursor, limit)

    @router.get("/{reference}/conversation")
    async def conversation(reference: Reference, who: Reader) -> list[dict[str, Any]]:
        async with engine.connect() as connection:
            messages = await queries.conversation(connection, TicketReference.of(reference), who.visibility)
        if not messages:
            raise NoSuchTicket(reference)
        return messages

    return router
