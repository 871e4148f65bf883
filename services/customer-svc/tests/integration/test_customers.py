"""Customers over HTTP: each route with what it does, what it tells and what it refuses."""

from typing import Any
from uuid import uuid4

import pytest

from deskstream_chassis.testing import OpenService, accepted, refused
from deskstream_contracts.events.customers import (
    CustomerDeactivatedV1,
    CustomerEvent,
    CustomerJoinedV1,
    CustomerLanguageChosenV1,
    CustomerLeftV1,
    CustomerReactivatedV1,
    CustomerRegisteredV1,
    CustomerState,
    CustomerTaggedV1,
    CustomerUpdatedV1,
    OrganizationState,
)
from deskstream_contracts.wire import Actor

pytestmark = pytest.mark.anyio
TESS = Actor(kind="agent", id="1", name="Tess")


async def added(desk: OpenService, email: str = "ann@acme.example", **fields: Any) -> CustomerState:
    answer = await desk.as_("agent").post("/customers", json={"email": email, **fields})
    return accepted(answer, CustomerState, status=201)


async def edited(desk: OpenService, customer: CustomerState, **fields: Any) -> CustomerState:
    return accepted(await desk.as_("agent").patch(f"/customers/{customer.id}", json=fields), CustomerState)


async def organization(desk: OpenService, name: str = "ACME") -> OrganizationState:
    return accepted(await desk.as_("lead").post("/organizations", json={"name": name}), OrganizationState, status=201)


async def test_an_agent_adds_a_customer_and_everybody_is_told(desk: OpenService) -> None:
    acme = await organization(desk)
    ann = await added(
        desk, first_name=" Ann ", tags=["vip", "vip"], custom_fields={"tier": "gold"}, organization_ids=[str(acme.id)]
    )
    assert (ann.version, ann.first_name, ann.tags, ann.custom_fields) == (1, "Ann", ["vip"], {"tier": "gold"})
    assert ann.organization_ids == [acme.id]
    assert (ann.language, ann.language_source, ann.active) == ("en", "fallback", True)
    assert await desk.published(CustomerEvent) == [CustomerRegisteredV1(customer=ann, by=TESS)]


async def test_an_address_is_kept_in_lower_case_and_found_in_any(desk: OpenService) -> None:
    ann = await added(desk, "Ann@ACME.example")
    assert ann.email == "ann@acme.example"
    found = accepted(await desk.as_("viewer").get("/customers", params={"email": "ANN@acme.example"}))
    assert [c["id"] for c in found] == [str(ann.id)]
    assert accepted(await desk.as_("viewer").get("/customers", params={"email": "bob@acme.example"})) == []


async def test_customers_are_listed_page_by_page(desk: OpenService) -> None:
    people = [await added(desk, f"{name}@acme.example") for name in ("ann", "bob", "cid")]
    reader = desk.as_("viewer")
    first = accepted(await reader.get("/customers", params={"limit": 2}))
    rest = accepted(await reader.get("/customers", params={"limit": 2, "after": first[-1]["id"]}))
    assert [c["id"] for c in first + rest] == [str(p.id) for p in people]
    assert refused(await reader.get("/customers", params={"limit": 201}))[0] == 422


async def test_a_customer_is_read_by_its_id(desk: OpenService) -> None:
    ann = await added(desk)
    assert accepted(await desk.as_("viewer").get(f"/customers/{ann.id}"), CustomerState) == ann
    assert refused(await desk.as_("viewer").get(f"/customers/{uuid4()}")) == (404, None)


async def test_an_edit_changes_what_was_sent_and_names_it(desk: OpenService) -> None:
    ann = await added(desk, first_name="Ann", phone="1")
    after = await edited(desk, ann, phone="2", title="Dr.")
    assert (after.version, after.first_name, after.phone, after.title) == (2, "Ann", "2", "Dr.")
    (updated,) = await desk.published(CustomerUpdatedV1)
    assert (updated.customer, updated.changed) == (after, ["title", "phone"])


async def test_an_edit_that_changes_nothing_is_not_told(desk: OpenService) -> None:
    ann = await added(desk, first_name="Ann", tags=["vip"])
    assert await edited(desk, ann, first_name="Ann", tags=["vip"]) == ann
    assert await edited(desk, ann) == ann
    assert await desk.published(CustomerUpdatedV1) == []


async def test_no_custom_fields_are_no_change_of_none(desk: OpenService) -> None:
    ann = await added(desk)
    assert await edited(desk, ann, custom_fields={}) == ann


async def test_null_clears_a_field(desk: OpenService) -> None:
    ann = await added(desk, phone="1", note="calls often")
    after = await edited(desk, ann, phone=None)
    assert (after.phone, after.note) == (None, "calls often")


async def test_custom_fields_are_replaced_as_a_whole(desk: OpenService) -> None:
    ann = await added(desk, custom_fields={"tier": "gold", "since": "2020"})
    assert (await edited(desk, ann, custom_fields={"tier": "silver"})).custom_fields == {"tier": "silver"}
    assert (await edited(desk, ann, custom_fields={})).custom_fields == {}


async def test_a_language_chosen_by_hand_is_served_by_a_relative(desk: OpenService) -> None:
    ann = await added(desk)
    after = await edited(desk, ann, language="de-AT")
    assert (after.language, after.language_source) == ("de", "by_hand")
    (chosen,) = await desk.published(CustomerLanguageChosenV1)
    assert (chosen.customer, chosen.previous) == (after, "en")


async def test_a_language_that_the_desk_does_not_speak_is_refused(desk: OpenService) -> None:
    ann = await added(desk)
    agent = desk.as_("agent")
    assert refused(await agent.patch(f"/customers/{ann.id}", json={"language": "es"})) == (422, "#/language")
    assert refused(await agent.post("/customers", json={"email": "b@acme.example", "language": "es"})) == (422, "#/language")


async def test_an_address_moves_unless_it_is_somebody_elses(desk: OpenService) -> None:
    ann, bob = await added(desk), await added(desk, "bob@acme.example")
    agent = desk.as_("agent")
    assert refused(await agent.post("/customers", json={"email": "ANN@acme.example"})) == (409, "#/email")
    assert refused(await agent.patch(f"/customers/{bob.id}", json={"email": "ann@acme.example"})) == (409, "#/email")
    assert (await edited(desk, ann, email="Ann@new.example")).email == "ann@new.example"
    assert (await edited(desk, bob, email="ann@acme.example")).email == "ann@acme.example"


async def test_an_organization_that_is_not_there_is_pointed_at(desk: OpenService) -> None:
    acme, ann, agent = await organization(desk), await added(desk), desk.as_("agent")
    ids = {"organization_ids": [str(acme.id), str(uuid4())]}
    assert refused(await agent.patch(f"/customers/{ann.id}", json=ids)) == (404, "#/organization_ids/1")
    assert refused(await agent.post("/customers", json={"email": "b@acme.example", **ids})) == (404, "#/organization_ids/1")


async def test_a_customer_is_switched_off_and_on_once(desk: OpenService) -> None:
    ann, agent = await added(desk), desk.as_("agent")
    for _ in range(2):
        off = accepted(await agent.post(f"/customers/{ann.id}/deactivate"), CustomerState)
        assert (off.active, off.version) == (False, 2)
    for _ in range(2):
        on = accepted(await agent.post(f"/customers/{ann.id}/reactivate"), CustomerState)
        assert (on.active, on.version) == (True, 3)
    assert await desk.published(CustomerEvent) == [
        CustomerRegisteredV1(customer=ann, by=TESS),
        CustomerDeactivatedV1(customer=off, by=TESS),
        CustomerReactivatedV1(customer=on, by=TESS),
    ]
    assert [p.sequence for p in await desk.outbox(CustomerEvent)] == [1, 2, 3]


@pytest.mark.parametrize(("method", "path"), [("PATCH", ""), ("POST", "/deactivate"), ("POST", "/reactivate")])
async def test_nobody_who_is_not_there_is_changed(desk: OpenService, method: str, path: str) -> None:
    assert refused(await desk.as_("agent").request(method, f"/customers/{uuid4()}{path}", json={})) == (404, None)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"email": "nonsense"}, "#/email"),
        ({"email": "a@b.example", "colour": "red"}, "#/colour"),
        ({"email": "a@b.example", "first_name": "A\nB"}, "#/first_name"),
        ({"email": "a@b.example", "tags": ["x"] * 51}, "#/tags"),
        ({}, "#/email"),
    ],
)
async def test_what_does_not_fit_is_pointed_at(desk: OpenService, body: dict[str, Any], pointer: str) -> None:
    assert refused(await desk.as_("agent").post("/customers", json=body)) == (422, pointer)


async def test_a_key_makes_a_repeated_command_one(desk: OpenService) -> None:
    agent, keyed = desk.as_("agent"), {"idempotency-key": "k"}
    one, two = [await agent.post("/customers", json={"email": "ann@acme.example"}, headers=keyed) for _ in range(2)]
    assert (one.status_code, one.content) == (two.status_code, two.content)
    assert len(await desk.published(CustomerRegisteredV1)) == 1
    misused = await agent.post("/customers", json={"email": "bob@acme.example"}, headers=keyed)
    assert refused(misused) == (422, "Idempotency-Key")


async def test_a_command_is_told_with_the_callers_correlation(desk: OpenService) -> None:
    await desk.as_("agent").post("/customers", json={"email": "a@b.example"}, headers={"x-correlation-id": "form-7"})
    (told,) = await desk.outbox()
    assert (told.correlation_id, told.caused_by) == ("form-7", None)


async def test_a_nul_in_a_filter_is_refused(desk: OpenService) -> None:
    assert refused(await desk.as_("viewer").get("/customers", params={"email": "a\0b"}))[0] == 422


async def test_a_nul_in_a_custom_field_is_refused(desk: OpenService) -> None:
    body = {"email": "a@b.example", "custom_fields": {"tier": "a\0b"}}
    assert refused(await desk.as_("agent").post("/customers", json=body))[0] == 422


ROUTES = [
    ("GET", "/customers"),
    ("GET", f"/customers/{uuid4()}"),
    ("POST", "/customers"),
    ("PATCH", f"/customers/{uuid4()}"),
    ("POST", f"/customers/{uuid4()}/deactivate"),
    ("POST", f"/customers/{uuid4()}/reactivate"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nothing_is_open_without_a_token_and_writing_is_for_agents(desk: OpenService, method: str, path: str) -> None:
    assert refused(await desk.http.request(method, path)) == (401, None)
    stranger = desk.as_("operator" if method == "GET" else "viewer")
    assert refused(await stranger.request(method, path, json={"email": "a@b.example"})) == (403, None)


async def test_what_happened_is_told_by_its_name(desk: OpenService) -> None:
    acme, brick = await organization(desk), await organization(desk, "Brick Co.")
    ann = await added(desk, tags=["trial"], organization_ids=[str(acme.id)])
    after = await edited(desk, ann, tags=["vip"], organization_ids=[str(brick.id)])
    (tagged,) = await desk.published(CustomerTaggedV1)
    assert (tagged.added, tagged.removed) == (["vip"], ["trial"])
    assert [e.organization_id for e in await desk.published(CustomerLeftV1)] == [acme.id]
    assert [e.organization_id for e in await desk.published(CustomerJoinedV1)] == [brick.id]
    assert [e.customer.version for e in await desk.published(CustomerEvent)] == list(range(1, after.version + 1))
    assert {e.by for e in await desk.published(CustomerEvent)} == {TESS}


async def test_who_has_seen_another_version_of_a_customer_changes_nothing(desk: OpenService) -> None:
    ann, agent = await added(desk), desk.as_("agent")
    assert refused(await agent.patch(f"/customers/{ann.id}", json={"phone": "1"}, headers={"if-match": '"2"'})) == (412, None)
    for version, phone in (('"1"', "1"), ("*", "2")):
        answer = await agent.patch(f"/customers/{ann.id}", json={"phone": phone}, headers={"if-match": version})
        assert accepted(answer, CustomerState).phone == phone


@pytest.mark.parametrize("name", ["email", "language", "tags", "organization_ids"])
async def test_what_a_customer_cannot_be_without_is_not_cleared(desk: OpenService, name: str) -> None:
    ann = await added(desk, phone="1")
    assert refused(await desk.as_("agent").patch(f"/customers/{ann.id}", json={name: None})) == (422, f"#/{name}")
    assert (await edited(desk, ann, phone=None)).phone is None
