"""Rules merged, agents chosen, decisions explained."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from deskstream_contracts.wire import PRIORITIES
from routing_svc.adapters.expressions import CelExpressions
from routing_svc.domain.agent import Agent
from routing_svc.domain.decide import Case, Decision, decide
from routing_svc.domain.merge import Merged
from routing_svc.domain.roster import Roster
from routing_svc.domain.rules import Actions, Kind, Rule, compiled, raised
from routing_svc.domain.team import Team
from routing_svc.domain.workforce import Workforce
from routing_svc.messaging.published import decided

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
SUPPORT = Team(UUID(int=100), 1, "Support", "boss@desk.example", "Boss")
BILLING = Team(UUID(int=200), 1, "Billing")


def agent(n: int, *languages: str, available: bool = True, active: bool = True) -> Agent:
    return Agent(UUID(int=n), 1, f"agent{n}", f"agent{n}@desk.example", (SUPPORT.id,), languages, available, active)


def roster(*agents: Agent, loads: dict[int, int] | None = None) -> Roster:
    return Roster(Workforce.of([SUPPORT, BILLING], agents), {UUID(int=n): load for n, load in (loads or {}).items()}, {})


def decision(*rules: Rule, on: Roster, kind: Kind = "assignment", **subject: Any) -> Decision:
    expressions = CelExpressions()
    facts = {"ticket": {"priority": "low"}, "requester": {"language": subject.pop("language", "en")}}
    about = Case(UUID(int=1), 1, "high", subject.get("team_id"), subject.get("agent_id"), facts)
    return decide(UUID(int=2), kind, about, compiled(3, rules, expressions), on, expressions, NOW)


def rule(name: str, actions: Actions, *conditions: str, kind: Kind = "assignment", stop: bool = True) -> Rule:
    return Rule(UUID(int=len(name)), name, 1, kind, conditions, actions, stop)


def test_the_first_match_stops_and_a_rule_that_does_not_stop_lets_others_fill_in() -> None:
    made = decision(
        rule("a", Actions(priority="high", tags=("x",)), stop=False),
        rule("bb", Actions(team="Billing", priority="low", tags=("y", "x"))),
        rule("ccc", Actions(team="Support")),
        on=roster(),
    )
    assert (made.priority, made.tags) == ("high", ("x", "y"))
    assert made.assign is not None
    assert made.assign.team == BILLING
    assert [r.rule_name for r in made.rules] == ["a", "bb"]
    assert made.reason == "Rules “a” (version 1), “bb” (version 1): team Billing."


def test_rules_ask_together_for_no_more_than_a_decision_can_hold() -> None:
    rules = [
        rule(
            "r" * n,
            Actions(
                tags=tuple(f"{n}.{m}" for m in range(20)),
                custom_fields={f"{n}.{m}": "x" * 400 for m in range(15)},
                notify=tuple(f"{n}.{m}{'x' * 90}@people.example" for m in range(20)),
            ),
            stop=False,
        )
        for n in range(1, 9)
    ]
    made = decision(*rules, rule("last", Actions(custom_fields={"s": ""}, team="Billing")), on=roster())
    told = decided(made)
    assert (len(told.add_tags), told.add_tags[0], told.add_tags[-1]) == (50, "1.0", "3.9")
    assert "1.0" in told.custom_fields, "what an earlier rule asked for goes before"
    assert "s" in told.custom_fields, "and what still fits is taken"
    assert 80 < len(told.notify) <= 100
    small = {f"{n}": "" for n in range(60)}
    many = decision(
        rule("a", Actions(custom_fields=small), stop=False),
        rule("bb", Actions(custom_fields={f"x{n}": "" for n in small})),
        on=roster(),
    )
    assert len(decided(many).custom_fields) == 100


def test_an_agent_meant_for_another_team_is_not_taken_over() -> None:
    merged = Merged()
    merged.take(Actions(team="Support"))
    merged.take(Actions(team="Billing", agent="bo", strategy="round_robin", priority="low"))
    assert (merged.team, merged.agent, merged.strategy, merged.priority) == ("Support", None, None, "low")


def test_turns_stay_fair_when_languages_overlap() -> None:
    on = roster(agent(1, "de", "en"), agent(2, "de"), agent(3, "en"), agent(4, "en"))
    given: Counter[str] = Counter()
    for n in range(40):
        choice = on.choose(SUPPORT, "round_robin", "de" if n % 2 else "en")
        assert choice.agent is not None
        on.given(SUPPORT.id, choice.agent.id)
        given[choice.agent.name] += 1
    assert min(given.values()) >= 8


def test_the_least_loaded_of_those_who_are_there_is_chosen() -> None:
    on = roster(agent(1), agent(2), agent(3, available=False), agent(4, active=False), loads={1: 5, 2: 4})
    choice = on.choose(SUPPORT, "least_loaded", "fr")
    assert choice.agent is not None
    assert choice.agent.name == "agent2"
    assert {c.agent_name: c.why for c in choice.considered} == {
        "agent2": "has the fewest open tickets",
        "agent1": "has more open tickets, or had a turn later",
        "agent3": "is not available",
    }


def test_an_escalation_goes_to_somebody_else_if_there_is_anybody() -> None:
    act = rule("up", Actions(strategy="least_loaded", raise_priority=True, notify=("manager", "x@y.example")), kind="escalation")
    made = decision(act, on=roster(agent(1), agent(2), loads={2: 9}), kind="escalation", team_id=SUPPORT.id, agent_id=UUID(int=1))
    assert made.assign is not None
    assert made.assign.agent is not None
    assert made.assign.agent.name == "agent2"
    assert made.priority == "critical"
    assert made.notify == (("boss@desk.example", "Boss"), ("x@y.example", None))
    alone = decision(act, on=roster(agent(1, available=False)), kind="escalation", team_id=SUPPORT.id, agent_id=UUID(int=1))
    assert alone.assign is None


def test_a_named_agent_gets_it_even_when_away_unless_the_team_can_help() -> None:
    away = agent(1, available=False)
    made = decision(rule("a", Actions(agent="agent1")), on=roster(away))
    assert made.assign is not None
    assert (made.assign.agent, made.assign.team) == (away, SUPPORT)
    helped = decision(rule("a", Actions(team="Support", agent="agent1", strategy="round_robin")), on=roster(away, agent(2)))
    assert helped.assign is not None
    assert helped.assign.agent == agent(2)


def test_a_ticket_that_has_an_agent_keeps_it() -> None:
    made = decision(rule("a", Actions(team="Support", strategy="round_robin")), on=roster(agent(1)), agent_id=UUID(int=9))
    assert made.assign is None
    assert "has an assignee already" in made.reason


def test_an_agent_who_is_named_keeps_it_though_away_where_nobody_of_the_team_is_asked_for() -> None:
    away = agent(1, available=False)
    made = decision(rule("a", Actions(team="Support", agent="agent1")), on=roster(away, agent(2)))
    assert made.assign is not None
    assert made.assign.agent == away


def test_a_team_that_is_switched_off_gets_nothing() -> None:
    closed = Roster(Workforce.of([replace(SUPPORT, active=False)], [agent(1)]), {}, {})
    made = decision(rule("a", Actions(team="Support", strategy="round_robin")), on=closed)
    assert made.assign is None
    assert "is not there any more" in made.reason


def test_an_earlier_rules_custom_field_stands() -> None:
    merged = Merged()
    merged.take(Actions(custom_fields={"plan": "pro"}))
    merged.take(Actions(custom_fields={"plan": "free", "site": "Oslo"}))
    assert merged.custom_fields == {"plan": "pro", "site": "Oslo"}


def test_who_has_fewest_tickets_is_chosen_before_who_had_fewest_turns() -> None:
    on = roster(agent(1), agent(2), loads={1: 3, 2: 1})
    for _ in range(2):
        on.given(SUPPORT.id, UUID(int=2))
    choice = on.choose(SUPPORT, "least_loaded", "en")
    assert choice.agent == agent(2)


def test_a_ticket_that_moves_on_counts_for_who_has_it_now() -> None:
    on = roster(agent(1), agent(2), loads={1: 2})
    on.moved(UUID(int=1), UUID(int=2))
    on.moved(None, UUID(int=2))
    on.moved(UUID(int=1), None)
    assert (on.load_of(UUID(int=1)), on.load_of(UUID(int=2))) == (0, 2)


def test_who_joins_a_team_gets_a_turn_and_not_every_turn_that_was_missed() -> None:
    on = roster(agent(1), agent(2), agent(3))
    for n in (1, 2, 1, 2, 1, 2):
        on.given(SUPPORT.id, UUID(int=n))
    names = []
    for _ in range(3):
        choice = on.choose(SUPPORT, "round_robin", "en")
        assert choice.agent is not None
        on.given(SUPPORT.id, choice.agent.id)
        names.append(choice.agent.name)
    assert sorted(names) == ["agent1", "agent2", "agent3"]


def test_an_agent_speaks_a_language_in_whichever_of_its_forms() -> None:
    austrian = agent(2, "de-AT")
    choice = roster(agent(1, "en"), austrian).choose(SUPPORT, "round_robin", "de")
    assert choice.agent == austrian


def test_a_priority_is_raised_by_one_and_not_beyond_the_highest() -> None:
    assert [raised(p) for p in PRIORITIES] == ["medium", "high", "critical", "critical"]


def test_each_kind_of_decision_asks_its_own_rules() -> None:
    made = decision(rule("a", Actions(priority="critical"), kind="escalation"), on=roster())
    assert made.reason == "There are no rules for this."
    assert made.priority is None


GONE = Team(UUID(int=300), 1, "Gone", active=False)


def with_gone(*agents: Agent) -> Roster:
    return Roster(Workforce.of([SUPPORT, GONE], agents), {}, {})


def test_a_rule_whose_team_is_switched_off_does_the_rest_and_lets_the_next_one_have_the_ticket() -> None:
    made = decision(
        rule("off", Actions(team="Gone", strategy="round_robin", priority="critical")),
        rule("never was", Actions(team="Nowhere")),
        rule("next", Actions(team="Support", priority="low")),
        on=with_gone(agent(1)),
    )
    assert made.assign is not None
    assert (made.assign.team, made.assign.agent, made.priority) == (SUPPORT, None, "critical")
    assert [(r.matched, r.applied, r.note) for r in made.rules] == [
        (True, True, "team Gone is not there any more"),
        (True, False, "team Nowhere is not there any more"),
        (True, True, None),
    ]
    assert "Rule “off” matched, but team Gone is not there any more: the next rules were asked." in made.reason


def test_a_rule_that_names_an_agent_alone_who_is_gone_lets_the_next_one_have_the_ticket() -> None:
    on = roster(agent(1), agent(2, active=False))
    made = decision(rule("a", Actions(agent="agent2@desk.example")), rule("bb", Actions(agent="agent1@desk.example")), on=on)
    assert made.assign is not None
    assert made.assign.agent == agent(1)
    named_with_team = decision(rule("a", Actions(team="Support", agent="agent2@desk.example")), rule("bb", Actions()), on=on)
    assert [r.rule_name for r in named_with_team.rules] == ["a"]


def test_a_ticket_of_which_every_rule_names_nobody_is_decided_and_says_so() -> None:
    made = decision(rule("off", Actions(team="Gone")), on=with_gone())
    assert (made.assign, made.matched) == (None, False)
    assert made.reason == "Rule “off” matched, but team Gone is not there any more: the next rules were asked."


def test_an_escalation_within_the_tickets_team_needs_no_team_in_the_rule() -> None:
    made = decision(
        rule("a", Actions(agent="agent9@desk.example", strategy="least_loaded"), kind="escalation"),
        on=roster(agent(1)), kind="escalation", team_id=SUPPORT.id,
    )  # fmt: skip
    assert made.assign is not None
    assert (made.assign.agent, made.rules[0].note) == (agent(1), None)
