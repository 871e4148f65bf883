"""Ticket events as clocks hear them: which kind each is, and whose ticket it is."""

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


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (TicketOpenedV1, "opened"),
        (TicketCustomerRepliedV1, "customer_replied"),
        (TicketAgentRepliedV1, "agent_replied"),
        *(
            (other, "other")
            for other in (TicketAssignedV1, TicketPrioritisedV1, TicketResolvedV1, TicketReopenedV1, TicketClosedV1)
        ),
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
