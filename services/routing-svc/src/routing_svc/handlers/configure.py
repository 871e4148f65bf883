"""The rules are put as a whole: checked, given ids and versions, and in force from the next decision on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from routing_svc.domain.conditions import BadExpression, Expressions
from routing_svc.domain.refusals import BadRule, ConfigurationHasMoved, UnknownName
from routing_svc.domain.rules import Configuration, Rule, compiled
from routing_svc.domain.workforce import Workforce
from routing_svc.persistence.configuration_cache import RULES
from routing_svc.persistence.unit import RoutingUnit

UNSET = UUID(int=0)
"""The id of a rule that was sent without one: it is known by its name, or new."""


@dataclass(frozen=True, slots=True)
class PutConfiguration:
    rules: Sequence[Rule]
    note: str
    expected_version: int | None
    by_id: str
    by_name: str

    def needs(self, unit: RoutingUnit) -> None:
        unit.staffing.need(for_configuring=True)

    def handle(self, unit: RoutingUnit) -> Configuration:
        current = unit.staffing.configuration
        known = current.rules
        rules = settled(self.rules, known, unit)
        if rules == known:
            return current
        if self.expected_version not in (None, current.version):
            raise ConfigurationHasMoved(self.expected_version or 0, current.version)
        configuration = checked(current.version + 1, rules, unit.staffing.roster.workforce, unit.expressions)
        unit.staffing.configure(
            version=configuration.version,
            rules=RULES.dump_json(rules).decode(),
            note=self.note,
            by_id=self.by_id,
            by_name=self.by_name,
            at=unit.now,
        )
        return configuration


def settled(rules: Sequence[Rule], known: Sequence[Rule], unit: RoutingUnit) -> tuple[Rule, ...]:
    """Rules with their ids and versions: those of the same rule before, a version on where it was changed."""
    by_id = {r.id: r for r in known}
    by_name = {r.name: r for r in known}
    result: list[Rule] = []
    for rule in rules:
        before = by_name.get(rule.name) if rule.id == UNSET else by_id.get(rule.id)
        if before is None:
            id_ = unit.new_id() if rule.id == UNSET else rule.id
            result.append(replace(rule, id=id_, version=1))
            continue
        same = replace(rule, id=before.id, version=before.version)
        result.append(before if same == before else replace(same, version=before.version + 1))
    return tuple(result)


def checked(version: int, rules: Sequence[Rule], workforce: Workforce, expressions: Expressions) -> Configuration:
    """Raises BadRule or UnknownName, each with a pointer to what cannot be taken."""
    names: set[str] = set()
    ids: set[UUID] = set()
    for i, rule in enumerate(rules):
        if rule.name in names or (rule.id in ids and rule.id != UNSET):
            raise BadRule(f"There are two rules {rule.name!r}.", pointer=f"#/rules/{i}/name")
        names.add(rule.name)
        ids.add(rule.id)
        for j, expression in enumerate(rule.conditions):
            try:
                expressions.compile(expression, rule.kind)
            except BadExpression as bad:
                raise BadRule(f"Rule {rule.name!r}: {bad.reason}", pointer=f"#/rules/{i}/conditions/{j}") from bad
        _check_names(rule, i, workforce)
    return compiled(version, rules, expressions)


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
