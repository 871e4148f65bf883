"""Decisions, teams and agents as the contract has them: the translation on the way out."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from deskstream_contracts.events import routing as wire
from deskstream_contracts.wire import Address
from routing_svc.domain.agent import Agent, AgentEvent
from routing_svc.domain.decide import Assignment, Decision, RuleOutcome
from routing_svc.domain.team import Team, TeamEvent

_REASON: Final = 4000
_LINE: Final = 1000
_AGENT = tuple(wire.AgentConsidered.model_fields)


def decided(decision: Decision) -> wire.RoutingDecidedV1:
    """The decision with its whole explanation."""
    # Plain values, so that one call checks and builds all of the many small models.
    return wire.RoutingDecidedV1.model_validate(
        {
            "decision_id": decision.id,
            "ticket_id": decision.ticket_id,
            "ticket_version": decision.ticket_version,
            "kind": decision.kind,
            "at": decision.at,
            "configuration_version": decision.configuration_version,
            "assign": _assignee(decision.assign),
            "priority": decision.priority,
            "ticket_type": decision.ticket_type,
            "add_tags": list(decision.tags),
            "custom_fields": decision.custom_fields,
            "sla_policy": decision.sla_policy,
            "notify": [{"email": email, "name": name} for email, name in decision.notify],
            "escalate": decision.escalate,
            "deadline": asdict(decision.deadline) if decision.deadline else None,
            "reason": decision.reason[:_REASON],
            "rules": [_rule(r) for r in shown(decision.rules)],
            "agents": [{name: getattr(a, name) for name in _AGENT} for a in decision.agents],
        }
    )


def shown(outcomes: Sequence[RuleOutcome]) -> list[RuleOutcome]:
    """As many rules as an event may explain, in their order: those that did something go before those that did not."""
    room = wire.MAX_RULES_WEIGHT
    kept: set[int] = set()
    for number in sorted(range(len(outcomes)), key=lambda n: (not outcomes[n].applied, not outcomes[n].matched, n)):
        outcome = outcomes[number]
        conditions = [(c.expression, c.values, _line(c.error)) for c in outcome.conditions]
        room -= wire.weight(outcome.rule_name, _line(outcome.note), conditions)
        if room < 0 or len(kept) >= wire.MAX_RULES:
            break
        kept.add(number)
    return [outcome for number, outcome in enumerate(outcomes) if number in kept]


def _line(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())[:_LINE]


def _rule(outcome: RuleOutcome) -> dict[str, Any]:
    return {
        "rule_id": outcome.rule_id,
        "rule_name": outcome.rule_name,
        "rule_version": outcome.rule_version,
        "conditions": [
            {"expression": c.expression, "values": c.values, "matched": c.matched, "error": _line(c.error)}
            for c in outcome.conditions
        ],
        "matched": outcome.matched,
        "applied": outcome.applied,
        "note": _line(outcome.note),
    }


def _assignee(assign: Assignment | None) -> dict[str, Any] | None:
    if assign is None:
        return None
    team, agent = assign.team, assign.agent
    return {
        "team_id": team.id if team else None,
        "team_name": team.name if team else None,
        "agent_id": agent.id if agent else None,
        "agent_name": agent.name if agent else None,
    }


def team_event(_: TeamEvent, before: Team | None, after: Team, by: None) -> wire.TeamUpdatedV1:
    """Whatever has happened to a team, its readers are given the team as it is now."""
    return wire.TeamUpdatedV1(team=team_state(after))


def agent_event(_: AgentEvent, before: Agent | None, after: Agent, by: None) -> wire.AgentUpdatedV1:
    """Whatever has happened to an agent, their readers are given the agent as they are now."""
    return wire.AgentUpdatedV1(agent=agent_state(after))


def team_state(team: Team) -> wire.TeamState:
    """A team as its readers see it."""
    manager = Address(email=team.manager_email, name=team.manager_name) if team.manager_email else None
    return wire.TeamState(id=team.id, version=team.version, name=team.name, manager=manager, active=team.active)


def agent_state(agent: Agent) -> wire.AgentState:
    """An agent as their readers see them."""
    return wire.AgentState(
        id=agent.id,
        version=agent.version,
        name=agent.name,
        email=agent.email,
        team_ids=list(agent.team_ids),
        languages=list(agent.languages),
        available=agent.available,
        active=agent.active,
    )
