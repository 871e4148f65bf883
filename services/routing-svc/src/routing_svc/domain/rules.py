"""Rules: what they ask, what they do, and the configuration that holds them in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

from routing_svc.domain.conditions import Condition, Expressions

Kind = Literal["assignment", "escalation"]
Strategy = Literal["round_robin", "least_loaded"]
Priority = Literal["low", "medium", "high", "critical"]
PRIORITIES: Final[tuple[Priority, ...]] = ("low", "medium", "high", "critical")


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

    def of(self, kind: Kind) -> RuleSet:
        """The rules of a kind; an empty set where there are none."""
        return self.compiled.get(kind) or RuleSet((), frozenset())


def compiled(version: int, rules: Sequence[Rule], expressions: Expressions) -> Configuration:
    """Raises BadExpression at the first expression that cannot be taken."""
    sets: dict[Kind, RuleSet] = {}
    kinds: tuple[Kind, ...] = ("assignment", "escalation")
    for kind in kinds:
        of_kind = [CompiledRule(r, tuple(expressions.compile(e, kind) for e in r.conditions)) for r in rules if r.kind == kind]
        needs = frozenset(need for r in of_kind for c in r.conditions for need in c.needs)
        sets[kind] = RuleSet(tuple(of_kind), needs)
    return Configuration(version, tuple(rules), sets)


def raised(priority: Priority) -> Priority:
    """One level above."""
    return PRIORITIES[min(PRIORITIES.index(priority) + 1, len(PRIORITIES) - 1)]
