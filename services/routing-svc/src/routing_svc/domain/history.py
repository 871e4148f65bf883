"""Rules tried on what was decided in the last days, before they are switched on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from routing_svc.domain.conditions import Expressions, Facts
from routing_svc.domain.decide import ask
from routing_svc.domain.merge import Merged
from routing_svc.domain.rules import Configuration, Kind


@dataclass(frozen=True, slots=True)
class PastDecision:
    """What was decided, in the words that rules use; `facts` is what the rules saw then."""

    ticket_id: UUID
    at: datetime
    kind: Kind
    facts: Facts
    decision: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    ticket_id: UUID
    at: datetime
    before: dict[str, Any]
    after: dict[str, Any]
    rules_before: tuple[str, ...]
    rules_after: tuple[str, ...]


def try_on_history(
    past: Sequence[PastDecision], candidate: Configuration, current: Configuration, expressions: Expressions
) -> list[Difference]:
    """Where the candidate's rules ask for something else than those in force, on the same facts.

    Compared is what the rules ask for; who of a team would have had the turn depends on the day.
    """
    found: list[Difference] = []
    for one in past:
        before_rules, before = ask(one.kind, one.facts, current, expressions)
        after_rules, after = ask(one.kind, one.facts, candidate, expressions)
        if before != after:
            found.append(
                Difference(
                    one.ticket_id,
                    one.at,
                    _words(before),
                    _words(after),
                    tuple(r.rule_name for r in before_rules if r.applied),
                    tuple(r.rule_name for r in after_rules if r.applied),
                )
            )
    return found


def _words(merged: Merged) -> dict[str, Any]:
    return {name: value for name in Merged.__slots__ if (value := getattr(merged, name))}
