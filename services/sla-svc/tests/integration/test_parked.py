"""What cannot be read is parked with all that comes behind it, and an operator decides what becomes of it."""

import pytest

from deskstream_chassis.testing import accepted, following, received
from deskstream_contracts.events.slas import SlaClockStartedV1
from deskstream_contracts.events.tickets import TicketCustomerRepliedV1

from .conftest import Desk

pytestmark = pytest.mark.anyio


async def test_a_ticket_that_cannot_be_read_holds_up_its_own_clocks_alone(desk: Desk) -> None:
    opened, other = desk.opened(), desk.opened()
    unreadable = received(opened, value=b'{"type": "ticket.opened.v1"}')
    await desk.settle(unreadable, other, following(opened, TicketCustomerRepliedV1, at=opened.at))
    assert [e.sla.ticket_id for e in await desk.published(SlaClockStartedV1)] == [other.ticket.id]
    operator, place = desk.as_("operator"), {"topic": unreadable.topic, "key": unreadable.key}
    (parked,) = accepted(await operator.get("/admin/parked"))
    assert parked["key"] == unreadable.key
    again = accepted(await operator.post("/admin/parked/replay", json=place))
    assert (again["messages"], [r["key"] for r in again["refused"]]) == (0, [place["key"]])
    assert accepted(await operator.post("/admin/parked/discard", json=place))["messages"] == 1
    assert accepted(await operator.post("/admin/parked/replay", json=place))["messages"] == 1
    assert {e.sla.ticket_id for e in await desk.published(SlaClockStartedV1)} == {opened.ticket.id, other.ticket.id}
