"""Rules on custom fields, as their owners define them."""

from typing import Any

import pytest

from deskstream_chassis.testing import accepted, another
from deskstream_contracts.events.settings import (
    CustomerFieldsChangedV1,
    DocumentChanged,
    OrganizationFieldsChangedV1,
    TicketFieldsChangedV1,
)

from .conftest import Routing

pytestmark = pytest.mark.anyio
NUMBER = [{"key": "cost", "kind": "number"}]
DEAR: dict[str, Any] = {"name": "Dear", "conditions": ["ticket.custom_fields.cost >= 100"], "actions": {"priority": "high"}}


def told(event: type[DocumentChanged], document: str, version: int, fields: list[dict[str, Any]]) -> DocumentChanged:
    return another(event, document=document, version=version, content={"fields": fields, "only_defined": False})


async def priority_of(routing: Routing, **changes: Any) -> str | None:
    await routing.settle(routing.opened(**changes))
    found: str | None = (await routing.published_data("routing.decided.v1"))[-1].get("priority")
    return found


async def test_a_number_is_compared_as_one_from_when_it_is_defined(routing: Routing) -> None:
    await routing.rules(DEAR)
    assert await priority_of(routing, custom_fields={"cost": "250"}) is None
    await routing.settle(told(TicketFieldsChangedV1, "ticket-fields", 1, NUMBER))
    assert await priority_of(routing, custom_fields={"cost": "250"}) == "high"
    assert await priority_of(routing, custom_fields={"cost": "99.9"}) is None
    assert await priority_of(routing, custom_fields={}) is None
    (condition,) = (await routing.published_data("routing.decided.v1"))[-1]["rules"][0]["conditions"]
    assert "error" not in condition


async def test_an_older_version_that_comes_later_changes_nothing(routing: Routing) -> None:
    await routing.rules(DEAR)
    await routing.settle(
        told(TicketFieldsChangedV1, "ticket-fields", 2, NUMBER), told(TicketFieldsChangedV1, "ticket-fields", 1, [])
    )
    assert await priority_of(routing, custom_fields={"cost": "250"}) == "high"
    await routing.settle(told(TicketFieldsChangedV1, "ticket-fields", 3, [{**NUMBER[0], "active": False}]))
    assert await priority_of(routing, custom_fields={"cost": "250"}) == "high", "a retired field can be read"


async def test_who_asks_and_their_organization_have_fields_of_their_own(routing: Routing) -> None:
    await routing.settle(
        told(CustomerFieldsChangedV1, "customer-fields", 1, [{"key": "vip", "kind": "checkbox"}]),
        told(OrganizationFieldsChangedV1, "organization-fields", 1, [{"key": "seats", "kind": "number"}]),
    )
    await routing.rules({**DEAR, "conditions": ["requester.custom_fields.vip", "organization.custom_fields.seats > 10"]})
    organization = {"name": "ACME", "custom_fields": {"seats": "12"}}
    assert await priority_of(routing, requester={"custom_fields": {"vip": "true"}, "organization": organization}) == "high"
    assert await priority_of(routing, requester={"custom_fields": {"vip": "false"}, "organization": organization}) is None


async def test_rules_are_tried_on_fields_of_their_kinds(routing: Routing) -> None:
    await routing.settle(told(TicketFieldsChangedV1, "ticket-fields", 1, NUMBER))
    sample = {"ticket": {"custom_fields": {"cost": "250"}}}
    tried = accepted(await routing.http.post("/configuration/try", json={"rules": [DEAR], "sample": sample}))
    assert tried["decision"]["priority"] == "high"
    assert await priority_of(routing, custom_fields={"cost": "250"}) is None
    history = accepted(await routing.http.post("/configuration/try-history", json={"rules": [DEAR]}))
    assert (history["looked_at"], history["would_change"]) == (1, 1)
