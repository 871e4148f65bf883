"""The rules are put as a whole: given ids and versions, checked, and compiled."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from routing_svc.domain.conditions import Expressions
from routing_svc.domain.refusals import BadRule, ConfigurationHasMoved, UnknownName
from routing_svc.domain.rules import Configuration, Rule, compiled
from routing_svc.domain.workforce import Workforce

UNSET: Final = UUID(int=0)
"""The id of a rule that was sent without one: it is known by its name, or new."""


def configure(
    current: Configuration,
    rules: Sequence[Rule],
    expected_version: int | None,
    workforce: Workforce,
    expressions: Expressions,
    new_id: Callable[[], UUID],
) -> Configuration:
    """The next version of the configuration; the current one itself where the rules are the same.

    Raises ConfigurationHasMoved where another version was expected, BadRule or UnknownName for what cannot be taken.
    """
    settled = settle(rules, current.rules, new_id)
    if settled == current.rules:
        return current
    if expected_version not in (None, current.version):
        raise ConfigurationHasMoved(expected_version or 0, current.version)
    return checked(current.version + 1, settled, workforce, expressions)


def settle(rules: Sequence[Rule], before: Sequence[Rule], new_id: Callable[[], UUID]) -> tuple[Rule, ...]:
    """Rules with their ids and versions: those of the same rule before, one version on where it was changed."""
    by_id = {r.id: r for r in before}
    by_name = {r.name: r for r in before}
    result: list[Rule] = []
    for rule in rules:
        old = by_name.get(rule.name) if rule.id == UNSET else by_id.get(rule.id)
        if old is None:
            result.append(replace(rule, id=new_id() if rule.id == UNSET else rule.id, version=1))
            continue
        same = replace(rule, id=old.id, version=old.version)
        result.append(old if same == old else replace(same, version=old.version + 1))
    return tuple(result)


def checked(version: int, rules: Sequence[Rule], workforce: Workforce, expressions: Expressions) -> Configuration:
    """The rules compiled. Raises BadRule or UnknownName, each with a pointer to what cannot be taken."""
    configuration = compiled(version, rules, expressions, to_the_first=True)
    names: set[str] = set()
    ids: set[UUID] = set()
    for i, rule in enumerate(rules):
        if rule.name in names or (rule.id in ids and rule.id != UNSET):
            raise BadRule(f"There are two rules {rule.name!r}.", pointer=f"#/rules/{i}/name")
        names.add(rule.name)
        ids.add(rule.id)
        for j in range(len(rule.conditions)):
            if reason := configuration.refused.get((i, j)):
                raise BadRule(f"Rule {rule.name!r}: {reason}", pointer=f"#/rules/{i}/conditions/{j}")
        _check_names(rule, i, workforce)
    return configuration


def _check_names(rule: Rule, i: int, workforce: Workforce) -> None:
    actions, pointer = rule.actions, f"#/rules/{i}/actions"
    team = workforce.team(actions.team) if actions.team else None
    if actions.team and (team is None or not team.active):
        raise UnknownName("team", actions.team, f"{pointer}/team")
    agent = workforce.agent(actions.agent) if actions.agent else None
    if actions.agent and (agent is None or not agent.active):
        raise UnknownName("agent", actions.agent, f"{pointer}/agent")
    if actions.strategy and not actions.team and rule.kind == "assignment" and not actions.agent and rule.stop:
        raise BadRule(f"Rule {rule.name!r}: a strategy needs a team.", pointer=f"{pointer}/strategy")
