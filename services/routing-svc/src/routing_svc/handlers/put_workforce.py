"""Teams and agents are put as a whole, by their natural key or their id; what is the same already changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from routing_svc.domain.refusals import NameIsTaken, NoSuchAgent, NoSuchTeam, UnknownName
from routing_svc.domain.workforce import Agent, Team
from routing_svc.persistence.unit import RoutingUnit


@dataclass(frozen=True, slots=True)
class PutTeam:
    """`reference` is a name or an id; `name` renames."""

    reference: str
    name: str | None
    manager_email: str | None
    manager_name: str | None
    active: bool

    def needs(self, unit: RoutingUnit) -> None:
        need_team(unit, self.reference)
        if self.name:
            unit.teams.need_by("name_key", self.name.casefold())

    def handle(self, unit: RoutingUnit) -> Team:
        known = find_team(unit, self.reference)
        if known is None and as_id(self.reference):
            raise NoSuchTeam(self.reference)
        name = self.name or (known.name if known else self.reference)
        namesake = unit.teams.find("name_key", name.casefold())
        if namesake is not None and (known is None or namesake.id != known.id):
            raise NameIsTaken("team", name)
        before = known or Team(unit.new_id(), 0, name)
        after = replace(before, name=name, manager_email=self.manager_email, manager_name=self.manager_name, active=self.active)
        if known is None or after != before:
            after = replace(after, version=before.version + 1)
            unit.keep_team(after)
        return after


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

    def needs(self, unit: RoutingUnit) -> None:
        need_agent(unit, self.reference)
        if self.email:
            unit.agents.need_by("email", self.email.lower())
        for team in self.teams:
            need_team(unit, team)

    def handle(self, unit: RoutingUnit) -> Agent:
        known = find_agent(unit, self.reference)
        if known is None and as_id(self.reference):
            raise NoSuchAgent(self.reference)
        email = (self.email or (known.email if known else self.reference)).lower()
        namesake = unit.agents.find("email", email)
        if namesake is not None and (known is None or namesake.id != known.id):
            raise NameIsTaken("agent", email)
        before = known or Agent(unit.new_id(), 0, self.name, email)
        after = replace(
            before,
            name=self.name,
            email=email,
            team_ids=self._team_ids(unit),
            languages=tuple(self.languages),
            available=before.available if self.available is None else self.available,
            active=self.active,
        )
        if known is None or after != before:
            after = replace(after, version=before.version + 1)
            unit.keep_agent(after)
        return after

    def _team_ids(self, unit: RoutingUnit) -> tuple[UUID, ...]:
        ids: dict[UUID, None] = {}
        for place, reference in enumerate(self.teams):
            team = find_team(unit, reference)
            if team is None:
                raise UnknownName("team", reference, f"#/teams/{place}")
            ids[team.id] = None
        return tuple(ids)


@dataclass(frozen=True, slots=True)
class SetAvailability:
    reference: str
    available: bool

    def needs(self, unit: RoutingUnit) -> None:
        need_agent(unit, self.reference)

    def handle(self, unit: RoutingUnit) -> Agent:
        agent = find_agent(unit, self.reference)
        if agent is None:
            raise NoSuchAgent(self.reference)
        if agent.available == self.available:
            return agent
        agent = replace(agent, version=agent.version + 1, available=self.available)
        unit.keep_agent(agent)
        return agent


def as_id(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None


def need_team(unit: RoutingUnit, reference: str) -> None:
    if (id_ := as_id(reference)) is not None:
        unit.teams.need(id_)
    else:
        unit.teams.need_by("name_key", reference.casefold())


def find_team(unit: RoutingUnit, reference: str) -> Team | None:
    id_ = as_id(reference)
    return unit.teams.find("name_key", reference.casefold()) if id_ is None else unit.teams.get(id_)


def need_agent(unit: RoutingUnit, reference: str) -> None:
    if (id_ := as_id(reference)) is not None:
        unit.agents.need(id_)
    else:
        unit.agents.need_by("email", reference.lower())


def find_agent(unit: RoutingUnit, reference: str) -> Agent | None:
    id_ = as_id(reference)
    return unit.agents.find("email", reference.lower()) if id_ is None else unit.agents.get(id_)
