"""Who gets the next ticket of a team: in turn, or who has fewest, among those who are there."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from routing_svc.domain.agent import Agent
from routing_svc.domain.rules import Strategy
from routing_svc.domain.team import Team
from routing_svc.domain.workforce import Workforce

_SHOWN = 25


@dataclass(frozen=True, slots=True)
class AgentConsidered:
    """One of a team as the choice found them, and why they were chosen or not."""

    agent_id: UUID
    agent_name: str
    available: bool
    open_tickets: int
    chosen: bool
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets the ticket (None: nobody is there), and all who were considered, who was chosen first."""

    agent: Agent | None
    considered: tuple[AgentConsidered, ...]


class Roster:
    """The workforce with each agent's load and each team's turns; it moves on with every ticket that is given.

    Turns: each ticket that a team gives away has the next number, and an agent's turn is the number of the last one given to
    that agent. Whose turn is lowest is next; so a choice among some of the team (those who speak a language) stays fair too.
    """

    def __init__(self, workforce: Workforce, loads: Mapping[UUID, int], turns: Mapping[UUID, Mapping[UUID, int]]) -> None:
        self.workforce = workforce
        self._loads = dict(loads)
        self._turns = {team: dict(of) for team, of in turns.items()}
        self.turned: set[UUID] = set()

    def load_of(self, agent_id: UUID) -> int:
        """How many open tickets the agent has."""
        return self._loads.get(agent_id, 0)

    def moved(self, before: UUID | None, after: UUID | None) -> None:
        """An open ticket went from one agent to another; None is nobody."""
        if before is not None:
            self._loads[before] = self.load_of(before) - 1
        if after is not None:
            self._loads[after] = self.load_of(after) + 1

    def turns_of(self, team_id: UUID) -> Mapping[UUID, int]:
        """The number of the last ticket that each of a team was given in turn; who never was is left out."""
        return self._turns.get(team_id, {})

    def given(self, team_id: UUID, agent_id: UUID) -> None:
        """Takes the agent's turn."""
        turns = self._turns.setdefault(team_id, {})
        turns[agent_id] = max(turns.values(), default=0) + 1
        self.turned.add(team_id)

    def choose(self, team: Team, strategy: Strategy, language: str, avoid: UUID | None = None) -> Choice:
        """The agent whose turn it is. `avoid` is only chosen where there is nobody else."""
        members = self.workforce.members.get(team.id, ())
        candidates = [a for a in members if a.available]
        if any(a.id != avoid for a in candidates):
            candidates = [a for a in candidates if a.id != avoid]
        speakers = [a for a in candidates if a.speaks(language)]
        candidates = speakers or candidates
        turns = self.turns_of(team.id)
        chosen: Agent | None = None
        if candidates:
            if strategy == "round_robin":
                chosen = min(candidates, key=lambda a: (turns.get(a.id, 0), a.id))
            else:
                chosen = min(candidates, key=lambda a: (self.load_of(a.id), turns.get(a.id, 0), a.id))
        among = {a.id for a in candidates}
        considered = [self._considered(a, chosen, among, avoid, strategy, language) for a in members]
        considered.sort(key=lambda c: not c.chosen)
        return Choice(chosen, tuple(considered[:_SHOWN]))

    def _considered(
        self, agent: Agent, chosen: Agent | None, among: set[UUID], avoid: UUID | None, strategy: Strategy, language: str
    ) -> AgentConsidered:
        if chosen is not None and agent.id == chosen.id:
            why = "is next in turn" if strategy == "round_robin" else "has the fewest open tickets"
        elif not agent.available:
            why = "is not available"
        elif agent.id in among:
            why = "comes later in turn" if strategy == "round_robin" else "has more open tickets, or had a turn later"
        elif agent.id == avoid:
            why = "has the ticket now"
        else:
            why = f"does not speak {language}"
        return AgentConsidered(agent.id, agent.name, agent.available, self.load_of(agent.id), agent is chosen, why)
