"""An agent is put as a whole, by their address or their id; what is the same already changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from routing_svc.domain import agent as agents
from routing_svc.domain.agent import Agent, AgentFields
from routing_svc.domain.references import as_id
from routing_svc.domain.refusals import HasMoved, NoSuchAgent, UnknownName
from routing_svc.persistence.unit import RoutingUnit


@dataclass(frozen=True, slots=True)
class AgentPut:
    """The agent, and the rules that do not do what they say now: they may name an agent who is switched off or called otherwise."""

    agent: Agent
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class PutAgent:
    """`reference` is an address or an id; `teams` are names or ids. `available` None leaves it (a new agent is available)."""

    reference: str
    name: str
    email: str | None
    teams: Sequence[str]
    languages: Sequence[str]
    available: bool | None
    active: bool
    expected_version: int | None = None

    def needs(self, unit: RoutingUnit) -> None:
        unit.staffing.need(for_looking=True)
        unit.need_agent(self.reference)
        if self.email:
            unit.agents.need_by("email", self.email.lower())
        for team in self.teams:
            unit.need_team(team)

    def handle(self, unit: RoutingUnit) -> AgentPut:
        agent = self._put(unit)
        return AgentPut(agent, unit.rule_warnings(agent))

    def _put(self, unit: RoutingUnit) -> Agent:
        before = unit.referred_agent(self.reference)
        if before is None and as_id(self.reference):
            raise NoSuchAgent(self.reference)
        version = before.version if before else None
        if self.expected_version not in (None, version):
            raise HasMoved("Agent", self.reference, version)
        email = (self.email or (before.email if before else self.reference)).lower()
        holder = unit.agents.find("email", email)
        fields = AgentFields(self.name, email, self._team_ids(unit), tuple(self.languages), self.available, self.active)
        if before is None:
            return unit.add_agent(agents.add(unit.new_id(), fields, holder))
        return unit.change_agent(before, agents.change(before, fields, holder))

    def _team_ids(self, unit: RoutingUnit) -> tuple[UUID, ...]:
        """Each team once. Raises UnknownName, which points to the one that is not there."""
        ids: dict[UUID, None] = {}
        for place, reference in enumerate(self.teams):
            team = unit.referred_team(reference)
            if team is None:
                raise UnknownName("team", reference, f"#/teams/{place}")
            ids[team.id] = None
        return tuple(ids)
