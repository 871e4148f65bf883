"""Who sees a ticket's clocks: the staff all but those of teams that are closed to them, a program what it was given."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.testing import following, refused
from deskstream_chassis.web.subjects import Customer, Program, Role, Staff, Subject
from deskstream_contracts.events.tickets import TicketAssignedV1, TicketState
from deskstream_contracts.visibility import Visibility

from .conftest import Desk

pytestmark = pytest.mark.anyio
VIEWER = frozenset({Role.VIEWER})


async def opened(desk: Desk) -> TicketState:
    event = desk.opened()
    await desk.settle(event)
    return event.ticket


def organization_of(ticket: TicketState) -> UUID:
    assert ticket.requester.organization is not None
    return ticket.requester.organization.id


def program(**visibility: Any) -> Program:
    return Program("crm", "CRM", VIEWER, Visibility(**visibility))


async def sees(desk: Desk, subject: Subject, ticket: TicketState) -> bool:
    """The clocks and their explanation: both or neither."""
    client = desk.as_subject(subject)
    answers = {(await client.get(f"/tickets/{ticket.id}/{path}")).status_code for path in ("sla", "sla/explain")}
    assert answers in ({200}, {404}), answers
    return answers == {200}


async def test_the_clocks_of_a_closed_team_are_closed_as_long_as_it_has_the_ticket(desk: Desk) -> None:
    event, team = desk.opened(), uuid4()
    assigned = following(event, TicketAssignedV1, ticket={"assignee": {"team_id": team}}, at=event.at)
    outside = Staff("bo", "Bo", VIEWER, Visibility(everything=True, closed_team_ids=frozenset({team})))
    await desk.settle(event, assigned)
    assert not await sees(desk, outside, event.ticket)
    assert await sees(desk, Staff("sue", "Sue", VIEWER), event.ticket)
    await desk.settle(following(assigned, TicketAssignedV1, ticket={"assignee": {"team_id": uuid4()}}, at=event.at))
    assert await sees(desk, outside, event.ticket)


async def test_a_program_sees_the_clocks_of_what_it_was_given(desk: Desk) -> None:
    own, other = await opened(desk), await opened(desk)
    for subject in (program(customer_ids={own.requester.customer_id}), program(organization_ids={organization_of(own)})):
        assert [await sees(desk, subject, ticket) for ticket in (own, other)] == [True, False]
    assert [await sees(desk, program(), ticket) for ticket in (own, other)] == [False, False]


async def test_a_customer_asks_elsewhere(desk: Desk) -> None:
    own = await opened(desk)
    ann = Customer("ann", "Ann", Visibility(customer_ids=frozenset({own.requester.customer_id})))
    for path in ("sla", "sla/explain"):
        assert refused(await desk.as_subject(ann).get(f"/tickets/{own.id}/{path}")) == (403, None)
