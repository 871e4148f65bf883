"""Organizations over HTTP: each route with what it does, what it tells and what it refuses."""

from typing import Any
from uuid import uuid4

import pytest

from deskstream_chassis.testing import OpenService, accepted, refused
from deskstream_contracts.events.customers import (
    OrganizationCreatedV1,
    OrganizationDomainsChangedV1,
    OrganizationEvent,
    OrganizationRenamedV1,
    OrganizationSharingChosenV1,
    OrganizationState,
    OrganizationTaggedV1,
    OrganizationUpdatedV1,
)
from deskstream_contracts.wire import Actor

pytestmark = pytest.mark.anyio
TESS = Actor(kind="agent", id="1", name="Tess")


async def added(desk: OpenService, name: str = "ACME", **fields: Any) -> OrganizationState:
    answer = await desk.as_("lead").post("/organizations", json={"name": name, **fields})
    return accepted(answer, OrganizationState, status=201)


async def edited(desk: OpenService, organization: OrganizationState, **fields: Any) -> OrganizationState:
    answer = await desk.as_("lead").patch(f"/organizations/{organization.id}", json=fields)
    return accepted(answer, OrganizationState)


async def test_a_lead_adds_an_organization_and_everybody_is_told(desk: OpenService) -> None:
    acme = await added(desk, domains=["acme.example"], sharing="organization", tags=["big"], custom_fields={"contract": "C-17"})
    assert (acme.name, acme.version, acme.domains, acme.auto_created) == ("ACME", 1, ["acme.example"], False)
    assert (acme.sharing, acme.tags, acme.custom_fields) == ("organization", ["big"], {"contract": "C-17"})
    assert await desk.published() == [OrganizationCreatedV1(organization=acme, by=TESS)]


async def test_a_domain_may_be_written_in_any_case(desk: OpenService) -> None:
    assert (await added(desk, domains=["ACME.example"])).domains == ["acme.example"]


async def test_organizations_are_listed_page_by_page_and_read_by_id(desk: OpenService) -> None:
    all_ = [await added(desk, name) for name in ("ACME", "Brick Co.", "Cable Ltd.")]
    reader = desk.as_("viewer")
    first = accepted(await reader.get("/organizations", params={"limit": 2}))
    rest = accepted(await reader.get("/organizations", params={"after": first[-1]["id"]}))
    assert [o["name"] for o in first + rest] == [o.name for o in all_]
    assert accepted(await reader.get(f"/organizations/{all_[1].id}"), OrganizationState) == all_[1]
    assert refused(await reader.get(f"/organizations/{uuid4()}")) == (404, None)


async def test_an_edit_changes_what_was_sent_and_names_it(desk: OpenService) -> None:
    acme = await added(desk, domains=["acme.example"])
    after = await edited(desk, acme, name="ACME Inc.", domains=["acme.example", "acme.test"])
    assert (after.version, after.name, after.domains) == (3, "ACME Inc.", ["acme.example", "acme.test"])
    _, renamed, moved = await desk.published(OrganizationEvent)
    assert isinstance(renamed, OrganizationRenamedV1)
    assert isinstance(moved, OrganizationDomainsChangedV1)
    assert (renamed.previous, moved.added, moved.removed, moved.organization) == ("ACME", ["acme.test"], [], after)
    assert [p.sequence for p in await desk.outbox(OrganizationEvent)] == [1, 2, 3]


async def test_sharing_tags_and_fields_are_told_by_their_names(desk: OpenService) -> None:
    acme = await added(desk, tags=["prospect"])
    after = await edited(desk, acme, sharing="organization", tags=["partner"], custom_fields={"contract": "C-17"})
    _, shared, tagged, updated = await desk.published(OrganizationEvent)
    assert isinstance(shared, OrganizationSharingChosenV1)
    assert isinstance(tagged, OrganizationTaggedV1)
    assert isinstance(updated, OrganizationUpdatedV1)
    assert (shared.previous, tagged.added, tagged.removed) == ("own", ["partner"], ["prospect"])
    assert (updated.changed, updated.organization, updated.by) == (["custom_fields"], after, TESS)


async def test_an_edit_that_changes_nothing_is_not_told(desk: OpenService) -> None:
    acme = await added(desk, domains=["acme.example"], custom_fields={"a": "1"})
    assert await edited(desk, acme, name="ACME", domains=["acme.example"], custom_fields={"a": "1"}) == acme
    assert await edited(desk, acme) == acme
    assert await desk.published(OrganizationUpdatedV1) == []


async def test_a_name_that_is_taken_is_refused(desk: OpenService) -> None:
    await added(desk)
    other = await added(desk, "Brick Co.")
    lead = desk.as_("lead")
    assert refused(await lead.post("/organizations", json={"name": "ACME"})) == (409, "#/name")
    assert refused(await lead.patch(f"/organizations/{other.id}", json={"name": "ACME"})) == (409, "#/name")


async def test_a_domain_belongs_to_one_organization_until_that_gives_it_up(desk: OpenService) -> None:
    acme, other = await added(desk, domains=["acme.example"]), await added(desk, "Brick Co.")
    lead, claim = desk.as_("lead"), {"domains": ["acme.example"]}
    assert refused(await lead.post("/organizations", json={"name": "Cable", **claim})) == (409, "#/domains")
    assert refused(await lead.patch(f"/organizations/{other.id}", json=claim)) == (409, "#/domains")
    await edited(desk, acme, domains=[])
    assert (await edited(desk, other, **claim)).domains == ["acme.example"]


@pytest.mark.parametrize("domain", ["gmail.com", "mailinator.com"])
async def test_a_domain_that_is_open_to_anybody_is_refused(desk: OpenService, domain: str) -> None:
    acme, lead = await added(desk), desk.as_("lead")
    assert refused(await lead.post("/organizations", json={"name": "Mail", "domains": [domain]})) == (422, "#/domains")
    assert refused(await lead.patch(f"/organizations/{acme.id}", json={"domains": [domain]})) == (422, "#/domains")


async def test_what_is_not_there_or_does_not_fit_is_refused(desk: OpenService) -> None:
    lead = desk.as_("lead")
    assert refused(await lead.patch(f"/organizations/{uuid4()}", json={})) == (404, None)
    assert refused(await lead.post("/organizations", json={"name": " "})) == (422, "#/name")
    assert refused(await lead.post("/organizations", json={"name": "A", "domains": ["no_domain"]})) == (422, "#/domains/0")
    assert refused(await lead.post("/organizations", json={"name": "A", "sharing": "all"})) == (422, "#/sharing")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/organizations"),
        ("GET", f"/organizations/{uuid4()}"),
        ("POST", "/organizations"),
        ("PATCH", f"/organizations/{uuid4()}"),
    ],
)
async def test_nothing_is_open_without_a_token_and_writing_is_for_leads(desk: OpenService, method: str, path: str) -> None:
    assert refused(await desk.http.request(method, path)) == (401, None)
    stranger = desk.as_("operator" if method == "GET" else "agent")
    assert refused(await stranger.request(method, path, json={"name": "A"})) == (403, None)


async def test_who_has_seen_another_version_of_an_organization_changes_nothing(desk: OpenService) -> None:
    acme, lead = await added(desk), desk.as_("lead")
    assert refused(await lead.patch(f"/organizations/{acme.id}", json={"name": "A"}, headers={"if-match": '"2"'})) == (412, None)
    answer = await lead.patch(f"/organizations/{acme.id}", json={"name": "A"}, headers={"if-match": '"1"'})
    assert accepted(answer, OrganizationState).name == "A"


@pytest.mark.parametrize("name", ["name", "domains", "sharing", "tags"])
async def test_what_an_organization_cannot_be_without_is_not_cleared(desk: OpenService, name: str) -> None:
    acme = await added(desk)
    assert refused(await desk.as_("lead").patch(f"/organizations/{acme.id}", json={name: None})) == (422, f"#/{name}")
