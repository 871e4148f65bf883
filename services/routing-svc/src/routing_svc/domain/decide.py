"""A decision: the rules asked in order, their actions merged, a team and an agent found, and all of it explained."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from deskstream_contracts.wire import MAX_ADDRESS_CHARACTERS, MAX_ADDRESSES, Priority
from routing_svc.domain.agent import Agent
from routing_svc.domain.conditions import ConditionOutcome, Expressions, Facts
from routing_svc.domain.merge import Merged
from routing_svc.domain.roster import AgentConsidered, Choice, Roster
from routing_svc.domain.rules import Actions, Configuration, Kind, names_nobody, raised
from routing_svc.domain.team import Team
from routing_svc.domain.workforce import Workforce


@dataclass(frozen=True, slots=True)
class Deadline:
    """What a clock was to be kept by, and was not, or is about not to be. `late_seconds`: how late that was noticed."""

    clock: str
    event: str
    policy: str
    due_at: datetime
    late_seconds: float


@dataclass(frozen=True, slots=True)
class Case:
    """What a decision is about: a ticket as of a version. `occasion` opens the reason, e.g. "The resolution time was breached"."""

    ticket_id: UUID
    ticket_version: int
    priority: Priority
    team_id: UUID | None
    agent_id: UUID | None
    facts: Facts
    occasion: str = ""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """A rule that was asked, with each of its conditions. `applied`: its actions were taken.

    `note` says of one that matched why it gave the ticket to nobody, so that later rules were asked.
    """

    rule_id: UUID
    rule_name: str
    rule_version: int
    conditions: tuple[ConditionOutcome, ...]
    matched: bool
    applied: bool
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who is to have the ticket. `in_turn`: the agent was chosen by turn or load, and not named by a rule."""

    team: Team | None
    agent: Agent | None
    in_turn: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done, and why. None means: leave as it is."""

    id: UUID
    ticket_id: UUID
    ticket_version: int
    kind: Kind
    at: datetime
    configuration_version: int
    reason: str
    rules: tuple[RuleOutcome, ...]
    agents: tuple[AgentConsidered, ...] = ()
    assign: Assignment | None = None
    priority: Priority | None = None
    ticket_type: str | None = None
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    sla_policy: str | None = None
    notify: tuple[tuple[str, str | None], ...] = ()
    escalate: bool = False
    deadline: Deadline | None = None

    @property
    def matched(self) -> bool:
        """Whether any rule was applied."""
        return any(r.applied for r in self.rules)


def decide(
    id_: UUID, kind: Kind, case: Case, configuration: Configuration, roster: Roster, expressions: Expressions, now: datetime
) -> Decision:
    """Changes nothing: the caller gives the ticket away on the roster if it keeps the decision."""
    outcomes, merged = ask(kind, case.facts, configuration, roster.workforce, expressions)
    assign, agents, words = _assign(kind, merged, case, roster)
    priority = merged.priority or (raised(case.priority) if merged.raise_priority else None)
    return Decision(
        id=id_,
        ticket_id=case.ticket_id,
        ticket_version=case.ticket_version,
        kind=kind,
        at=now,
        configuration_version=configuration.version,
        reason=_reason(case, outcomes, words),
        rules=outcomes,
        agents=agents,
        assign=assign,
        priority=priority,
        ticket_type=merged.ticket_type,
        tags=tuple(merged.tags),
        custom_fields=merged.custom_fields,
        sla_policy=merged.sla_policy,
        notify=_notified(merged, case, assign, roster),
        escalate=merged.escalate,
    )


def ask(
    kind: Kind, facts: Facts, configuration: Configuration, workforce: Workforce, expressions: Expressions
) -> tuple[tuple[RuleOutcome, ...], Merged]:
    """Asks the rules of a kind in order, to the first match that stops.

    A rule that would give the ticket to a team or an agent who is not there any more does the rest of what it says, and the next
    one is asked: it must not keep the ticket from those who are.
    """
    outcomes: list[RuleOutcome] = []
    merged = Merged()
    rules = configuration.of(kind)
    prepared = expressions.prepare(facts, rules.needs)
    for compiled in rules.rules:
        rule = compiled.rule
        conditions = tuple(c.evaluate(prepared) for c in compiled.conditions)
        matched = all(c.matched for c in conditions)
        note = names_nobody(rule.actions, workforce) if matched else None
        actions = replace(rule.actions, team=None, agent=None, strategy=None) if note else rule.actions
        applied = matched and (note is None or actions != Actions())
        outcomes.append(RuleOutcome(rule.id, rule.name, rule.version, conditions, matched, applied, note))
        if matched:
            merged.take(actions)
            if rule.stop and note is None:
                break
    return tuple(outcomes), merged


def _assign(kind: Kind, merged: Merged, case: Case, roster: Roster) -> tuple[Assignment | None, tuple[AgentConsidered, ...], str]:
    if not (merged.team or merged.agent or merged.strategy):
        return None, (), ""
    if kind == "assignment" and case.agent_id is not None:
        return None, (), "the ticket has an assignee already"
    workforce = roster.workforce
    team = workforce.team(merged.team) if merged.team else workforce.teams.get(case.team_id) if case.team_id else None
    named = workforce.agent(merged.agent) if merged.agent else None
    if named is not None and named.active and (named.available or not (team and merged.strategy)):
        why = "is named by the rule" + ("" if named.available else ", though not available")
        considered = AgentConsidered(named.id, named.name, named.available, roster.load_of(named.id), True, why)
        if team is None and named.team_ids:
            team = workforce.teams.get(named.team_ids[0])
        return Assignment(team, named), (considered,), f"{named.name} {why}"
    if team is None:
        return None, (), "the ticket has no team"
    if merged.strategy is None:
        return Assignment(team, None), (), f"team {team.name}"
    language = str(case.facts.get("requester", {}).get("language", ""))
    choice = roster.choose(team, merged.strategy, language, case.agent_id if kind == "escalation" else None)
    return _chosen(team, choice, kind, case)


def _chosen(team: Team, choice: Choice, kind: Kind, case: Case) -> tuple[Assignment | None, tuple[AgentConsidered, ...], str]:
    if choice.agent is None:
        # An escalated ticket keeps its agent rather than have nobody.
        keep = kind == "escalation" and team.id == case.team_id
        return (None if keep else Assignment(team, None)), choice.considered, f"team {team.name}, where nobody is available"
    words = f"team {team.name}, {choice.agent.name} {next(c.why for c in choice.considered if c.chosen)}"
    return Assignment(team, choice.agent, in_turn=True), choice.considered, words


def _notified(merged: Merged, case: Case, assign: Assignment | None, roster: Roster) -> tuple[tuple[str, str | None], ...]:
    people: dict[str, str | None] = {}
    for who in merged.notify:
        if who == "manager":
            team = roster.workforce.teams.get(case.team_id) if case.team_id else assign.team if assign else None
            if team is not None and team.manager_email:
                people.setdefault(team.manager_email, team.manager_name)
        elif who == "agent":
            agent = roster.workforce.agents.get(case.agent_id) if case.agent_id else assign.agent if assign else None
            if agent is not None:
                people.setdefault(agent.email, agent.name)
        else:
            people.setdefault(who, None)
    return tuple(_as_many_as_fit(people))


def _as_many_as_fit(people: Mapping[str, str | None]) -> Iterator[tuple[str, str | None]]:
    room = MAX_ADDRESS_CHARACTERS
    for email, name in islice(people.items(), MAX_ADDRESSES):
        room -= len(email) + len(name or "")
        if room < 0:
            return
        yield email, name


def _reason(case: Case, outcomes: tuple[RuleOutcome, ...], words: str) -> str:
    applied = [f"“{r.rule_name}” (version {r.rule_version})" for r in outcomes if r.applied]
    parts = [case.occasion] if case.occasion else []
    if applied:
        parts.append(f"{'Rule' if len(applied) == 1 else 'Rules'} {', '.join(applied)}{': ' + words if words else ''}.")
    passed_over = [f"Rule “{r.rule_name}” matched, but {r.note}: the next rules were asked." for r in outcomes if r.note]
    if not applied and not passed_over:
        parts.append(f"None of {len(outcomes)} rules matched." if outcomes else "There are no rules for this.")
    parts += passed_over
    return " ".join(parts)
