"""Rules tried before they are switched on."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from routing_svc.adapters.expressions import CelExpressions
from routing_svc.domain.conditions import Facts
from routing_svc.domain.decide import Case
from routing_svc.domain.refusals import BadRule
from routing_svc.domain.roster import Roster
from routing_svc.domain.rules import Actions, Kind, Rule
from routing_svc.domain.trying import PastDecision, try_on_history, try_rules
from routing_svc.domain.workforce import Workforce

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
NOBODY = Roster(Workforce(), {}, {})


def rule(name: str, priority: str, kind: Kind = "assignment") -> Rule:
    return Rule(UUID(int=len(name)), name, 1, kind, (f"ticket.priority == '{priority}'",), Actions(tags=(name,)))


def facts(priority: str) -> Facts:
    return {"ticket": {"priority": priority}, "requester": {}, "organization": {}}


def test_a_case_with_a_clock_is_tried_as_an_escalation() -> None:
    rules = [rule("up", "high", "escalation"), rule("first", "high")]
    for extra, kind, tags in (({}, "assignment", ("first",)), ({"sla": {"event": "breached"}}, "escalation", ("up",))):
        case = Case(UUID(int=1), 0, "high", None, None, {**facts("high"), **extra})
        tried = try_rules(UUID(int=2), rules, case, NOBODY, CelExpressions(), NOW)
        assert (tried.kind, tried.tags) == (kind, tags)


def test_rules_that_cannot_be_taken_cannot_be_tried() -> None:
    bad = Rule(UUID(int=1), "bad", 1, "assignment", ("1 +",), Actions())
    with pytest.raises(BadRule):
        try_rules(UUID(int=2), [bad], Case(UUID(int=1), 0, "high", None, None, facts("high")), NOBODY, CelExpressions(), NOW)


def test_what_would_have_been_asked_for_otherwise_is_found() -> None:
    past = [PastDecision(UUID(int=n), NOW, "assignment", facts(p)) for n, p in enumerate(("high", "low", "medium"))]
    (high, low) = try_on_history(past, [rule("new", "low")], [rule("old", "high")], Workforce(), CelExpressions())
    assert (high.ticket_id, high.before, high.after) == (UUID(int=0), {"tags": ["old"]}, {})
    assert (low.rules_before, low.rules_after) == ((), ("new",))
