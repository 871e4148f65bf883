"""The face of customers: their own requests, those that are shared with them, and nothing else."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.testing import another
from deskstream_contracts.events.customers import (
    CustomerRegisteredV1,
    OrganizationCreatedV1,
    OrganizationSharingChosenV1,
)
from deskstream_contracts.events.tickets import TicketOpenedV1
from gateway.portal.visibilities import Visibilities

from .conftest import Gateway, token

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]


def organization(sharing: str = "own") -> OrganizationCreatedV1:
    return another(OrganizationCreatedV1, organization={"sharing": sharing})


def customer(*organizations: OrganizationCreatedV1) -> CustomerRegisteredV1:
    return another(CustomerRegisteredV1, customer={"organization_ids": [o.organization.id for o in organizations]})


def asked(who: CustomerRegisteredV1, of: OrganizationCreatedV1 | None = None, **ticket: Any) -> TicketOpenedV1:
    requester: dict[str, Any] = {"customer_id": who.customer.id, "name": "Ann"}
    if of is not None:
        requester["organization"] = {"id": of.organization.id, "name": of.organization.name}
    return another(TicketOpenedV1, ticket={"requester": requester, **ticket})


async def numbers(gateway: Gateway, customer_id: UUID, **params: Any) -> list[int]:
    answer = await gateway.portal(customer_id, "/tickets", params=params)
    assert answer.status_code == 200, answer.text
    return sorted(item["number"] for item in answer.json()["items"])


async def test_a_customer_sees_their_own_requests_and_no_other(open_gateway: Open) -> None:
    ann, bob = customer(), customer()
    own, other = asked(ann), asked(bob)
    async with open_gateway() as gateway:
        await gateway.hear(ann, bob, own, other)
        assert await numbers(gateway, ann.customer.id) == [own.ticket.number]


async def test_what_the_organization_shares_is_seen_and_says_whose_it_is(open_gateway: Open) -> None:
    acme = organization("organization")
    ann, bob = customer(acme), customer(acme)
    own, shared = asked(ann, acme), asked(bob, acme)
    async with open_gateway() as gateway:
        await gateway.hear(acme, ann, bob, own, shared)
        items = (await gateway.portal(ann.customer.id, "/tickets")).json()["items"]
        found = {item["number"]: (item["own"], item["requested_by"]) for item in items}
        assert found == {own.ticket.number: (True, None), shared.ticket.number: (False, "Ann")}


async def test_an_organization_that_shares_nothing_shows_nothing_of_its_people(open_gateway: Open) -> None:
    acme = organization("own")
    ann, bob = customer(acme), customer(acme)
    own, colleagues = asked(ann, acme), asked(bob, acme)
    async with open_gateway() as gateway:
        await gateway.hear(acme, ann, bob, own, colleagues)
        assert await numbers(gateway, ann.customer.id) == [own.ticket.number]


async def test_a_right_that_is_taken_away_bites(open_gateway: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.portal.visibilities._REMEMBERED_SECONDS", 0.0)
    acme = organization("organization")
    ann, bob = customer(acme), customer(acme)
    own, shared = asked(ann, acme), asked(bob, acme)
    async with open_gateway() as gateway:
        await gateway.hear(acme, ann, bob, own, shared)
        assert len(await numbers(gateway, ann.customer.id)) == 2
        closed = {**dict(acme.organization), "sharing": "own", "version": acme.organization.version + 1}
        await gateway.hear(OrganizationSharingChosenV1(organization=closed, previous="organization"))
        assert await numbers(gateway, ann.customer.id) == [own.ticket.number]


async def test_what_is_seen_is_remembered_for_a_few_seconds_only(open_gateway: Open) -> None:
    ann = customer()
    async with open_gateway() as gateway:
        visibilities = Visibilities(gateway.service.engine)
        assert await visibilities.of(ann.customer.id) is None
        await gateway.hear(ann)
        assert await visibilities.of(ann.customer.id) is None
        assert await Visibilities(gateway.service.engine).of(ann.customer.id) is not None


async def test_the_status_is_said_in_a_customers_words(open_gateway: Open) -> None:
    ann = customer()
    said = {
        ("open", "agent"): "received", ("in_progress", "agent"): "in_work", ("in_progress", "customer"): "waiting_for_you",
        ("resolved", "customer"): "solved", ("closed", "agent"): "closed",
    }  # fmt: skip
    tickets = [asked(ann, status=status, waiting_for=waiting_for) for status, waiting_for in said]
    async with open_gateway() as gateway:
        await gateway.hear(ann, *tickets)
        items = (await gateway.portal(ann.customer.id, "/tickets")).json()["items"]
        assert {i["number"]: i["status"] for i in items} == {
            t.ticket.number: word for t, word in zip(tickets, said.values(), strict=True)
        }
        assert set(items[0]) == {"number", "subject", "status", "opened_at", "updated_at", "own", "requested_by", "fields"}
        done = sorted(t.ticket.number for t in tickets[3:])
        assert await numbers(gateway, ann.customer.id, done=True) == done


async def test_pages_follow_each_other_and_a_cursor_is_its_owners(open_gateway: Open) -> None:
    ann, bob = customer(), customer()
    tickets = [asked(ann) for _ in range(5)]
    async with open_gateway() as gateway:
        await gateway.hear(ann, bob, *tickets)
        first = (await gateway.portal(ann.customer.id, "/tickets", params={"limit": 3})).json()
        rest = (await gateway.portal(ann.customer.id, "/tickets", params={"limit": 3, "cursor": first["next"]})).json()
        found = sorted(item["number"] for item in first["items"] + rest["items"])
        assert (found, rest["next"]) == (sorted(t.ticket.number for t in tickets), None)
        stolen = await gateway.portal(bob.customer.id, "/tickets", params={"limit": 3, "cursor": first["next"]})
        assert stolen.status_code == 422


async def test_the_faces_are_apart(open_gateway: Open) -> None:
    ann = customer()
    async with open_gateway() as gateway:
        await gateway.hear(ann)
        assert (await gateway.portal(ann.customer.id, "/../../v1/tickets")).status_code == 401
        staff = {"authorization": f"Bearer {token('admin')}"}
        assert (await gateway.http.get("/api/portal/v1/tickets", headers=staff)).status_code == 401
        assert (await gateway.portal(uuid4(), "/tickets")).status_code == 403
        assert (await gateway.portal("no-id", "/tickets")).status_code == 401
