"""Rules: what they ask, what they do, and the configuration that holds them in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

from deskstream_contracts.wire import PRIORITIES, Priority
from routing_svc.domain.conditions import BadExpression, Condition, Expressions, RefusedCondition
from routing_svc.domain.workforce import Workforce

Kind = Literal["assignment", "escalation"]
Strategy = Literal["round_robin", "least_loaded"]
MOST_MICROSECONDS: Final = 250_000.0
"""What all conditions of a kind may cost on the largest ticket, as estimated."""
MOST_CHARACTERS: Final = 100_000
"""Of all conditions together: compiling them takes half a second at most."""
MOST_EXPLAINED_BYTES: Final = 600_000
"""Of the conditions' part of an explanation, which travels in one event."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What a rule does; what is None or empty leaves the ticket as it is.

    `team` and `agent` are names (an agent's address will do too); `notify` holds "manager", "agent" or addresses.
    """

    team: str | None = None
    agent: str | None = None
    strategy: Strategy | None = None
    priority: Priority | None = None
    raise_priority: bool = False
    ticket_type: str | None = None
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    sla_policy: str | None = None
    notify: tuple[str, ...] = ()
    escalate: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """`version` counts the changes of this rule; all `conditions` must hold; after a match with `stop` no other is asked."""

    id: UUID
    name: str
    version: int
    kind: Kind
    conditions: tuple[str, ...]
    actions: Actions
    stop: bool = True


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule, and its conditions ready to be evaluated."""

    rule: Rule
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one kind in their order, and all the fields that they look at."""

    rules: tuple[CompiledRule, ...]
    needs: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Configuration:
    """The rules in force as of one version, compiled."""

    version: int
    rules: tuple[Rule, ...] = ()
    compiled: Mapping[Kind, RuleSet] = field(default_factory=dict)
    refused: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Conditions that cannot be taken, by the places of rule and condition, and why: only of rules kept by an earlier release."""

    def of(self, kind: Kind) -> RuleSet:
        """The rules of a kind; an empty set where there are none."""
        return self.compiled.get(kind) or RuleSet((), frozenset())


def compiled(version: int, rules: Sequence[Rule], expressions: Expressions, *, to_the_first: bool = False) -> Configuration:
    """The rules ready to be asked. A condition that cannot be taken never matches, and is named in `refused`.

    `to_the_first`: after one that cannot be taken none is compiled any more.
    """
    taking = _Taking(expressions, to_the_first)
    of_rules = [(r, tuple(taking.take(e, r.kind, (i, j)) for j, e in enumerate(r.conditions))) for i, r in enumerate(rules)]
    sets: dict[Kind, RuleSet] = {}
    kinds: tuple[Kind, ...] = ("assignment", "escalation")
    for kind in kinds:
        of_kind = tuple(CompiledRule(rule, conditions) for rule, conditions in of_rules if rule.kind == kind)
        sets[kind] = RuleSet(of_kind, frozenset(need for r in of_kind for c in r.conditions for need in c.needs))
    return Configuration(version, tuple(rules), sets, taking.refused)


class _Taking:
    """Takes conditions one after another while there is room: what all of them cost and say together is bounded."""

    def __init__(self, expressions: Expressions, to_the_first: bool) -> None:
        self._expressions = expressions
        self._to_the_first = to_the_first
        self._cost: dict[Kind, float] = {}
        self._characters = 0
        self._explained = 0
        self._full: str | None = None
        self.refused: dict[tuple[int, int], str] = {}

    def take(self, expression: str, kind: Kind, place: tuple[int, int]) -> Condition:
        # Where the room has run out nothing is compiled any more: that takes time, too.
        if self._full is not None:
            return self._refuse(expression, place, self._full)
        try:
            condition = self._expressions.compile(expression, kind)
        except BadExpression as bad:
            return self._refuse(expression, place, bad.reason)
        self._characters += len(expression)
        self._explained += condition.explained_bytes
        cost = self._cost[kind] = self._cost.get(kind, 0.0) + condition.cost
        if self._characters > MOST_CHARACTERS:
            self._full = f"the conditions of all rules have more than {MOST_CHARACTERS} characters"
        elif cost > MOST_MICROSECONDS:
            self._full = "all rules together may take too long on a large ticket: ask for less"
        elif self._explained > MOST_EXPLAINED_BYTES:
            self._full = "the explanation of all rules together may become too long to be sent"
        return condition if self._full is None else self._refuse(expression, place, self._full)

    def _refuse(self, expression: str, place: tuple[int, int], reason: str) -> RefusedCondition:
        self.refused[place] = reason
        if self._to_the_first:
            self._full = reason
        return RefusedCondition(expression, reason)


def names_nobody(actions: Actions, workforce: Workforce) -> str | None:
    """Why actions cannot give a ticket to anybody, though they would: the team, or the agent alone, is not there any more."""
    team = workforce.team(actions.team) if actions.team else None
    if actions.team and (team is None or not team.active):
        return f"team {actions.team} is not there any more"
    agent = workforce.agent(actions.agent) if actions.agent else None
    alone = not actions.team and not actions.strategy
    if actions.agent and alone and (agent is None or not agent.active):
        return f"agent {actions.agent} is not there any more"
    return None


def warnings(configuration: Configuration, workforce: Workforce) -> list[str]:
    """Rules that do not do what they say, a sentence each: a condition is not taken any more, or they name nobody who is there."""
    rules = configuration.rules
    refused = [f"Rule “{rules[i].name}” never matches: {why}." for (i, _), why in configuration.refused.items()]
    nobody = [f"Rule “{r.name}” gives tickets to nobody: {why}." for r in rules if (why := names_nobody(r.actions, workforce))]
    return refused + nobody


def raised(priority: Priority) -> Priority:
    """One level above."""
    return PRIORITIES[min(PRIORITIES.index(priority) + 1, len(PRIORITIES) - 1)]
