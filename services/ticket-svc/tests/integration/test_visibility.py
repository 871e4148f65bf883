"""Who sees which ticket: the staff all but those of teams that are closed to them, a customer their own and what is shared."""

from uuid import UUID, uuid4

import pytest

from deskstream_chassis.testing import OpenService, accepted, another, refused
from deskstream_chassis.web.subjects import Customer, Role, Staff, Subject
from deskstream_contracts.events.customers import RequesterIdentifiedV1
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.tickets import TicketOpenedV1, TicketState
from deskstream_contracts.visibility import Visibility

pytestmark = pytest.mark.anyio


async def opened(desk: OpenService) -> TicketState:
    await desk.settle(another(RequesterIdentifiedV1))
    return (await desk.published(TicketOpenedV1))[-1].ticket


def organization_of(ticket: TicketState) -> UUID:
    assert ticket.requester.organization is not None
    return ticket.requester.organization.id


async def sees(desk: OpenService, subject: Subject, ticket: TicketState) -> bool:
    """By its number and its id, with its conversation: all or nothing."""
    client = desk.as_subject(subject)
    paths = [f"/tickets/{r}{part}" for r in (ticket.number, ticket.id) for part in ("", "/conversation")]
    answers = {(await client.get(path)).status_code for path in paths}
    assert answers in ({200}, {404}), answers
    return answers == {200}


async def test_a_customer_sees_their_own_tickets_and_no_other(desk: OpenService) -> None:
    own, other = await opened(desk), await opened(desk)
    ann = Customer("ann", "Ann", Visibility(customer_ids=frozenset({own.requester.customer_id})))
    assert [await sees(desk, ann, t) for t in (own, other)] == [True, False]


async def test_what_an_organization_shares_its_people_see(desk: OpenService) -> None:
    shared, other = await opened(desk), await opened(desk)
    ann = Customer("ann", "Ann", Visibility(organization_ids=frozenset({organization_of(shared)})))
    assert [await sees(desk, ann, t) for t in (shared, other)] == [True, False]


async def test_a_customer_to_whom_nothing_is_given_sees_nothing(desk: OpenService) -> None:
    assert not await sees(desk, Customer("ann", "Ann", Visibility()), await opened(desk))


async def test_a_customer_sees_no_note(desk: OpenService) -> None:
    own = await opened(desk)
    accepted(await desk.as_("agent").post(f"/tickets/{own.id}/notes", json={"text": "Between us."}))
    ann = Customer("ann", "Ann", Visibility(customer_ids=frozenset({own.requester.customer_id})))
    kinds = [m["kind"] for m in accepted(await desk.as_subject(ann).get(f"/tickets/{own.id}/conversation"))]
    assert kinds == ["customer"]
    assert len(accepted(await desk.as_("viewer").get(f"/tickets/{own.id}/conversation"))) == 2


async def test_a_closed_team_is_closed_to_reads_and_commands(desk: OpenService) -> None:
    ticket, team = await opened(desk), uuid4()
    await desk.settle(another(RoutingDecidedV1, ticket_id=ticket.id, assign={"team_id": team, "team_name": "People"}))
    outside = Staff("bo", "Bo", frozenset({Role.AGENT}), Visibility(everything=True, closed_team_ids=frozenset({team})))
    inside = Staff("sue", "Sue", frozenset({Role.AGENT}))
    assert not await sees(desk, outside, ticket)
    assert await sees(desk, inside, ticket)
    assert refused(await desk.as_subject(outside).post(f"/tickets/{ticket.number}/start", json={})) == (404, None)
    assert accepted(await desk.as_subject(inside).post(f"/tickets/{ticket.number}/start", json={}), TicketState)


async def test_a_customer_gives_no_commands_here(desk: OpenService) -> None:
    own = await opened(desk)
    ann = Customer("ann", "Ann", Visibility(customer_ids=frozenset({own.requester.customer_id})))
    assert refused(await desk.as_subject(ann).post(f"/tickets/{own.id}/close", json={"reason": "done"}))[0] == 403
