"""The agent, and what can happen to them. The email address is the identity, in lower case."""

from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from routing_svc.domain.refusals import NameIsTaken


@dataclass(frozen=True, slots=True)
class Agent:
    id: UUID
    version: int
    name: str
    email: str
    team_ids: tuple[UUID, ...] = ()
    languages: tuple[str, ...] = ()
    available: bool = True
    active: bool = True

    def speaks(self, language: str) -> bool:
        """Whether they speak a language (BCP 47); regions do not count: who speaks `de` speaks `de-AT`."""
        wanted = _primary(language)
        return any(_primary(tag) == wanted for tag in self.languages)


@dataclass(frozen=True, slots=True)
class AgentFields:
    """All that an agent is put as; `available` None leaves that as it is (a new agent is available)."""

    name: str
    email: str
    team_ids: tuple[UUID, ...] = ()
    languages: tuple[str, ...] = ()
    available: bool | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class AgentAdded:
    agent: Agent


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """What the agent is from now on."""

    fields: AgentFields


@dataclass(frozen=True, slots=True)
class AvailabilitySet:
    available: bool


Change = AgentChanged | AvailabilitySet
AgentEvent = AgentAdded | Change


def apply(agent: Agent | None, event: AgentEvent) -> Agent:
    """The agent after the event, one version on. Raises ValueError where nobody has been added yet."""
    if isinstance(event, AgentAdded):
        return event.agent
    if agent is None:
        raise ValueError(f"{type(event).__name__} of nobody")
    after = replace(agent, version=agent.version + 1)
    match event:
        case AgentChanged():
            return _with(after, event.fields)
        case AvailabilitySet():
            return replace(after, available=event.available)
        case _:
            assert_never(event)


def add(id_: UUID, fields: AgentFields, holder: Agent | None) -> AgentAdded:
    """`holder` is who has the address already. Raises NameIsTaken."""
    if holder is not None:
        raise NameIsTaken("agent", fields.email)
    return AgentAdded(_with(Agent(id_, 1, fields.name, fields.email), fields))


def change(agent: Agent, fields: AgentFields, holder: Agent | None) -> list[Change]:
    """Nothing, where it is the same already. `holder` is who has the address already. Raises NameIsTaken."""
    if holder is not None and holder.id != agent.id:
        raise NameIsTaken("agent", fields.email)
    return [] if _with(agent, fields) == agent else [AgentChanged(fields)]


def set_availability(agent: Agent, available: bool) -> list[Change]:
    """Nothing, where it is so already."""
    return [] if agent.available == available else [AvailabilitySet(available)]


def _with(agent: Agent, fields: AgentFields) -> Agent:
    return replace(
        agent,
        name=fields.name,
        email=fields.email,
        team_ids=fields.team_ids,
        languages=fields.languages,
        available=agent.available if fields.available is None else fields.available,
        active=fields.active,
    )


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()
