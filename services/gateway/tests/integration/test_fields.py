"""Custom fields as they are shown: where their definitions say so, with their values as JSON."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from deskstream_chassis.testing import another, refused
from deskstream_contracts.events.customers import OrganizationCreatedV1
from deskstream_contracts.events.settings import (
    CustomerFieldsChangedV1,
    DocumentChanged,
    OrganizationFieldsChangedV1,
    TicketFieldsChangedV1,
)
from gateway.workers.defined_fields import DefinedFields

from ..events import opened, registered, ticket  # noqa: TID252
from .conftest import Gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]
AREAS = [{"id": "north"}, {"id": "south"}]
FIELDS: list[dict[str, Any]] = [
    {"key": "cost", "kind": "number", "names": {"en": "Cost"}, "shown": ["list", "detail"]},
    {"key": "areas", "kind": "multi_choice", "options": AREAS, "shown": ["list", "portal"]},
    {"key": "bought", "kind": "date"},
    {"key": "old", "kind": "checkbox", "active": False},
    {"key": "hidden", "kind": "text", "shown": []},
]
TEXTS = {"cost": "12.5", "areas": '["south","north"]', "hidden": "x", "free": "as before"}


def told(event: type[DocumentChanged], document: str, fields: list[dict[str, Any]], version: int = 1) -> DocumentChanged:
    return another(event, document=document, version=version, content={"fields": fields, "only_defined": False})


async def defined(gateway: Gateway, *events: DocumentChanged) -> None:
    await gateway.hear(*events)
    (watch,) = [worker for worker in gateway.service.workers if isinstance(worker, DefinedFields)]
    await watch.look()


def entry(key: str, kind: str | None, value: object, text: str | None, **names: str) -> dict[str, Any]:
    return {"key": key, "kind": kind, "names": names, "value": value, "text": text}


async def test_a_ticket_shows_its_fields_with_their_values(open_gateway: Open) -> None:
    ann = registered("ann@acme.example")
    one = ticket(custom_fields=TEXTS, customer_id=ann.customer.id)
    async with open_gateway() as gateway:
        await gateway.hear(ann, opened(one))
        gateway.owners.away.add("ticket")  # the conversation is its owner's
        plain = (await gateway.get(f"/tickets/{one.number}"))["fields"]
        assert plain == [entry(key, None, text, text) for key, text in sorted(TEXTS.items())]
        assert (await gateway.get("/tickets"))["items"][0]["fields"] == []
        await defined(gateway, told(TicketFieldsChangedV1, "ticket-fields", FIELDS))
        found = await gateway.get(f"/tickets/{one.number}")
        assert found["fields"] == [
            entry("cost", "number", 12.5, "12.5", en="Cost"),
            entry("bought", "date", None, None),
            entry("free", None, "as before", "as before"),
        ]
        assert found["ticket"]["custom_fields"] == TEXTS
        assert (await gateway.get("/tickets"))["items"][0]["fields"] == [
            entry("cost", "number", 12.5, "12.5", en="Cost"),
            entry("areas", "multi_choice", ["south", "north"], '["south","north"]'),
        ]
        shown = (await gateway.portal(ann.customer.id, "/tickets")).json()
        assert shown["items"][0]["fields"] == [{"key": "areas", "names": {}, "value": ["south", "north"]}]


async def test_what_is_retired_is_shown_where_there_is_a_value_and_what_is_no_value_as_its_text(open_gateway: Open) -> None:
    one = ticket(custom_fields={"cost": "about five", "old": "true"})
    async with open_gateway() as gateway:
        await gateway.hear(opened(one))
        gateway.owners.away.add("ticket")
        await defined(gateway, told(TicketFieldsChangedV1, "ticket-fields", FIELDS))
        found = {e["key"]: (e["value"], e["text"]) for e in (await gateway.get(f"/tickets/{one.number}"))["fields"]}
        assert found == {"cost": (None, "about five"), "bought": (None, None), "old": (True, "true")}


async def test_an_older_version_that_comes_later_changes_nothing(open_gateway: Open) -> None:
    one = ticket(custom_fields={"cost": "5"})
    async with open_gateway() as gateway:
        await gateway.hear(opened(one))
        newer, older = (told(TicketFieldsChangedV1, "ticket-fields", FIELDS[:n], n) for n in (2, 1))
        await defined(gateway, newer)
        await defined(gateway, older)
        assert [e["key"] for e in (await gateway.get("/tickets"))["items"][0]["fields"]] == ["cost", "areas"]
        assert await gateway.rows("SELECT document, version FROM views.documents") == [("ticket-fields", 2)]


async def test_customers_and_organizations_show_theirs(open_gateway: Open) -> None:
    ann, acme = registered("ann@acme.example"), another(OrganizationCreatedV1)
    fields = [{"key": "since", "kind": "date", "shown": ["list", "detail"]}]
    async with open_gateway() as gateway:
        await gateway.hear(ann, acme)
        await defined(
            gateway,
            told(CustomerFieldsChangedV1, "customer-fields", fields),
            told(OrganizationFieldsChangedV1, "organization-fields", fields),
        )
        for path, id_ in (("customers", ann.customer.id), ("organizations", acme.organization.id)):
            assert [e["key"] for e in (await gateway.get(f"/{path}"))["items"][0]["fields"]] == ["since"]
            state = {"id": str(id_), "custom_fields": {"since": "2020-01-31", "free": "x"}}
            gateway.owners.answers["GET", f"customer/{path}/{id_}"] = httpx.Response(200, json=state)
            assert await gateway.get(f"/{path}/{id_}") == state | {
                "fields": [entry("since", "date", "2020-01-31", "2020-01-31"), entry("free", None, "x", "x")]
            }
            gone = UUID(int=uuid4().int)
            gateway.owners.answers["GET", f"customer/{path}/{gone}"] = httpx.Response(404, json={"status": 404})
            assert await gateway.get(f"/{path}/{gone}", expect=404) == {"status": 404}


async def test_a_request_that_is_put_in_is_handed_on_with_texts(open_gateway: Open) -> None:
    body = {"email": "ann@acme.example", "subject": "Help", "text": "Please."}
    async with open_gateway() as gateway:
        receipt = {"receipt": str(uuid4())}
        gateway.owners.answers["POST", "ingest/submissions"] = httpx.Response(202, json=receipt)
        answer = await gateway.ask("POST", "/tickets", "agent", json=body, headers={"idempotency-key": "k"})
        assert (answer.status_code, answer.json()) == (202, receipt)
        assert json.loads(gateway.owners.asked[-1].content) == body | {"requested": {"custom_fields": {}}}
        assert gateway.owners.asked[-1].headers["idempotency-key"] == "k"
        fields = [{**FIELDS[0], "required": ["create"]}, *FIELDS[1:]]
        await defined(gateway, told(TicketFieldsChangedV1, "ticket-fields", fields))
        requested = {"priority": "high", "custom_fields": {"cost": 7.50, "areas": ["north"], "free": "x", "bought": None}}
        await gateway.ask("POST", "/tickets", "agent", json={**body, "requested": requested})
        texts = {"cost": "7.5", "areas": '["north"]', "free": "x"}
        assert json.loads(gateway.owners.asked[-1].content)["requested"] == {"priority": "high", "custom_fields": texts}
        asked = len(gateway.owners.asked)
        for values, key in (({}, "cost"), ({"cost": "much"}, "cost"), ({"cost": 1, "bought": "soon"}, "bought")):
            answer = await gateway.ask("POST", "/tickets", "agent", json={**body, "requested": {"custom_fields": values}})
            assert refused(answer) == (422, f"#/requested/custom_fields/{key}")
        assert refused(await gateway.ask("POST", "/tickets", "agent", json=body)) == (422, "#/requested/custom_fields/cost")
        assert len(gateway.owners.asked) == asked


async def test_tickets_are_found_by_their_fields(open_gateway: Open) -> None:
    values = [
        {"cost": "9.5", "areas": '["north","south"]', "bought": "2025-12-31", "old": "true", "free": "as before"},
        {"cost": "100", "areas": '["south"]', "bought": "2026-01-01", "free": "as  before"},
        {"cost": "-3", "bought": "soon"},
        {"cost": "about five", "areas": '["north", "south"]'},
        {},
    ]
    tickets = [ticket(custom_fields=texts) for texts in values]
    async with open_gateway() as gateway:
        await gateway.hear(*map(opened, tickets))
        await defined(gateway, told(TicketFieldsChangedV1, "ticket-fields", FIELDS))
        for params, places in (
            ({"cost": "100"}, [1]), ({"cost": "100.0"}, [1]), ({"cost.gte": "9.5"}, [0, 1]), ({"cost.gt": "9.5"}, [1]),
            ({"cost.lt": "9.50"}, [2]), ({"cost.lte": "9.5"}, [0, 2]), ({"cost.gte": "0", "cost.lt": "10"}, [0]),
            ({"cost": "5"}, []),
            ({"areas": "south"}, [0, 1]), ({"areas": ["south", "north"]}, [0]), ({"bought": "2026-01-01"}, [1]),
            ({"bought.lt": "2026-01-01"}, [0]), ({"bought.gte": "2025-12-31"}, [0, 1]), ({"old": "true"}, [0]),
            ({"free": "as before"}, [0]), ({"unknown": "x"}, []), ({"areas": "south", "cost.gt": "50"}, [1]),
        ):  # fmt: skip
            found = await gateway.get("/tickets", **{f"field.{name}": value for name, value in params.items()})
            assert {row["number"] for row in found["items"]} == {tickets[n].number for n in places}, params
        page = await gateway.get("/tickets", limit=1, **{"field.areas": "south"})
        rest = await gateway.get("/tickets", limit=1, cursor=page["next"], **{"field.areas": "south"})
        assert {row["number"] for row in page["items"] + rest["items"]} == {t.number for t in tickets[:2]}
        await gateway.get("/tickets", expect=422, cursor=page["next"], **{"field.areas": "north"})


async def test_customers_and_organizations_are_found_by_theirs(open_gateway: Open) -> None:
    since, earlier = {"since": "2024-05-01", "areas": '["north","south"]'}, {"since": "2019-12-31"}
    people = [registered(f"{name}@acme.example", custom_fields=fields) for name, fields in (("ann", since), ("bob", earlier))]
    organizations = []
    for has in (since, earlier):
        state = another(OrganizationCreatedV1).organization.model_copy(update={"custom_fields": has})
        organizations.append(OrganizationCreatedV1(organization=state))
    fields = [{"key": "since", "kind": "date"}, FIELDS[1]]
    async with open_gateway() as gateway:
        await gateway.hear(*people, *organizations)
        await defined(
            gateway,
            told(CustomerFieldsChangedV1, "customer-fields", fields),
            told(OrganizationFieldsChangedV1, "organization-fields", fields),
        )
        for query in ({"field.since.gte": "2020-01-01"}, {"field.areas": "south"}, {"field.since": "2024-05-01"}):
            for path, id_ in (("customers", people[0].customer.id), ("organizations", organizations[0].organization.id)):
                assert [row["id"] for row in (await gateway.get(f"/{path}", **query))["items"]] == [str(id_)]
        for path in ("customers", "organizations"):
            assert refused(await gateway.ask("GET", f"/{path}?field.since.gte=soon"))[0] == 422
            assert refused(await gateway.ask("GET", f"/{path}?sinse=2020"))[0] == 422


@pytest.mark.parametrize(
    "query",
    [
        "field.cost=much", "field.cost.gte=", "field.cost.gte=much", "field.areas=west", "field.areas.gte=north",
        "field.free.gte=5", "field.bought.lt=soon", "field.=x", "field.cost.between=5", "fields.cost=5", "field.free=",
    ],
)  # fmt: skip
async def test_a_filter_that_nobody_could_mean_is_refused_by_its_name(open_gateway: Open, query: str) -> None:
    async with open_gateway() as gateway:
        await defined(gateway, told(TicketFieldsChangedV1, "ticket-fields", FIELDS))
        status, where = refused(await gateway.ask("GET", f"/tickets?{query}"))
        assert status == 422
        assert where is not None
        assert where.startswith(f"#/query/{query.partition('=')[0]}")
