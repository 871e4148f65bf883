"""Conditions in CEL."""

import pytest

from routing_svc.adapters.expressions import CelExpressions
from routing_svc.domain.conditions import BadExpression, ConditionOutcome, Facts

CEL = CelExpressions()
FACTS: Facts = {
    "ticket": {
        "priority": "high",
        "type": "",
        "subject": "My INVOICE",
        "text": "is “wrong”",
        "tags": ["vip"],
        "channel": "email",
        "mailbox": "support",
        "language": "de",
        "status": "open",
        "custom_fields": {"plan": "pro"},
    },
    "requester": {"email": "a@b.c", "domain": "b.c", "language": "de", "tags": [], "custom_fields": {}},
    "organization": {"name": "", "custom_fields": {}},
}


def outcome(expression: str) -> ConditionOutcome:
    condition = CEL.compile(expression, "assignment")
    return condition.evaluate(CEL.prepare(FACTS, condition.needs))


@pytest.mark.parametrize(
    "expression",
    [
        "ticket.priority == 'high'",
        "ticket.content.contains('invoice')",
        "ticket.tags.exists(t, t == 'vip')",
        "ticket['priority'] == 'high' && 'plan' in ticket.custom_fields",
        "ticket.custom_fields['plan'] == 'pro'",
        "requester.domain.endsWith('.c') || organization.name == 'ticket.nonsense'",
        "ticket.subject.matches('(?i)invoice')",
        "size(ticket.tags) == 1 && !has(ticket.custom_fields.other)",
    ],
)
def test_a_condition_that_holds_matches(expression: str) -> None:
    assert outcome(expression).matched
    assert outcome(expression).error is None


def test_the_values_that_a_condition_saw_are_kept() -> None:
    seen = outcome("ticket.content.contains('x') || ticket.custom_fields.plan == 'pro' || ticket.tags == []")
    assert seen.values == {"ticket.content": "my invoice\nis “wrong”", "ticket.custom_fields.plan": "pro", "ticket.tags": '["vip"]'}


def test_a_condition_that_errors_is_not_matched_and_says_why() -> None:
    seen = outcome("ticket.custom_fields.contract == 'gold'")
    assert not seen.matched
    assert seen.error == "KeyError: 'contract'"


@pytest.mark.parametrize("expression", ["1 +", "ticket", "'yes'", "sla.clock == 'resolution'", "(" * 400, "ticket.x == 1"])
def test_what_cannot_be_a_condition_is_refused(expression: str) -> None:
    with pytest.raises(BadExpression):
        CEL.compile(expression, "assignment")


def test_escalations_know_the_clock() -> None:
    assert CEL.compile("sla.clock == 'resolution' && sla.late_seconds > 60", "escalation").needs == {
        ("sla", "clock"),
        ("sla", "late_seconds"),
    }
