"""Rules put as a whole: their ids and versions, and what is refused."""

import time
from dataclasses import replace
from itertools import count
from uuid import UUID

import pytest

from routing_svc.adapters.expressions import CelExpressions
from routing_svc.domain.agent import Agent
from routing_svc.domain.conditions import ConditionOutcome
from routing_svc.domain.configuring import UNSET, configure, settle
from routing_svc.domain.refusals import BadRule, ConfigurationHasMoved, UnknownName
from routing_svc.domain.rules import Actions, Configuration, Rule, compiled, warnings
from routing_svc.domain.team import Team
from routing_svc.domain.workforce import Workforce

SUPPORT = Team(UUID(int=100), 1, "Support")
GONE = Team(UUID(int=101), 1, "Gone", active=False)
WORKFORCE = Workforce.of([SUPPORT, GONE], [Agent(UUID(int=200), 1, "Sue", "sue@desk.example")])
ids = count(1000)


def sent(name: str, *conditions: str, id_: UUID = UNSET, **actions: str) -> Rule:
    return Rule(id_, name, 0, "assignment", conditions, Actions(**actions))  # type: ignore[arg-type]  # a strategy is a literal


def put(current: Configuration, *rules: Rule, expected: int | None = None) -> Configuration:
    return configure(current, rules, expected, WORKFORCE, CelExpressions(), lambda: UUID(int=next(ids)))


def test_a_rule_without_an_id_is_known_by_its_name_and_counts_its_changes() -> None:
    one = put(Configuration(7), sent("A"), sent("B"))
    two = put(one, sent("B", "true"), sent("A"))
    assert (one.version, two.version) == (8, 9)
    assert [(r.name, r.version) for r in two.rules] == [("B", 2), ("A", 1)]
    assert {r.id for r in one.rules} == {r.id for r in two.rules}


def test_a_rule_with_its_id_is_renamed() -> None:
    one = put(Configuration(0), sent("A"))
    (renamed,) = put(one, sent("Z", id_=one.rules[0].id)).rules
    assert (renamed.id, renamed.version) == (one.rules[0].id, 2)


def test_a_rule_that_is_put_back_after_it_was_taken_out_is_a_new_one() -> None:
    one = put(Configuration(0), sent("A"))
    assert settle([replace(one.rules[0], version=5)], (), lambda: UUID(int=1)) == (replace(one.rules[0], version=1),)


def test_the_same_rules_are_the_same_configuration_whatever_was_expected() -> None:
    one = put(Configuration(0), sent("A", team="Support"))
    assert put(one, sent("A", team="Support"), expected=0) is one


def test_rules_for_another_version_are_refused() -> None:
    with pytest.raises(ConfigurationHasMoved):
        put(Configuration(3), sent("A"), expected=2)
    assert put(Configuration(3), sent("A"), expected=3).version == 4


@pytest.mark.parametrize(
    ("rules", "refusal", "pointer"),
    [
        ([sent("A"), sent("A")], BadRule, "#/rules/1/name"),
        ([sent("A", "true", "1 +")], BadRule, "#/rules/0/conditions/1"),
        ([sent("A", strategy="round_robin")], BadRule, "#/rules/0/actions/strategy"),
        ([sent("A", team="Gone")], UnknownName, "#/rules/0/actions/team"),
        ([sent("A", agent="Nobody")], UnknownName, "#/rules/0/actions/agent"),
    ],
)
def test_what_cannot_be_taken_is_pointed_to(rules: list[Rule], refusal: type[BadRule], pointer: str) -> None:
    with pytest.raises(refusal) as refused:
        put(Configuration(0), *rules)
    assert refused.value.pointer == pointer


MANY_WORDS = "mentions(ticket.content, [" + ",".join(["'w'"] * 150) + "])"


@pytest.mark.parametrize(
    ("rules", "part"),
    [
        ([sent(f"{n}", *[MANY_WORDS] * 5) for n in range(40)], "all rules together may take too long"),
        ([sent(f"{n}", f"ticket.subject == '{'x' * 1900}'") for n in range(60)], "more than 100000 characters"),
        ([sent(f"{n}", *["ticket.subject == requester.email"] * 20) for n in range(30)], "the explanation of all rules"),
    ],
)
def test_what_all_rules_cost_and_say_together_is_bounded(rules: list[Rule], part: str) -> None:
    with pytest.raises(BadRule, match=part) as refused:
        put(Configuration(0), *rules)
    assert str(refused.value.pointer).startswith("#/rules/")


def test_five_hundred_rules_on_words_are_not_too_many() -> None:
    rules = [sent(f"{n}", f"mentions(ticket.content, ['invoice{n}', 'Rechnung{n}', 'faktura{n}', 'bill{n}'])") for n in range(500)]
    assert len(put(Configuration(0), *rules).rules) == 500


def test_a_rule_that_was_kept_before_it_was_refused_never_matches_and_says_why() -> None:
    old = replace(sent("Old", "ticket.tags.all(a, ticket.tags.all(b, a == b))", "true"), version=1)
    found = compiled(4, [old, replace(sent("New", "true"), version=1)], CelExpressions())
    of_old, of_new = found.of("assignment").rules
    assert list(found.refused) == [(0, 0)]
    outcome = of_old.conditions[0].evaluate(None)
    assert (outcome.matched, "inside another" in str(outcome.error)) == (False, True)
    prepared = CelExpressions().prepare({"ticket": {}}, [])
    assert [c.evaluate(prepared) for c in of_new.conditions] == [ConditionOutcome("true", {}, True)]
    (told,) = warnings(found, WORKFORCE)
    assert told.startswith("Rule “Old” never matches: all stands inside another")
    # It stays as it is until somebody puts rules; then it is refused as any other.
    assert put(found, old, of_new.rule) is found
    with pytest.raises(BadRule):
        put(found, old)


def test_rules_that_give_tickets_to_nobody_are_told() -> None:
    rules = [
        sent("Off", team="Gone"),
        sent("Nobody", agent="left@desk.example"),
        sent("Fine", team="Support", agent="left@desk.example"),
    ]
    assert warnings(compiled(1, rules, CelExpressions()), WORKFORCE) == [
        "Rule “Off” gives tickets to nobody: team Gone is not there any more.",
        "Rule “Nobody” gives tickets to nobody: agent left@desk.example is not there any more.",
    ]


def test_after_a_condition_that_cannot_be_taken_none_is_compiled_any_more() -> None:
    slow = "ticket.subject.matches('\\\\w\\\\w\\\\w\\\\w\\\\w\\\\w\\\\w\\\\w') ? 1 == 1 : dyn(1)"
    began = time.thread_time()
    with pytest.raises(BadRule) as refused:
        put(Configuration(0), sent("A"), *(sent(f"{n}", *[slow] * 20) for n in range(499)))
    assert refused.value.pointer == "#/rules/1/conditions/0"
    assert time.thread_time() - began < 0.5


def test_rules_beyond_all_bounds_are_refused_before_they_are_all_compiled() -> None:
    rules = [sent(f"{n}", *["ticket.subject.matches('\\\\w\\\\w\\\\w\\\\w')"] * 20) for n in range(500)]
    began = time.thread_time()
    with pytest.raises(BadRule, match="all rules together may take too long"):
        put(Configuration(0), *rules)
    assert time.thread_time() - began < 1.5
