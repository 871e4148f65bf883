"""Who sees what was decided, and on which tickets rules may be tried: the staff all but those of teams that are closed to them."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.testing import accepted, following, refused
from deskstream_chassis.web.subjects import Customer, Program, Role, Staff, Subject
from deskstream_contracts.events.routing import TeamState
from deskstream_contracts.events.tickets import TicketAssignedV1, TicketState
from deskstream_contracts.visibility import Visibility

from .conftest import Routing

pytestmark = pytest.mark.anyio
ALL = {"name": "All", "actions": {"team": "People", "strategy": "least_loaded"}}
LEAD = frozenset({Role.VIEWER, Role.LEAD})


async def opened(routing: Routing) -> TicketState:
    event = routing.opened()
    await routing.settle(event)
    return event.ticket


def organization_of(ticket: TicketState) -> UUID:
    assert ticket.requester.organization is not None
    return ticket.requester.organization.id


def outside(team: UUID) -> Staff:
    """Somebody of the staff to whom a team is closed."""
    return Staff("bo", "Bo", LEAD, Visibility(everything=True, closed_team_ids=frozenset({team})))


def program(**visibility: Any) -> Program:
    return Program("crm", "CRM", LEAD, Visibility(**visibility))


async def sees_decisions(routing: Routing, subject: Subject, ticket: TicketState) -> bool:
    """By its number and its id: both or neither."""
    client = routing.as_subject(subject)
    answers = {(await client.get(f"/tickets/{reference}/decisions")).status_code for reference in (ticket.number, ticket.id)}
    assert answers in ({200}, {404}), answers
    return answers == {200}


async def tries_on(routing: Routing, subject: Subject, ticket: TicketState) -> bool:
    answer = await routing.as_subject(subject).post("/configuration/try", json={"rules": [], "ticket_id": str(ticket.id)})
    assert answer.status_code in (200, 404), answer.text
    return answer.status_code == 200


async def looked_at(routing: Routing, subject: Subject) -> int:
    answer = await routing.as_subject(subject).post("/configuration/try-history", json={"rules": []})
    return int(accepted(answer)["looked_at"])


async def test_what_was_decided_for_a_closed_team_is_closed_from_the_decision_on(routing: Routing) -> None:
    await routing.staff("People", "sue")
    await routing.rules(ALL)
    ticket = await opened(routing)
    team = accepted(await routing.http.get("/teams/People"), TeamState).id
    inside = Staff("sue", "Sue", LEAD)
    for subject, seen in ((inside, True), (outside(team), False)):
        assert await sees_decisions(routing, subject, ticket) is seen
        assert await tries_on(routing, subject, ticket) is seen
        assert await looked_at(routing, subject) == int(seen)


async def test_a_ticket_that_left_a_closed_team_is_seen_again(routing: Routing) -> None:
    await routing.staff("People", "sue")
    await routing.rules(ALL)
    event = routing.opened()
    await routing.settle(event, following(event, TicketAssignedV1, ticket={"assignee": {"team_id": uuid4(), "agent_id": None}}))
    team = accepted(await routing.http.get("/teams/People"), TeamState).id
    assert await sees_decisions(routing, outside(team), event.ticket)


async def test_a_ticket_of_no_team_is_seen_by_all_of_the_staff(routing: Routing) -> None:
    ticket = await opened(routing)
    assert await sees_decisions(routing, outside(uuid4()), ticket)


async def test_a_program_that_sees_some_customers_tries_rules_on_their_tickets_alone(routing: Routing) -> None:
    own, other = await opened(routing), await opened(routing)
    for subject in (
        program(customer_ids={own.requester.customer_id}),
        program(organization_ids={organization_of(own)}),
    ):
        assert [await tries_on(routing, subject, ticket) for ticket in (own, other)] == [True, False]
        assert await looked_at(routing, subject) == 1
    assert [await tries_on(routing, program(), ticket) for ticket in (own, other)] == [False, False]
    assert await looked_at(routing, program()) == 0


async def test_decisions_are_shown_to_who_sees_all_tickets(routing: Routing) -> None:
    own = await opened(routing)
    assert not await sees_decisions(routing, program(customer_ids={own.requester.customer_id}), own)
    assert await sees_decisions(routing, program(everything=True), own)


async def test_a_customer_is_told_nothing_here(routing: Routing) -> None:
    own = await opened(routing)
    ann = Customer("ann", "Ann", Visibility(customer_ids=frozenset({own.requester.customer_id})))
    assert refused(await routing.as_subject(ann).get(f"/tickets/{own.id}/decisions")) == (403, None)
