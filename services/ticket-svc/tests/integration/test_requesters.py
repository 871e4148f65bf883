"""A customer has become otherwise: their open tickets follow, each once, also those that are opened in between."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.testing import OpenService, another
from deskstream_contracts.events import customers
from deskstream_contracts.events.tickets import TicketRequesterUpdatedV1, TicketState
from ticket_svc.workers.requesters import RequestersFollow

from .given import commanded, opened

pytestmark = pytest.mark.anyio
CUSTOMER = UUID(int=77)
WHO = {"customer_id": str(CUSTOMER), "customer_version": 1, "email": "jim@sample.com", "name": "Jim Sample", "organization": None}


@pytest.fixture
async def desk(opens: Callable[..., AbstractAsyncContextManager[OpenService]]) -> AsyncIterator[OpenService]:
    async with opens(role="all") as service:
        yield service


def told(event: type[customers.CustomerEvent], version: int, **changes: Any) -> customers.CustomerEvent:
    state = {"id": str(CUSTOMER), "version": version, "organization_ids": [], **changes}
    return another(event, customer=state)


async def follow(desk: OpenService) -> None:
    worker = desk.worker("requesters")
    assert isinstance(worker, RequestersFollow)
    while await worker.turn():
        pass


async def minutes_pass(desk: OpenService) -> None:
    await desk.grow_older("changed_customers", "due_at", 1)


async def told_of(desk: OpenService) -> list[tuple[int, list[str]]]:
    return [(event.ticket.number, sorted(event.changed)) for event in await desk.published(TicketRequesterUpdatedV1)]


async def mine(desk: OpenService, **changes: Any) -> TicketState:
    return await opened(desk, requester={**WHO, **changes})


async def test_an_open_ticket_writes_to_the_address_that_was_corrected_and_both_take_part(desk: OpenService) -> None:
    ticket, other = await mine(desk), await mine(desk, customer_id=str(uuid4()))
    await desk.settle(told(customers.CustomerUpdatedV1, 2, email="james@sample.com", first_name="James", last_name="Sample"))
    await follow(desk)
    (event,) = await desk.published(TicketRequesterUpdatedV1)
    assert (event.ticket.id, event.ticket.version) == (ticket.id, ticket.version + 1)
    assert {"email", "name"} <= set(event.changed)
    assert event.ticket.requester.email == "james@sample.com"
    assert {"jim@sample.com", "james@sample.com"} <= set(event.ticket.participants)
    assert event.by.kind == "system", "as customer-svc told it"
    answer = await commanded(desk, ticket, "POST", "replies", text="To the right place.")
    assert answer["ticket"]["requester"]["email"] == "james@sample.com"
    assert other.id != ticket.id


async def test_whoever_joins_takes_open_tickets_along_as_soon_as_the_organization_is_known(desk: OpenService) -> None:
    acme = another(customers.OrganizationCreatedV1)
    ticket = await mine(desk)
    await desk.settle(told(customers.CustomerJoinedV1, 2, organization_ids=[str(acme.organization.id)]))
    await follow(desk)
    assert await told_of(desk) == []
    await desk.settle(acme)
    await minutes_pass(desk)
    await follow(desk)
    (event,) = await desk.published(TicketRequesterUpdatedV1)
    assert event.ticket.id == ticket.id
    assert event.ticket.requester.organization is not None
    assert event.ticket.requester.organization.name == acme.organization.name
    assert "organization" in event.changed


async def test_a_closed_ticket_stays_as_it_was(desk: OpenService) -> None:
    ticket = await mine(desk)
    await commanded(desk, ticket, "POST", "close", reason="done")
    await desk.settle(told(customers.CustomerUpdatedV1, 2, email="james@sample.com"))
    await follow(desk)
    assert await told_of(desk) == []


async def test_an_older_version_that_comes_later_and_one_that_comes_twice_change_nothing(desk: OpenService) -> None:
    await mine(desk)
    newer, older = (told(customers.CustomerUpdatedV1, version, email=f"v{version}@sample.com") for version in (3, 2))
    for event in (newer, older, newer):
        await desk.settle(event)
        await follow(desk)
    assert [event.ticket.requester.email for event in await desk.published(TicketRequesterUpdatedV1)] == ["v3@sample.com"]


async def test_a_ticket_that_is_opened_by_what_was_identified_before_follows_too(desk: OpenService) -> None:
    await desk.settle(told(customers.CustomerUpdatedV1, 2, email="james@sample.com"))
    await follow(desk)
    late = await mine(desk)
    await minutes_pass(desk)
    await follow(desk)
    assert [number for number, _ in await told_of(desk)] == [late.number]
    assert await desk.rows("SELECT * FROM changed_customers") == []


async def test_many_tickets_follow_in_several_turns(desk: OpenService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticket_svc.workers.requesters._AT_ONCE", 2)
    tickets = [await mine(desk) for _ in range(5)]
    await desk.settle(told(customers.CustomerLanguageChosenV1, 2, email="jim@sample.com", language="nb"))
    await follow(desk)
    assert sorted(number for number, _ in await told_of(desk)) == sorted(ticket.number for ticket in tickets)
