"""Teams and agents: what is put, and what is answered."""

from typing import Annotated

from pydantic import Field

from deskstream_contracts.api.shapes import Body
from deskstream_contracts.events.routing import AgentState, TeamState
from deskstream_contracts.wire import Personal

# Whatever stands in a rule goes into events of every ticket that it matches: no control characters, as events have none.
CONTROL = r"\x00-\x1f\x7f-\x9f\ufffe\uffff"
RoutingName = Annotated[str, Field(min_length=1, max_length=120, pattern=rf"^[^{CONTROL}]*[^\s{CONTROL}][^{CONTROL}]*$")]
RoutingEmail = Annotated[str, Field(min_length=3, max_length=254, pattern=rf"^[^\s@{CONTROL}]+@[^\s@{CONTROL}]+$")]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,2}$", max_length=16, examples=["en", "nb"])]


class Manager(Body):
    """Who is told of a team's escalations."""

    email: Personal[RoutingEmail] = Field(description="Where they are told.")
    name: Personal[RoutingName] | None = Field(default=None, description="How they are called.")


class PutTeam(Body):
    """What a team is from now on."""

    name: RoutingName | None = Field(default=None, description="Renames the team; left out, the name stays.")
    manager: Manager | None = Field(default=None, description="Who is told of its escalations; left out: nobody.")
    active: bool = Field(default=True, description="False: it is given no tickets any more.")


class PutAgent(Body):
    """What an agent is from now on."""

    name: Personal[RoutingName] = Field(description="How the agent is called.")
    email: Personal[RoutingEmail] | None = Field(default=None, description="Changes the address; left out, it stays.")
    teams: list[RoutingName] = Field(default=[], max_length=100, description="The teams they are in, by name or id.")
    languages: list[Language] = Field(default=[], max_length=50, description="The languages they answer in (BCP 47).")
    available: bool | None = Field(default=None, description="Left out, availability stays; a new agent is available.")
    active: bool = Field(default=True, description="False: they have left.")


class Availability(Body):
    """Whether an agent can be given tickets."""

    available: bool = Field(description="They take tickets from now on.")


class AgentWithLoad(AgentState):
    """An agent, and how much they have to do."""

    open_tickets: int = Field(default=0, description="How many tickets that are open or in progress they have.")


class TeamAnswer(TeamState):
    """A team after a command."""

    warnings: list[str] = Field(default=[], description="Rules in force that do not do what they say, a sentence each.")


class AgentAnswer(AgentState):
    """An agent after a command."""

    warnings: list[str] = Field(default=[], description="Rules in force that do not do what they say, a sentence each.")
