"""What a customer sees, and in which words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi import Request

from deskstream_chassis.refusals import Forbidden
from deskstream_chassis.web.subjects import Customer, Role, Staff, Subject
from deskstream_contracts.events.settings import FieldDefinition, TicketFieldDefinitions
from deskstream_contracts.visibility import EVERYTHING, NOTHING, Visibility
from gateway.domain.session import Session
from gateway.persistence.queries import OwnTicket
from gateway.persistence.visibility import visible_tickets
from gateway.portal import tickets, visibilities
from gateway.portal.visibilities import Visibilities, customer_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NO_FIELDS = TicketFieldDefinitions()
ANN, BOB, ACME = UUID(int=1), UUID(int=2), UUID(int=50)


class Engine:
    """A database that is never asked, as what would ask it is stood in for."""

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[None]:
        yield None


class Clock:
    """In place of `time`."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Desk:
    """What the read model says of customers, and how often it was asked."""

    def __init__(self) -> None:
        self.shared: dict[UUID, list[UUID]] = {ANN: [ACME], BOB: []}
        self.asked: list[UUID] = []

    async def shared_organizations(self, _: object, customer_id: UUID) -> list[UUID] | None:
        self.asked.append(customer_id)
        return self.shared.get(customer_id)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    monkeypatch.setattr(visibilities, "queries", made)
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(visibilities, "time", made)
    return made


@pytest.fixture
def known(desk: Desk, clock: Clock) -> Visibilities:
    return Visibilities(cast(Any, Engine()))


def signed_in(known: Visibilities, subject: Subject) -> Customer:
    session = Session(subject, "1", 0.0, "c")
    app = SimpleNamespace(state=SimpleNamespace(visibilities=known))
    return asyncio.run(customer_of(Request({"type": "http", "app": app, "state": {"session": session}})))


def test_a_customer_sees_their_own_and_what_their_organization_shares_and_nothing_else(known: Visibilities) -> None:
    ann, bob = (signed_in(known, Customer(str(id_), "A", NOTHING)) for id_ in (ANN, BOB))
    assert ann.visibility == Visibility(customer_ids=frozenset({ANN}), organization_ids=frozenset({ACME}))
    assert bob.visibility == Visibility(customer_ids=frozenset({BOB}))
    assert (ann.id, ann.name) == (str(ANN), "A")


def test_what_a_token_says_of_visibility_is_not_asked(known: Visibilities) -> None:
    assert signed_in(known, Customer(str(BOB), "B", EVERYTHING)).visibility == Visibility(customer_ids=frozenset({BOB}))


@pytest.mark.parametrize(
    "subject",
    [Customer(str(UUID(int=404)), "Nobody", NOTHING), Staff(str(ANN), "Ada", frozenset(Role))],
    ids=["a customer who is not known", "one of the staff"],
)
def test_the_face_of_customers_is_for_customers_whom_the_desk_knows(known: Visibilities, subject: Subject) -> None:
    with pytest.raises(Forbidden):
        signed_in(known, subject)


def test_a_right_that_is_taken_away_bites_after_five_seconds(known: Visibilities, desk: Desk, clock: Clock) -> None:
    assert asyncio.run(known.of(ANN)) == Visibility(customer_ids=frozenset({ANN}), organization_ids=frozenset({ACME}))
    desk.shared[ANN] = []
    clock.now += 4.9
    asyncio.run(known.of(ANN))
    assert desk.asked == [ANN], "it is remembered"
    clock.now += 0.1
    assert asyncio.run(known.of(ANN)) == Visibility(customer_ids=frozenset({ANN}))


def test_what_is_remembered_is_the_customers_own_and_of_the_latest_only(
    known: Visibilities, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visibilities, "_MOST", 1)
    for id_ in (ANN, BOB, BOB, ANN):
        found = asyncio.run(known.of(id_))
        assert found is not None
        assert found.customer_ids == {id_}
    assert desk.asked == [ANN, BOB, ANN]


USUAL = OwnTicket(
    number=1042, subject="Help", status="open", waiting_for="agent", customer_id=ANN, requester_name="Ann", opened_at=NOW,
    updated_at=NOW, fields="{}", keys=[],
)  # fmt: skip


def test_a_shared_request_says_who_asked_and_an_own_one_does_not() -> None:
    own, shared = tickets._shown(USUAL, ANN, NO_FIELDS), tickets._shown(USUAL, BOB, NO_FIELDS)
    assert (own.own, own.requested_by) == (True, None)
    assert (shared.own, shared.requested_by) == (False, "Ann")


def test_a_customer_is_shown_the_custom_fields_that_are_for_customers_and_no_others() -> None:
    row = USUAL._replace(fields='{"cost": "5", "area": "north", "free": "x"}')
    fields = [
        FieldDefinition(key="cost", kind="number", shown=["list", "detail"]),
        FieldDefinition(key="area", kind="text", shown=["portal"]),
    ]
    shown = tickets._shown(row, ANN, TicketFieldDefinitions(fields=fields)).fields
    assert [(field.key, field.value) for field in shown] == [("area", "north")]


@pytest.mark.parametrize(
    ("status", "waiting_for", "shown"),
    [
        ("open", "agent", "received"),
        ("in_progress", "agent", "in_work"),
        ("open", "customer", "waiting_for_you"),
        ("in_progress", "customer", "waiting_for_you"),
        ("resolved", "customer", "solved"),
        ("resolved", "agent", "solved"),
        ("closed", "customer", "closed"),
    ],
)
def test_a_status_is_said_in_the_customers_words(status: str, waiting_for: str, shown: str) -> None:
    assert tickets._shown(USUAL._replace(status=status, waiting_for=waiting_for), ANN, NO_FIELDS).status == shown


def test_lists_counts_and_details_go_by_customer_organization_and_team() -> None:
    assert visible_tickets(NOTHING).sql.endswith("false")
    assert visible_tickets(EVERYTHING).sql.endswith("true")
    theirs = visible_tickets(Visibility(customer_ids=frozenset({ANN}), organization_ids=frozenset({ACME})))
    assert "t.customer_id = ANY(CAST(:visible_customers AS uuid[]))" in theirs.sql
    assert " OR t.organization_id = ANY(CAST(:visible_organizations AS uuid[]))" in theirs.sql
    assert theirs.values == {"visible_customers": [ANN], "visible_organizations": [ACME]}
    closed = visible_tickets(Visibility(everything=True, closed_team_ids=frozenset({ACME})))
    assert "t.team_id IS NULL OR t.team_id <> ALL" in closed.sql, "what no team has is seen"
