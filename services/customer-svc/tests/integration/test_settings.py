"""What is settled about customers, and what it changes."""

from typing import Any

import pytest

from deskstream_chassis.testing import OpenService, accepted, example
from deskstream_chassis.testing.documents import put_and_put_back
from deskstream_contracts.documents import CUSTOMER_FIELDS, DOMAINS, LANGUAGES, ORGANIZATION_FIELDS, Document
from deskstream_contracts.events.customers import OrganizationCreatedV1, RequesterIdentifiedV1
from deskstream_contracts.events.inbound import MessageReceivedV1
from deskstream_contracts.events.settings import DomainsChangedV1, LanguagesChangedV1

pytestmark = pytest.mark.anyio
TRY = {"if-match": "*"}


def mail(email: str, **requested: Any) -> MessageReceivedV1:
    asked = {"language": None, **requested}
    return example(MessageReceivedV1, message={"sender": {"email": email}, "sender_proven": True}, requested=asked)


async def test_a_language_that_is_added_is_given_to_who_asks_for_it(desk: OpenService) -> None:
    await desk.put_in_force("languages", supported=["en", "sv"], fallback="sv")
    await desk.settle(mail("ann@sample.com", language="sv"), mail("bob@sample.com", language="fi"))
    found = await desk.published(RequesterIdentifiedV1)
    assert [i.requester.language for i in found] == ["sv", "en"]
    (told,) = await desk.published(LanguagesChangedV1)
    assert (told.content.supported, told.version, told.by.id) == (["en", "sv"], 1, "lead")


async def test_a_language_to_fall_back_on_that_is_not_supported_is_refused(desk: OpenService) -> None:
    body = {"content": {"supported": ["en"], "fallback": "de"}}
    answer = await desk.as_("lead").put("/settings/languages", json=body, headers=TRY)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/content"


async def test_domains_are_public_or_private_as_settled_before_what_is_listed(desk: OpenService) -> None:
    await desk.put_in_force(
        "domains", create_organizations=True, public=["wohnheim.example"], private=["bigco.gmail.com", "lab.wohnheim.example"]
    )
    senders = ("a@wohnheim.example", "b@x.wohnheim.example", "c@bigco.gmail.com", "d@gmail.com", "e@lab.wohnheim.example")
    await desk.settle(*map(mail, senders))
    made = [o.organization.domains for o in await desk.published(OrganizationCreatedV1)]
    assert made == [["bigco.gmail.com"], ["lab.wohnheim.example"]]
    (told,) = await desk.published(DomainsChangedV1)
    assert told.content.public == ["wohnheim.example"]


@pytest.mark.parametrize(
    "content",
    [
        {"public": ["Wohnheim.example"]},
        {"public": ["localhost"]},
        {"private": ["a@b.example"]},
        {"public": ["a.b"], "private": ["a.b"]},
        {"public": [f"{n:0>60}.{n:0>60}.{n:0>60}.example" for n in range(300)]},
    ],
)
async def test_what_is_no_domain_or_both_is_refused(desk: OpenService, content: dict[str, Any]) -> None:
    answer = await desk.as_("lead").put("/settings/domains", json={"content": content}, headers=TRY)
    assert answer.status_code == 422


async def test_a_trial_counts_what_would_come_of_it(desk: OpenService) -> None:
    await desk.settle(mail("ann@sample.com", language="nb"))
    await desk.as_("lead").post("/organizations", json={"name": "Dorm", "domains": ["wohnheim.example"]})
    lead = desk.as_("lead")
    languages = accepted(await lead.post("/settings/languages/try", json={"content": {"supported": ["en"], "fallback": "en"}}))
    domains = accepted(await lead.post("/settings/domains/try", json={"content": {"public": ["wohnheim.example"]}}))
    assert languages["consequences"] == [{"code": "customers_with_other_languages", "count": 1}]
    assert domains["consequences"] == [{"code": "organizations_with_public_domains", "count": 1}]
    assert await desk.published(LanguagesChangedV1, DomainsChangedV1) == []


@pytest.mark.parametrize(
    ("document", "content"),
    [
        (LANGUAGES, {"supported": ["en"], "fallback": "en"}),
        (DOMAINS, {"create_organizations": True}),
        (CUSTOMER_FIELDS, {"fields": [{"key": "since", "kind": "date"}]}),
        (ORGANIZATION_FIELDS, {"fields": [{"key": "tier", "kind": "choice", "options": [{"id": "gold"}]}]}),
    ],
)
async def test_each_document_is_put_and_put_back(desk: OpenService, document: Document[Any], content: dict[str, Any]) -> None:
    await put_and_put_back(desk, document, content)
