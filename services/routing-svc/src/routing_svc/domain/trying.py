"""Rules tried before they are switched on: on one case, and on what was decided in the last days. Nothing is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from routing_svc.domain.conditions import Expressions, Facts
from routing_svc.domain.configuring import checked
from routing_svc.domain.decide import Case, Decision, ask, decide
from routing_svc.domain.merge import Merged
from routing_svc.domain.roster import Roster
from routing_svc.domain.rules import Kind, Rule, compiled
from routing_svc.domain.workforce import Workforce


@dataclass(frozen=True, slots=True)
class PastDecision:
    """What was decided, in the words that rules use; `facts` is what the rules looked at then."""

    ticket_id: UUID
    at: datetime
    kind: Kind
    facts: Facts


@dataclass(frozen=True, slots=True)
class Difference:
    """A past decision that would come out otherwise: what the rules ask for, and which were applied."""

    ticket_id: UUID
    at: datetime
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    rules_before: tuple[str, ...]
    rules_after: tuple[str, ...]


def try_rules(id_: UUID, rules: Sequence[Rule], case: Case, roster: Roster, expressions: Expressions, now: datetime) -> Decision:
    """The decision that these rules would make now; an escalation where the case has a clock. Raises BadRule, UnknownName."""
    kind: Kind = "escalation" if "sla" in case.facts else "assignment"
    return decide(id_, kind, case, checked(0, rules, roster.workforce, expressions), roster, expressions, now)


def try_on_history(
    past: Sequence[PastDecision],
    candidate: Sequence[Rule],
    current: Sequence[Rule],
    workforce: Workforce,
    expressions: Expressions,
) -> list[Difference]:
    """Where the candidate's rules ask for something else than those in force, on the same facts.

    Compared is what the rules ask for; who of a team would have had the turn depends on the day. Raises BadRule, UnknownName.
    """
    after, before = checked(0, candidate, workforce, expressions), compiled(0, current, expressions)
    found: list[Difference] = []
    for one in past:
        before_rules, asked_before = ask(one.kind, one.facts, before, workforce, expressions)
        after_rules, asked_after = ask(one.kind, one.facts, after, workforce, expressions)
        if asked_before != asked_after:
            found.append(
                Difference(
                    one.ticket_id,
                    one.at,
                    _words(asked_before),
                    _words(asked_after),
                    tuple(r.rule_name for r in before_rules if r.applied),
                    tuple(r.rule_name for r in after_rules if r.applied),
                )
            )
    return found


def _words(merged: Merged) -> dict[str, Any]:
    return {name: value for name in Merged.__slots__ if (value := getattr(merged, name))}
