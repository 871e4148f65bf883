"""Custom fields of customers and organizations, as they are defined."""

from typing import Any

import pytest

from deskstream_chassis.testing import OpenService, accepted

pytestmark = pytest.mark.anyio
TIERS = [{"id": "gold"}, {"id": "silver"}]
THINGS = [
    ("customer-fields", "/customers", {"email": "ann@sample.com"}),
    ("organization-fields", "/organizations", {"name": "ACME"}),
]


@pytest.mark.parametrize(("document", "path", "body"), THINGS)
async def test_values_are_taken_as_json_and_kept_as_text(desk: OpenService, document: str, path: str, body: dict[str, Any]) -> None:
    await desk.put_in_force(document, fields=[{"key": "since", "kind": "date"}, {"key": "seats", "kind": "number"}])
    lead = desk.as_("lead", "agent")
    values = {"since": "2020-01-31", "seats": 12, "free": "x", "gone": None}
    made = accepted(await lead.post(path, json={**body, "custom_fields": values}), status=201)
    assert made["custom_fields"] == {"since": "2020-01-31", "seats": "12", "free": "x"}
    after = accepted(await lead.patch(f"{path}/{made['id']}", json={"custom_fields": {"since": "2020-01-31", "seats": 1.5}}))
    assert after["custom_fields"] == {"since": "2020-01-31", "seats": "1.5"}
    answer = await lead.patch(f"{path}/{made['id']}", json={"custom_fields": {"seats": "many"}})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/custom_fields/seats")
    same = accepted(await lead.patch(f"{path}/{made['id']}", json={"tags": []}))
    assert same == after, "what is not sent stays"


@pytest.mark.parametrize(("document", "path", "body"), THINGS)
async def test_what_is_required_is_asked_of_whoever_creates(
    desk: OpenService, document: str, path: str, body: dict[str, Any]
) -> None:
    fields = [{"key": "tier", "kind": "choice", "options": TIERS, "required": ["create"]}]
    await desk.put_in_force(document, fields=fields, only_defined=True)
    lead = desk.as_("lead", "agent")
    for values, key in (({}, "tier"), ({"tier": "bronze"}, "tier"), ({"tier": "gold", "free": "x"}, "free")):
        answer = await lead.post(path, json={**body, "custom_fields": values})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"#/custom_fields/{key}")
    made = accepted(await lead.post(path, json={**body, "custom_fields": {"tier": "gold"}}), status=201)
    await desk.put_in_force(document, fields=[{"key": "tier", "kind": "choice", "options": TIERS[1:]}])
    kept = accepted(await lead.patch(f"{path}/{made['id']}", json={"custom_fields": {"tier": "gold"}}))
    assert kept["custom_fields"] == {"tier": "gold"}, "a retired option stays where it is"
    answer = await lead.post(path, json={**{k: f"b{v}" for k, v in body.items()}, "custom_fields": {"tier": "gold"}})
    assert answer.status_code == 422


@pytest.mark.parametrize("document", ["customer-fields", "organization-fields"])
async def test_only_tickets_are_resolved(desk: OpenService, document: str) -> None:
    body = {"content": {"fields": [{"key": "tier", "kind": "text", "required": ["resolve"]}]}}
    answer = await desk.as_("lead").put(f"/settings/{document}", json=body, headers={"if-match": "*"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/content/fields/0/required/0")
