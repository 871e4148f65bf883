"""The API of deliveries and addresses."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from deskstream_chassis.testing import OpenService, accepted, another, following, refused
from deskstream_chassis.web.subjects import ACCOUNTABLE, Customer, Program, Role
from deskstream_contracts.events.notifications import NotificationFailedV1
from deskstream_contracts.events.tickets import TicketOpenedV1, TicketResolvedV1
from deskstream_contracts.visibility import EVERYTHING, NOTHING, Visibility

from .looks import bounce_of, deliveries

pytestmark = pytest.mark.anyio
JIM = "jim@sample.com"


async def silenced(desk: OpenService) -> TicketOpenedV1:
    """A ticket whose customer's address has bounced."""
    opened = another(TicketOpenedV1)
    await desk.settle(opened)
    await desk.settle(await bounce_of(desk, opened))
    return opened


async def suppressed(desk: OpenService) -> Any:
    return accepted(await desk.as_("viewer").get("/addresses/suppressed"))


async def test_deliveries_are_listed_the_newest_first(desk: OpenService) -> None:
    one, two = another(TicketOpenedV1), another(TicketOpenedV1)
    await desk.settle(one)
    await desk.settle(two)
    ids = [str(e.ticket.id) for e in (two, one)]
    newest, oldest = await deliveries(desk)
    assert [newest["ticket_id"], oldest["ticket_id"]] == ids
    assert await deliveries(desk, limit=1) == [newest]
    assert await deliveries(desk, before=newest["queued_at"]) == [oldest]
    assert await deliveries(desk, ticket_id=one.ticket.id) == [oldest]
    assert await deliveries(desk, ticket_id=uuid4()) == []


async def test_deliveries_are_found_by_their_status(desk: OpenService) -> None:
    own = another(TicketOpenedV1, ticket={"requester": {"email": "robot@desk.example"}})
    await desk.settle(another(TicketOpenedV1), own)
    assert [d["recipient"] for d in await deliveries(desk, status="queued")] == [JIM]
    assert [d["recipient"] for d in await deliveries(desk, status="failed")] == ["robot@desk.example"]
    assert await deliveries(desk, status="sent") == []


@pytest.mark.parametrize("filters", [{"status": "lost"}, {"ticket_id": "7"}, {"before": "soon"}, {"limit": 0}, {"limit": 501}])
async def test_filters_that_make_no_sense_are_refused(desk: OpenService, filters: dict[str, Any]) -> None:
    assert refused(await desk.as_("viewer").get("/deliveries", params=filters))[0] == 422


@pytest.mark.xfail(strict=True, reason="a moment without an offset is read in the time zone of the host")
async def test_a_moment_without_an_offset_is_refused(desk: OpenService) -> None:
    assert refused(await desk.as_("viewer").get("/deliveries", params={"before": "2026-03-02T09:00:00"}))[0] == 422


@pytest.mark.xfail(strict=True, raises=DBAPIError, reason="a moment that UTC does not have reaches the database, and is a 500")
async def test_a_moment_at_the_end_of_time_is_refused(desk: OpenService) -> None:
    assert refused(await desk.as_("viewer").get("/deliveries", params={"before": "9999-12-31T23:59:59-14:00"}))[0] == 422


@pytest.mark.xfail(strict=True, reason="deliveries of one batch have one moment, and a page goes on before it")
async def test_deliveries_are_listed_page_by_page(desk: OpenService) -> None:
    await desk.settle(*(another(TicketOpenedV1) for _ in range(3)))
    page = await deliveries(desk, limit=2)
    rest = await deliveries(desk, limit=2, before=page[-1]["queued_at"])
    assert len({d["id"] for d in page + rest}) == 3


async def test_deliveries_are_counted_by_kind_and_status(desk: OpenService) -> None:
    assert accepted(await desk.as_("viewer").get("/deliveries/summary")) == []
    opened = another(TicketOpenedV1)
    own = another(TicketOpenedV1, ticket={"requester": {"email": "robot@desk.example"}})
    await desk.settle(opened, another(TicketOpenedV1), own, following(opened, TicketResolvedV1))
    assert accepted(await desk.as_("viewer").get("/deliveries/summary")) == [
        {"kind": "confirmation", "status": "failed", "deliveries": 1, "most_attempts": 0},
        {"kind": "confirmation", "status": "queued", "deliveries": 2, "most_attempts": 0},
        {"kind": "resolution", "status": "queued", "deliveries": 1, "most_attempts": 0},
    ]


async def test_addresses_that_are_not_written_to_are_listed_with_the_reason(desk: OpenService) -> None:
    assert await suppressed(desk) == []
    await silenced(desk)
    assert await suppressed(desk) == [{"email": JIM, "reason": "bounced: 5.1.1 550 no such user"}]


async def test_a_lead_lets_an_address_be_written_to_again(desk: OpenService) -> None:
    opened = await silenced(desk)
    assert accepted(await desk.as_("lead").delete("/addresses/suppressed/JIM@sample.com")) == {"email": JIM}
    assert await suppressed(desk) == []
    await desk.settle(following(opened, TicketResolvedV1))
    assert await desk.published(NotificationFailedV1) == []


async def test_what_is_not_suppressed_cannot_be_lifted(desk: OpenService) -> None:
    lead = desk.as_("lead")
    assert refused(await lead.delete(f"/addresses/suppressed/{JIM}")) == (404, None)
    await desk.settle(another(TicketOpenedV1))
    assert refused(await lead.delete(f"/addresses/suppressed/{JIM}")) == (404, None)
    assert refused(await lead.delete("/addresses/suppressed/nonsense"))[0] == 422


@pytest.mark.parametrize("path", ["/deliveries", "/deliveries/summary", "/addresses/suppressed"])
async def test_reading_needs_a_token_and_a_role(desk: OpenService, path: str) -> None:
    assert refused(await desk.http.get(path)) == (401, None)
    assert refused(await desk.as_().get(path)) == (403, None)
    assert refused(await desk.as_subject(Customer("1", "Jim", EVERYTHING)).get(path)) == (403, None)
    for role in ACCOUNTABLE:
        accepted(await desk.as_(role).get(path))


@pytest.mark.parametrize("path", ["/deliveries", "/deliveries/summary", "/addresses/suppressed"])
async def test_who_sees_the_tickets_of_some_sees_no_deliveries_and_who_runs_the_desk_sees_all(desk: OpenService, path: str) -> None:
    opened = await silenced(desk)

    async def shown(role: Role, visibility: Visibility) -> int:
        client = desk.as_subject(Program("1", "Report", frozenset([role]), visibility))
        return len(accepted(await client.get(path)))

    theirs = Visibility(customer_ids=frozenset([opened.ticket.requester.customer_id]))
    assert await shown(Role.VIEWER, EVERYTHING) == await shown(Role.OPERATOR, NOTHING) == 1
    but_one_team = Visibility(everything=True, closed_team_ids=frozenset([uuid4()]))
    assert await shown(Role.VIEWER, theirs) == await shown(Role.ADMIN, NOTHING) == await shown(Role.LEAD, but_one_team) == 0


async def test_lifting_is_for_leads_and_operators(desk: OpenService) -> None:
    await silenced(desk)
    assert refused(await desk.http.delete(f"/addresses/suppressed/{JIM}")) == (401, None)
    assert refused(await desk.as_("agent").delete(f"/addresses/suppressed/{JIM}")) == (403, None)
    assert len(await suppressed(desk)) == 1
    accepted(await desk.as_("operator").delete(f"/addresses/suppressed/{JIM}"))
    assert await suppressed(desk) == []
