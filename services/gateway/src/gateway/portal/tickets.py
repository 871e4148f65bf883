"""A customer's requests."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query

from deskstream_chassis.store.database import Transactions
from deskstream_contracts.documents import TICKET_FIELDS
from deskstream_contracts.events.settings import FieldDefinitions
from gateway.domain.cursor import Cursors
from gateway.domain.fields import Defined, entries, texts_of
from gateway.domain.filters import PortalFilters
from gateway.persistence import queries
from gateway.persistence.conditions import NOT_ARCHIVED, TICKET_SORTS, Conditions
from gateway.persistence.visibility import visible_tickets
from gateway.portal.schemas import PortalField, PortalStatus, PortalTicket, PortalTickets
from gateway.portal.visibilities import SignedIn


def portal_tickets(database: Transactions, cursors: Cursors, defined: Defined) -> APIRouter:
    """The route of customers' lists; `own` and `requested_by` say whose request it is."""
    router = APIRouter(tags=["portal"])

    @router.get("/tickets", operation_id="listOwnTickets", summary="The customer's requests, and those that are shared with them")
    async def tickets(who: SignedIn, filters: Annotated[PortalFilters, Query()]) -> PortalTickets:
        where = Conditions([NOT_ARCHIVED])
        if filters.done is not None:
            where.add(f"t.status {'IN' if filters.done else 'NOT IN'} ('resolved', 'closed')")
        scope = filters.scope(f"portal {who.id}")
        after = cursors.open(scope, filters.cursor) if filters.cursor else None
        async with database.connect() as connection:
            rows = await queries.own_tickets(
                connection, visible_tickets(who.visibility), where, TICKET_SORTS["updated"], after, filters.limit
            )
        fields = defined.of(TICKET_FIELDS)
        more = len(rows) > filters.limit
        next_ = cursors.seal(scope, rows[filters.limit - 1].keys) if more else None
        return PortalTickets(items=[_shown(row, UUID(who.id), fields) for row in rows[: filters.limit]], next=next_)

    return router


def _shown(row: queries.OwnTicket, customer_id: UUID, defined: FieldDefinitions) -> PortalTicket:
    own = row.customer_id == customer_id
    return PortalTicket(
        number=row.number,
        subject=row.subject,
        status=_status(row.status, row.waiting_for),
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        own=own,
        requested_by=None if own else row.requester_name,
        fields=[PortalField.model_validate(e) for e in entries(defined, texts_of(orjson.loads(row.fields)), "portal")],
    )


def _status(status: str, waiting_for: str) -> PortalStatus:
    match status:
        case "resolved":
            return "solved"
        case "closed":
            return "closed"
        case _ if waiting_for == "customer":
            return "waiting_for_you"
        case "open":
            return "received"
        case _:
            return "in_work"
