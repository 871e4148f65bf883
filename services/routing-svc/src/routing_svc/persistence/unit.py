"""The unit of work of routing-svc: tickets as routing sees them, teams, agents, turns and loads, and decisions."""

import json
from collections.abc import Callable
from datetime import datetime

from deskstream_chassis.store.aggregates import AggregateStore
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.unit import AppendedRows, UnitOfWork
from deskstream_contracts.wire import Event
from routing_svc.domain.conditions import Facts
from routing_svc.domain.decide import Decision
from routing_svc.domain.ticket import RoutedTicket
from routing_svc.domain.workforce import Agent, Team
from routing_svc.persistence import tables
from routing_svc.persistence.configuration_cache import AGENT, TEAM, TICKET, ConfigurationCache
from routing_svc.persistence.staffing import Staffing

Publish = Callable[[Decision | Team | Agent], Event]
"""How what was decided, or a team or an agent as it is now, is put into the contract's words."""


class RoutingUnit(UnitOfWork):
    def __init__(
        self, connection: Connection, outbox: Outbox, now: datetime, *, known: ConfigurationCache, publish: Publish
    ) -> None:
        super().__init__(connection, outbox, now)
        self._publish = publish
        self.expressions = known.expressions
        # The order of locks, the same for everybody: tickets, turns, teams, agents.
        self.tickets = self.include(AggregateStore(connection, tables.tickets, TICKET, {"number": lambda t: t.number}))
        self.staffing = self.include(Staffing(connection, known))
        self.teams = self.include(AggregateStore(connection, tables.teams, TEAM, {"name_key": lambda t: t.name.casefold()}))
        self.agents = self.include(AggregateStore(connection, tables.agents, AGENT, {"email": lambda a: a.email}))
        self.rotations = self.include(AppendedRows(connection, tables.rotations, "ON CONFLICT DO NOTHING"))
        self.decisions = self.include(AppendedRows(connection, tables.decisions))

    def keep(self, ticket: RoutedTicket) -> None:
        """Takes the ticket as it is now, and counts it for whoever has it."""
        before = self.tickets.get(ticket.id)
        if ticket is not before:
            self.staffing.moved(before.counted_for if before else None, ticket.counted_for)
            self.tickets.put(ticket)

    def keep_decision(self, decision: Decision, facts: Facts, *, tell: bool) -> None:
        decided = self._publish(decision)
        self.decisions.add(
            id=decision.id,
            ticket_id=decision.ticket_id,
            kind=decision.kind,
            at=decision.at,
            configuration_version=decision.configuration_version,
            published=tell,
            input=_json(json.dumps(facts)),
            decision=_json(decided.model_dump_json(exclude_none=True)),
        )
        if tell:
            self.record(decided)

    def keep_team(self, team: Team) -> None:
        """Takes a team that was added or changed, and tells of it."""
        self.teams.put(team)
        self.rotations.add(team_id=team.id, turns="{}")
        self.staffing.workforce_changed()
        self.record(self._publish(team))

    def keep_agent(self, agent: Agent) -> None:
        """Takes an agent that was added or changed, and tells of it."""
        self.agents.put(agent)
        self.staffing.workforce_changed()
        self.record(self._publish(agent))


def _json(document: str) -> str:
    # PostgreSQL's jsonb has no NUL; mails do.
    return document.replace("\\u0000", "\\ufffd") if "\\u0000" in document else document
