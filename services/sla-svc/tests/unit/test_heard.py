"""Ticket events as clocks hear them: which kind each is, and whose ticket it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deskstream_chassis.testing import example
from deskstream_contracts.events.tickets import (
    TicketAgentRepliedV1,
    TicketAssignedV1,
    TicketClosedV1,
    TicketCustomerRepliedV1,
    TicketEvent,
    TicketOpenedV1,
    TicketPrioritisedV1,
    TicketReopenedV1,
    TicketResolvedV1,
)
from sla_svc.messaging.heard import heard
from sla_svc.subscriptions import SUBSCRIPTIONS

T0 = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (TicketOpenedV1, "opened"),
        (TicketCustomerRepliedV1, "customer_replied"),
        (TicketAgentRepliedV1, "answered"),
        (TicketResolvedV1, "answered"),
        *((other, "other") for other in (TicketAssignedV1, TicketPrioritisedV1, TicketReopenedV1, TicketClosedV1)),
    ],
)
def test_clocks_tell_who_wrote_and_take_the_rest_from_the_state(event: type[TicketEvent], kind: str) -> None:
    assert event in SUBSCRIPTIONS
    happened = example(event)
    assert (heard(happened).kind, heard(happened).at) == (kind, happened.at)


def test_a_ticket_is_heard_with_whose_it_is_and_who_has_it() -> None:
    event = example(TicketAssignedV1)
    state, ticket = event.ticket, heard(event).ticket
    organization = state.requester.organization
    assert organization is not None
    assert (ticket.id, ticket.version, ticket.number) == (state.id, state.version, state.number)
    assert (ticket.customer_id, ticket.organization_id, ticket.organization_name) == (
        state.requester.customer_id,
        organization.id,
        organization.name,
    )
    assert (ticket.team_id, ticket.team_name, ticket.agent_id) == (
        state.assignee.team_id,
        state.assignee.team_name,
        state.assignee.agent_id,
    )


@pytest.mark.parametrize("nothing", [{"requester": {"organization": None}}, {"assignee": {"team_id": None, "agent_id": None}}])
def test_what_a_ticket_does_not_have_is_none(nothing: dict[str, Any]) -> None:
    ticket = heard(example(TicketOpenedV1, ticket=nothing)).ticket
    what = (ticket.organization_id, ticket.organization_name) if "requester" in nothing else (ticket.team_id, ticket.agent_id)
    assert what == (None, None)


def test_a_solution_that_the_customer_is_told_is_an_answer_and_no_words_are_none() -> None:
    told = {"status": "resolved", "solution": "Try again.", "resolved_at": T0, "first_responded_at": None}
    assert heard(example(TicketClosedV1, ticket=told)).ticket.first_responded_at == T0, "also where its own event was not heard"
    nothing = example(TicketResolvedV1, ticket=told | {"solution": " "}, solution=" ")
    assert (heard(nothing).kind, heard(nothing).ticket.first_responded_at) == ("other", None)


def test_the_solution_of_a_ticket_that_was_reopened_is_no_answer_to_what_came_since() -> None:
    reopened = {"status": "open", "solution": "Try again.", "resolved_at": None, "first_responded_at": None}
    assert heard(example(TicketReopenedV1, ticket=reopened)).ticket.first_responded_at is None


def test_an_answer_goes_before_the_solution() -> None:
    both = {"solution": "Try again.", "resolved_at": T0, "first_responded_at": T0 - timedelta(hours=1)}
    assert heard(example(TicketResolvedV1, ticket=both)).ticket.first_responded_at == T0 - timedelta(hours=1)
