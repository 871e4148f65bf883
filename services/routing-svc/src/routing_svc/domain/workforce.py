"""A snapshot of all teams and agents."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from routing_svc.domain.agent import Agent
from routing_svc.domain.references import as_id
from routing_svc.domain.team import Team


@dataclass(frozen=True, slots=True)
class Workforce:
    """Everybody, as of one moment."""

    teams: Mapping[UUID, Team] = field(default_factory=dict)
    agents: Mapping[UUID, Agent] = field(default_factory=dict)
    members: Mapping[UUID, tuple[Agent, ...]] = field(default_factory=dict)
    team_ids: Mapping[str, UUID] = field(default_factory=dict)
    agent_ids: Mapping[str, UUID] = field(default_factory=dict)

    @staticmethod
    def of(teams: Iterable[Team], agents: Iterable[Agent]) -> "Workforce":
        """Members of a team are those who are active, in the order of their ids."""
        by_id = {t.id: t for t in teams}
        people = {a.id: a for a in sorted(agents, key=lambda a: a.id)}
        members = {i: tuple(a for a in people.values() if i in a.team_ids and a.active) for i in by_id}
        agent_ids = {a.name.casefold(): a.id for a in people.values()} | {a.email: a.id for a in people.values()}
        return Workforce(by_id, people, members, {t.name.casefold(): t.id for t in by_id.values()}, agent_ids)

    def team(self, name: str) -> Team | None:
        """By name, whatever the case of its letters."""
        id_ = self.team_ids.get(name.casefold())
        return None if id_ is None else self.teams[id_]

    def agent(self, name: str) -> Agent | None:
        """By address or by name."""
        id_ = self.agent_ids.get(name.lower()) or self.agent_ids.get(name.casefold())
        return None if id_ is None else self.agents[id_]

    def referred_team(self, reference: str) -> Team | None:
        """By name or by id."""
        id_ = as_id(reference)
        return self.team(reference) if id_ is None else self.teams.get(id_)

    def referred_agent(self, reference: str) -> Agent | None:
        """By address, by name or by id."""
        id_ = as_id(reference)
        return self.agent(reference) if id_ is None else self.agents.get(id_)
