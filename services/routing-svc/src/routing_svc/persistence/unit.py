"""The unit of work of routing-svc: tickets as routing sees them, teams, agents, turns and loads, rules and decisions."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson

from deskstream_chassis.store.aggregates import AggregateStore
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.keys import Key, Many, Unique
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.unit import AppendedRows, Changes, UnitOfWork
from deskstream_contracts.wire import Actor
from routing_svc.domain import agent as a
from routing_svc.domain import team as t
from routing_svc.domain.agent import Agent, AgentAdded, AgentEvent
from routing_svc.domain.conditions import Facts
from routing_svc.domain.decide import Decision
from routing_svc.domain.references import as_id
from routing_svc.domain.rules import Configuration, warnings
from routing_svc.domain.team import Team, TeamAdded, TeamEvent
from routing_svc.domain.ticket import RoutedTicket
from routing_svc.domain.workforce import Workforce
from routing_svc.messaging.published import agent_event, decided, team_event
from routing_svc.persistence import tables
from routing_svc.persistence.configuration_cache import AGENT, RULES, TEAM, TICKET, ConfigurationCache
from routing_svc.persistence.heard_fields import HeardFields
from routing_svc.persistence.old_rules import OldRules
from routing_svc.persistence.staffing import Staffing

_TICKET_KEYS: Mapping[str, Key[RoutedTicket]] = {"number": Many(lambda ticket: ticket.number)}
_TEAM_KEYS: Mapping[str, Key[Team]] = {"name_key": Unique(lambda team: team.name.casefold())}
_AGENT_KEYS: Mapping[str, Key[Agent]] = {"email": Unique(lambda agent: agent.email)}


class RoutingUnit(UnitOfWork):
    def __init__(self, connection: Connection, outbox: Outbox, now: datetime, *, cache: ConfigurationCache) -> None:
        super().__init__(connection, outbox, now)
        self.expressions = cache.expressions
        # The order of locks, the same for everybody: tickets, turns, teams, agents.
        self.tickets = self.include(AggregateStore(connection, tables.tickets, TICKET, _TICKET_KEYS))
        self.staffing = self.include(Staffing(connection, cache))
        self.teams = self.include(AggregateStore(connection, tables.teams, TEAM, _TEAM_KEYS))
        self.agents = self.include(AggregateStore(connection, tables.agents, AGENT, _AGENT_KEYS))
        self.heard_fields = self.include(HeardFields(connection))
        self.old_rules = self.include(OldRules(connection))
        self._rotations = self.include(AppendedRows(connection, tables.rotations, "ON CONFLICT DO NOTHING"))
        self._decisions = self.include(AppendedRows(connection, tables.decisions))
        self._team_changes: Changes[Team, TeamEvent, None] = Changes(self, self.teams, t.apply, team_event)
        self._agent_changes: Changes[Agent, AgentEvent, None] = Changes(self, self.agents, a.apply, agent_event)

    def need_team(self, reference: str) -> None:
        """Says that the team of this name or id is needed."""
        if (id_ := as_id(reference)) is not None:
            self.teams.need(id_)
        else:
            self.need_team_named(reference)

    def need_team_named(self, name: str) -> None:
        """Says that the team of this name is needed, whatever the case of its letters."""
        self.teams.need_by("name_key", name.casefold())

    def referred_team(self, reference: str) -> Team | None:
        """The team of this name or id that was needed; None where there is none."""
        id_ = as_id(reference)
        return self.team_named(reference) if id_ is None else self.teams.get(id_)

    def team_named(self, name: str) -> Team | None:
        """The team of this name that was needed; None where there is none."""
        return self.teams.find("name_key", name.casefold())

    def need_agent(self, reference: str) -> None:
        """Says that the agent of this address or id is needed."""
        if (id_ := as_id(reference)) is not None:
            self.agents.need(id_)
        else:
            self.agents.need_by("email", reference.lower())

    def referred_agent(self, reference: str) -> Agent | None:
        """The agent of this address or id that was needed; None where there is none."""
        id_ = as_id(reference)
        return self.agents.find("email", reference.lower()) if id_ is None else self.agents.get(id_)

    def add_team(self, added: TeamAdded) -> Team:
        """A new team, in which nobody has had a turn yet."""
        self._rotations.add(team_id=added.team.id, turns="{}")
        self.staffing.workforce_changed()
        return self._team_changes.begin(added, None)

    def change_team(self, team: Team, changes: Sequence[TeamEvent]) -> Team:
        """The team after the changes, each recorded with the state after it."""
        if changes:
            self.staffing.workforce_changed()
        return self._team_changes.make(team, changes, None)

    def add_agent(self, added: AgentAdded) -> Agent:
        """A new agent."""
        self.staffing.workforce_changed()
        return self._agent_changes.begin(added, None)

    def change_agent(self, agent: Agent, changes: Sequence[AgentEvent]) -> Agent:
        """The agent after the changes, each recorded with the state after it."""
        if changes:
            self.staffing.workforce_changed()
        return self._agent_changes.make(agent, changes, None)

    def rule_warnings(self, put: Team | Agent) -> list[str]:
        """Rules in force that do not do what they say, once this team or agent is as it was put now."""
        workforce = self.staffing.roster.workforce
        teams, agents = dict(workforce.teams), dict(workforce.agents)
        if isinstance(put, Team):
            teams[put.id] = put
        else:
            agents[put.id] = put
        return warnings(self.staffing.configuration, Workforce.of(teams.values(), agents.values()))

    def put_in_force(self, configuration: Configuration, note: str, by: Actor) -> None:
        """Keeps a new version of the rules, which is in force from this transaction on."""
        self.staffing.configure(
            version=configuration.version,
            rules=RULES.dump_json(configuration.rules).decode(),
            note=note,
            by_id=by.id,
            by_name=by.name or "",
            at=self.now,
        )

    def keep(self, ticket: RoutedTicket) -> None:
        """Takes the ticket as it is now, and counts it for whoever has it."""
        before = self.tickets.get(ticket.id)
        if ticket is not before:
            self.staffing.moved(before.counted_for if before else None, ticket.counted_for)
            self.tickets.put(ticket)

    def keep_decision(self, decision: Decision, facts: Facts, *, publish: bool) -> None:
        """Keeps a decision with what it looked at; `publish`: there is something to do, so ticket-svc is to hear of it."""
        event = decided(decision)
        self._decisions.add(
            id=decision.id,
            ticket_id=decision.ticket_id,
            kind=decision.kind,
            at=decision.at,
            configuration_version=decision.configuration_version,
            published=publish,
            input=_json(orjson.dumps(facts).decode()),
            decision=_json(event.model_dump_json(exclude_none=True)),
        )
        if publish:
            self.record(event)


def _json(document: str) -> str:
    # PostgreSQL's jsonb has no NUL; mails do.
    return document.replace("\\u0000", "\\ufffd") if "\\u0000" in document else document
