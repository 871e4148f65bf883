"""Framing of the live stream."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from deskstream_chassis.bus.messages import Received
from deskstream_contracts.events.tickets import Assignee, TicketState
from deskstream_contracts.visibility import EVERYTHING, NOTHING, Visibility
from deskstream_contracts.wire import Event
from gateway.messaging.sse import Frame, Whose, frame

from ..events import message, notified, opened, sla, ticket  # noqa: TID252

ID = UUID(int=1)
MESSAGE = Received(
    "deskstream.tickets.v1", 0, 0, "key", ID, "ticket.noted.v1", None, 3, "c", "00-1-2-01", '{"text": "a\\nb\u2028c"}'.encode(),
    (("ce_id", str(ID).encode()), ("ce_type", b"ticket.noted.v1"), ("ce_source", b"/deskstream/ticket-svc"), ("other", b"\xff")),
)  # fmt: skip


def test_a_frame_has_the_events_id_its_type_and_the_cloud_event_in_one_line() -> None:
    found = frame(MESSAGE)
    assert found is not None
    head, data = found.wire.decode().split("data: ")
    assert head == f"id: {ID}\nevent: ticket.noted.v1\n"
    assert data.endswith("\n\n")
    assert "\n" not in data[:-2]
    event = json.loads(data)
    assert event["data"] == {"text": "a\nb\u2028c"}
    assert (event["specversion"], event["id"], event["source"], event["traceparent"]) == (
        "1.0", str(ID), "/deskstream/ticket-svc", "00-1-2-01",
    )  # fmt: skip


def test_what_cannot_be_read_is_passed_by() -> None:
    assert frame(replace(MESSAGE, value=b"no json")) is None
    assert frame(replace(MESSAGE, fault="ce_id is missing or not a UUID")) is None
    assert frame(replace(MESSAGE, event_type="", value=b"")) is None


def test_a_line_end_in_an_id_cannot_make_a_second_field() -> None:
    found = frame(replace(MESSAGE, headers=(("ce_id", b"1\nevent: forged"), ("ce_type", b"ticket.noted.v1"))))
    assert found is not None
    assert found.wire.count(b"\nevent:") == 1


CUSTOMER, ACME, TEAM = UUID(int=3), UUID(int=50), UUID(int=100)


def framed(event: Event) -> Frame:
    headers = (("ce_id", str(ID).encode()), ("ce_type", event.type.encode()))
    found = frame(replace(message(event), headers=headers))
    assert found is not None
    return found


def acmes(**changes: Any) -> TicketState:
    """A ticket of ACME's."""
    state = ticket(customer_id=CUSTOMER, **changes)
    organization = state.requester.organization
    assert organization is not None
    requester = state.requester.model_copy(update={"organization": organization.model_copy(update={"id": ACME})})
    return state.model_copy(update={"requester": requester})


def test_an_event_of_a_ticket_says_whose_it_is() -> None:
    assert framed(opened(acmes(assignee=Assignee(team_id=TEAM)))).whose == Whose(CUSTOMER, ACME, TEAM)
    loner = ticket(customer_id=CUSTOMER)
    loner = loner.model_copy(update={"requester": loner.requester.model_copy(update={"organization": None})})
    assert framed(opened(loner)).whose == Whose(CUSTOMER, None, None)


@pytest.mark.parametrize("data", [b"[]", b"null", b'{"ticket": null}', b'{"ticket": {"requester": {"customer_id": "x"}}}'])
def test_an_event_that_does_not_say_whose_it_is_is_of_nobody(data: bytes) -> None:
    found = frame(replace(MESSAGE, value=data))
    assert found is not None
    assert found.whose is None
    assert not found.is_seen(Visibility(customer_ids=frozenset({CUSTOMER}), organization_ids=frozenset({ACME})))


def test_an_event_is_seen_by_who_sees_its_ticket() -> None:
    found = framed(opened(acmes(assignee=Assignee(team_id=TEAM))))
    seen = (
        EVERYTHING,
        Visibility(customer_ids=frozenset({CUSTOMER})),
        Visibility(organization_ids=frozenset({ACME})),
        Visibility(everything=True, closed_team_ids=frozenset({UUID(int=101)})),
    )
    unseen = (
        NOTHING,
        Visibility(customer_ids=frozenset({ACME})),
        Visibility(organization_ids=frozenset({CUSTOMER})),
        Visibility(everything=True, closed_team_ids=frozenset({TEAM})),
    )
    assert all(found.is_seen(visibility) for visibility in seen)
    assert not any(found.is_seen(visibility) for visibility in unseen)


@pytest.mark.parametrize("event", [notified(ticket()), sla(ticket(), ("resolution", "running", 20))], ids=lambda e: e.type)
def test_what_does_not_say_whose_ticket_it_is_about_is_for_who_sees_all_tickets(event: Event) -> None:
    found = framed(event)
    assert found.is_seen(EVERYTHING)
    assert not found.is_seen(Visibility(everything=True, closed_team_ids=frozenset({TEAM})))
    assert not found.is_seen(Visibility(customer_ids=frozenset({CUSTOMER})))
    assert not found.is_seen(NOTHING)
