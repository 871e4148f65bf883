"""Custom fields in conditions: of their kinds where they are defined, and no error where there is none."""

from typing import Any

import pytest

from deskstream_contracts.events.settings import FieldDefinitions
from routing_svc.adapters.expressions import CelExpressions
from routing_svc.domain.conditions import ConditionOutcome

OPTIONS = [{"id": "north"}, {"id": "south"}]
DEFINED = {
    "ticket": FieldDefinitions.model_validate(
        {
            "fields": [
                {"key": "cost", "kind": "number"},
                {"key": "bought", "kind": "date"},
                {"key": "vip", "kind": "checkbox"},
                {"key": "areas", "kind": "multi_choice", "options": OPTIONS},
                {"key": "area", "kind": "choice", "options": OPTIONS},
                {"key": "gone", "kind": "number", "active": False},
            ]
        }
    ),
    "requester": FieldDefinitions.model_validate({"fields": [{"key": "seats", "kind": "number"}]}),
}
TEXTS = {
    "cost": "12.5",
    "bought": "2026-03-01",
    "vip": "false",
    "areas": '["south","north"]',
    "area": "north",
    "free": "7",
    "gone": "5",
}


def outcome(expression: str, texts: dict[str, str], defined: dict[str, FieldDefinitions] | None = None) -> ConditionOutcome:
    cel = CelExpressions().typed_by(DEFINED if defined is None else defined)
    condition = cel.compile(expression, "assignment")
    facts: dict[str, dict[str, Any]] = {
        "ticket": {"priority": "high", "custom_fields": texts},
        "requester": {"custom_fields": {"seats": "10"}},
        "organization": {"custom_fields": {"cost": "12.5"}},
    }
    return condition.evaluate(cel.prepare(facts, condition.needs))


@pytest.mark.parametrize(
    "expression",
    [
        "ticket.custom_fields.cost > 12", "ticket.custom_fields.cost == 12.5", "ticket.custom_fields['cost'] + 1.0 < 14",
        "ticket.custom_fields.bought < timestamp('2026-03-01T00:00:01Z')", "ticket.custom_fields.bought.getFullYear() == 2026",
        "!ticket.custom_fields.vip", "ticket.custom_fields.vip == false", "'north' in ticket.custom_fields.areas",
        "ticket.custom_fields.area == 'north'", "ticket.custom_fields.free == '7'", "ticket.custom_fields.gone == 5",
        "requester.custom_fields.seats >= 10", "organization.custom_fields.cost == '12.5'",
        "has(ticket.custom_fields.cost) && 'vip' in ticket.custom_fields",
    ],
)  # fmt: skip
def test_a_defined_field_is_of_its_kind_and_any_other_is_a_text(expression: str) -> None:
    seen = outcome(expression, TEXTS)
    assert (seen.matched, seen.error) == (True, None)


@pytest.mark.parametrize("texts", [{}, {"cost": "about five", "vip": "perhaps", "bought": "soon", "areas": "[]", "area": "west"}])
@pytest.mark.parametrize(
    "expression",
    [
        "ticket.custom_fields.cost > 12", "!(ticket.custom_fields.cost > 12)", "ticket.custom_fields.vip",
        "ticket.custom_fields.bought < timestamp('2026-03-01T00:00:00Z')", "'north' in ticket.custom_fields.areas",
        "ticket.custom_fields.area == 'north'", "has(ticket.custom_fields.cost)",
    ],
)  # fmt: skip
def test_what_has_no_value_does_not_match_and_is_no_error(expression: str, texts: dict[str, str]) -> None:
    seen = outcome(expression, texts)
    assert (seen.matched, seen.error) == (False, None)


def test_what_has_no_value_does_not_keep_the_rest_from_matching() -> None:
    assert outcome("ticket.custom_fields.cost > 12 || ticket.priority == 'high'", {}).matched
    assert outcome("!has(ticket.custom_fields.cost)", {"cost": "about five"}).matched


def test_an_error_of_another_making_is_told() -> None:
    assert outcome("ticket.custom_fields.free > 5", {}).error is not None
    assert outcome("ticket.custom_fields.cost > '5'", TEXTS).error is not None
    assert outcome("ticket.custom_fields.cost > 12", {}, {}).error is not None


def test_people_are_shown_what_the_ticket_has() -> None:
    seen = outcome(
        "ticket.custom_fields.bought.getFullYear() == 2026 || ticket.custom_fields.cost > 5", TEXTS | {"cost": "about five"}
    )
    assert seen.values == {"ticket.custom_fields.bought": "2026-03-01", "ticket.custom_fields.cost": "about five"}
