"""What cannot be read is parked with all that comes behind it, and an operator decides what becomes of it."""

import pytest

from deskstream_chassis.testing import accepted, following, received
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.tickets import TicketAssignedV1

from .conftest import Routing

pytestmark = pytest.mark.anyio


async def test_a_ticket_that_cannot_be_read_holds_up_its_own_events_alone(routing: Routing) -> None:
    opened, other = routing.opened(), routing.opened()
    unreadable = received(opened, value=b'{"type": "ticket.opened.v1"}')
    await routing.settle(unreadable, other, following(opened, TicketAssignedV1))
    assert [d.ticket_id for d in await routing.published(RoutingDecidedV1)] == [other.ticket.id]
    operator, place = routing.as_("operator"), {"topic": unreadable.topic, "key": unreadable.key}
    (parked,) = accepted(await operator.get("/admin/parked"))
    assert parked["key"] == unreadable.key
    again = accepted(await operator.post("/admin/parked/replay", json=place))
    assert (again["messages"], [r["key"] for r in again["refused"]]) == (0, [place["key"]])
    assert accepted(await operator.post("/admin/parked/discard", json=place))["messages"] == 1
    assert accepted(await operator.post("/admin/parked/replay", json=place))["messages"] == 1
    assert await routing.rows("SELECT version FROM tickets WHERE id = :id", id=opened.ticket.id) == [(opened.ticket.version + 1,)]
