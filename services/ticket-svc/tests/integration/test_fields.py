"""Custom fields of tickets: set as JSON of their kind, kept and told as text, required where it is said."""

from typing import Any

import pytest

from deskstream_chassis.testing import OpenService, accepted, another
from deskstream_contracts.events.routing import RoutingDecidedV1
from deskstream_contracts.events.settings import TicketFieldsChangedV1
from deskstream_contracts.events.tickets import TicketClassifiedV1

from .given import commanded, opened, told

pytestmark = pytest.mark.anyio
AREAS = [{"id": "north", "names": {"en": "North", "nb": "Nord"}}, {"id": "south"}]
FIELDS: list[dict[str, Any]] = [
    {"key": "cost", "kind": "number", "names": {"en": "Cost"}, "required": ["resolve"]},
    {"key": "bought", "kind": "date"},
    {"key": "urgent", "kind": "checkbox"},
    {"key": "area", "kind": "choice", "options": AREAS},
    {"key": "areas", "kind": "multi_choice", "options": AREAS},
]


@pytest.fixture
async def defined(desk: OpenService) -> OpenService:
    """The desk, where fields are defined."""
    await desk.put_in_force("ticket-fields", fields=FIELDS)
    return desk


async def test_values_are_taken_as_json_and_kept_as_text(defined: OpenService) -> None:
    ticket = await opened(defined)
    values = {
        "cost": 12.50,
        "bought": "2026-03-01",
        "urgent": False,
        "area": "north",
        "areas": ["south", "north"],
        "free": "as before",
    }
    after = await commanded(defined, ticket, "PATCH", "classification", custom_fields=values)
    texts = values | {"cost": "12.5", "urgent": "false", "areas": '["south","north"]'}
    assert after["custom_fields"] == texts
    (classified,) = await defined.published(TicketClassifiedV1)
    assert classified.ticket.custom_fields == texts
    after = await commanded(defined, ticket, "PATCH", "classification", custom_fields={"cost": None, "areas": [], "free": None})
    assert after["custom_fields"] == {"bought": "2026-03-01", "urgent": "false", "area": "north"}
    before = len(await told(defined, ticket))
    await commanded(defined, ticket, "PATCH", "classification", custom_fields=after["custom_fields"] | {"urgent": False})
    assert len(await told(defined, ticket)) == before, "what was read may be written back, and changes nothing"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cost", "much"), ("cost", True), ("bought", "1 March"), ("urgent", "perhaps"), ("area", "west"), ("areas", ["west"]),
        ("free", 5), ("cost", {"amount": 5}), ("bought", "a\0b"), ("areas", [5]), ("cost", 1e300),
    ],
)  # fmt: skip
async def test_what_is_no_value_of_the_field_is_refused_where_it_stands(defined: OpenService, key: str, value: object) -> None:
    ticket = await opened(defined)
    answer = await defined.as_("agent").patch(f"/tickets/{ticket.id}/classification", json={"custom_fields": {key: value}})
    assert answer.status_code == 422, answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/custom_fields/{key}"]


async def test_a_form_and_a_rule_write_texts_that_are_read_where_they_are_values(defined: OpenService) -> None:
    written = {"cost": " 7.50 ", "area": "Nord", "urgent": "on", "bought": "last year", "free": "x"}
    ticket = await opened(defined, requested={"custom_fields": written})
    assert ticket.custom_fields == {"cost": "7.5", "area": "north", "urgent": "true", "bought": "last year", "free": "x"}
    nothing = {"assign": None, "priority": None, "ticket_type": None, "add_tags": [], "sla_policy": None, "notify": []}
    by_rule = {**nothing, "escalate": False, "custom_fields": {"area": "South", "cost": "08"}}
    await defined.settle(another(RoutingDecidedV1, ticket_id=ticket.id, **by_rule))
    after = (await told(defined, ticket))[-1].ticket
    assert after.custom_fields == ticket.custom_fields | {"area": "south", "cost": "8"}


async def test_a_ticket_is_not_resolved_without_what_is_required(defined: OpenService) -> None:
    ticket = await opened(defined, requested={"custom_fields": {"cost": "about five"}})
    agent = defined.as_("agent")
    for command, body in (("resolve", {"solution": "Done."}), ("replies", {"text": "Done.", "resolve": True})):
        answer = await agent.post(f"/tickets/{ticket.id}/{command}", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"pointer": "#/custom_fields/cost", "detail": "A value is required of: cost."}]
    assert len(await told(defined, ticket)) == 1
    await commanded(defined, ticket, "POST", "replies", text="Looking into it.")
    await commanded(defined, ticket, "PATCH", "classification", custom_fields={"cost": 0})
    assert (await commanded(defined, ticket, "POST", "resolve", solution="Done."))["status"] == "resolved"
    await commanded(defined, ticket, "PATCH", "classification", custom_fields={"cost": None})
    await commanded(defined, ticket, "POST", "resolve", solution="Done.")


async def test_only_defined_fields_are_taken_where_it_is_said(desk: OpenService) -> None:
    await desk.put_in_force("ticket-fields", fields=FIELDS[1:2], only_defined=True)
    ticket = await opened(desk, requested={"custom_fields": {"free": "x", "bought": "2026-03-01"}})
    assert ticket.custom_fields == {"bought": "2026-03-01"}
    answer = await desk.as_("agent").patch(f"/tickets/{ticket.id}/classification", json={"custom_fields": {"free": "x"}})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/custom_fields/free")


async def test_a_kind_never_changes_and_a_field_is_never_gone(defined: OpenService) -> None:
    lead = defined.as_("lead")
    body = {"content": {"fields": [{"key": "bought", "kind": "date"}, {"key": "cost", "kind": "text"}]}}
    answer = await lead.put("/settings/ticket-fields", json=body, headers={"if-match": "*"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/content/fields/1/kind")
    assert "is number and never changes" in answer.json()["detail"]
    await defined.put_in_force("ticket-fields", fields=[{"key": "area", "kind": "choice", "options": AREAS[:1]}])
    told = (await defined.published(TicketFieldsChangedV1))[-1]
    assert [(f.key, f.active) for f in told.content.fields if f.active] == [("area", True)]
    assert len(told.content.fields) == len(FIELDS)
    assert [(o.id, o.active) for o in told.content.fields[0].options] == [("north", True), ("south", False)]


async def test_a_trial_counts_the_tickets_that_could_not_be_resolved(defined: OpenService) -> None:
    await opened(defined)
    await opened(defined, requested={"custom_fields": {"cost": "5"}})
    tried = accepted(await defined.as_("lead").post("/settings/ticket-fields/try", json={"content": {"fields": FIELDS}}))
    assert tried["consequences"] == [{"code": "active_tickets_without_required_fields", "count": 1}]
    assert tried["differences"] == []
