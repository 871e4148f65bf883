"""HTTP of deliveries: what was sent, what was not, and sending it again."""

import json
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.refusals import Forbidden, Invalid
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.subjects import ACCOUNTABLE, Role, Subject, actor
from deskstream_contracts.api.deliveries import (
    Delivery,
    DeliveryCount,
    DeliveryStatus,
    HurriedDeliveries,
    ResendDeliveries,
    ResentDeliveries,
    ResentDelivery,
)
from deskstream_contracts.api.shapes import Page
from deskstream_contracts.moments import Moment
from notify_svc.domain.deliveries import KeptDelivery, NoSuchDelivery
from notify_svc.handlers.hurry_deliveries import HurryDeliveries
from notify_svc.handlers.resend_delivery import ResendDelivery
from notify_svc.handlers.resend_failed import ResendFailed, ResentPage
from notify_svc.persistence import queries
from notify_svc.persistence.kept_deliveries import FailedFilter
from notify_svc.persistence.queries import DeliveryFilter, DeliveryRow

Accountable = Annotated[Subject, Depends(require(*ACCOUNTABLE))]
_PAGE: Final = 1000


class NotShown(Forbidden):
    def __init__(self) -> None:
        super().__init__("Deliveries are for those who see all tickets, or run the desk.")


def sees_deliveries(who: Subject) -> bool:
    """Whether somebody is shown what was sent: all of it or nothing, as a delivery does not say whose ticket it is about.

    So it is shown to who sees every ticket (teams that are closed to them are tickets that they do not see), and to operators,
    who see no content; to everybody else it is as if nothing had been sent.
    """
    visibility = who.visibility
    sees_every_ticket = visibility.shows("deliveries") and not visibility.closed_team_ids
    return sees_every_ticket or Role.OPERATOR in who.roles


def resend(id_: UUID, by: Subject) -> ResendDelivery:
    """Raises NotShown."""
    _must_see(by)
    return ResendDelivery(id_, actor(by))


def resent(kept: KeptDelivery) -> ResentDelivery:
    """The answer to sending one again."""
    return ResentDelivery(id=kept.id, status="queued", rfc_message_id=kept.rfc_message_id)


def resend_failed(body: ResendDeliveries, by: Subject) -> ResendFailed:
    """Raises NotShown; Invalid where nothing says which."""
    _must_see(by)
    if body.since is None and body.answer is None:
        raise Invalid("Say which: those that failed since a moment, or with an answer.", pointer="#/since")
    return ResendFailed(FailedFilter(body.since, body.answer, body.after, _PAGE), actor(by))


def resent_page(page: ResentPage) -> ResentDeliveries:
    """The answer to sending many again."""
    return ResentDeliveries.model_validate(page)


def hurry(by: Subject) -> HurryDeliveries:
    """Raises NotShown."""
    _must_see(by)
    return HurryDeliveries()


def hurried(count: int) -> HurriedDeliveries:
    """The answer to hurrying what waits."""
    return HurriedDeliveries(hurried=count)


def _must_see(who: Subject) -> None:
    if not sees_deliveries(who):
        raise NotShown


def delivery_filter(
    ticket_id: UUID | None = None,
    status: DeliveryStatus | None = None,
    before: Moment | None = None,
    cursor: Annotated[
        UUID | None, Query(description="The last delivery of the page before: those that were queued before it.")
    ] = None,
) -> DeliveryFilter:
    """What of the list is wanted."""
    return DeliveryFilter(ticket_id, status, before, cursor)


def delivery_reads(engine: AsyncEngine) -> APIRouter:
    """Routes that show and count deliveries; who does not see them gets an empty list."""
    router = APIRouter(prefix="/deliveries", tags=["deliveries"])

    @router.get("")
    async def find(
        who: Accountable,
        wanted: Annotated[DeliveryFilter, Depends(delivery_filter)],
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> Page[Delivery]:
        if not sees_deliveries(who):
            return Page(items=[], next=None)
        async with engine.connect() as connection:
            rows = await queries.deliveries(connection, wanted, limit + 1)
        items = [_delivery(row) for row in rows[:limit]]
        return Page(items=items, next=str(items[-1].id) if len(rows) > limit else None)

    @router.get("/summary")
    async def summary(who: Accountable) -> Page[DeliveryCount]:
        if not sees_deliveries(who):
            return Page(items=[], next=None)
        async with engine.connect() as connection:
            return Page(items=[DeliveryCount.model_validate(row) for row in await queries.summary(connection)], next=None)

    @router.get("/{id_}")
    async def show(who: Accountable, id_: UUID) -> Delivery:
        async with engine.connect() as connection:
            found = await queries.delivery(connection, id_) if sees_deliveries(who) else None
        if found is None:
            raise NoSuchDelivery
        return _delivery(found)

    return router


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery.model_validate({**row._asdict(), "answers": json.loads(row.answers), "files": json.loads(row.files)})
