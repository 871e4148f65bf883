"""What routing-svc tells: decisions with their explanation, and the people who can be given tickets."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from deskstream_contracts.events.tickets import Assignee
from deskstream_contracts.topics import DECISIONS, WORKFORCE, Topic
from deskstream_contracts.wire import Address, Event, Instant, LanguageTag, Priority, WireModel, known_words

DecisionKind = Literal["assignment", "escalation"]


class ConditionOutcome(WireModel):
    """One condition of a rule, as it was evaluated: the expression, the values it saw, and what came out."""

    expression: str
    values: dict[str, str] = {}
    matched: bool
    error: str | None = None


class RuleOutcome(WireModel):
    """A rule that was considered. `applied` is true for those whose actions were taken.

    `note`: why one that matched gave the ticket to nobody, so that later rules were asked (its team is switched off).
    """

    rule_id: UUID
    rule_name: str
    rule_version: int
    conditions: list[ConditionOutcome] = []
    matched: bool
    applied: bool
    note: str | None = None


class AgentConsidered(WireModel):
    agent_id: UUID
    agent_name: str
    available: bool
    open_tickets: int
    chosen: bool
    why: str


class RoutingDecidedV1(Event):
    """What is to be done with a ticket, and why. None means: leave as it is."""

    topic: ClassVar[Topic] = DECISIONS
    key_path: ClassVar[str] = "ticket_id"
    type: Literal["routing.decided.v1"] = "routing.decided.v1"
    decision_id: UUID
    ticket_id: UUID
    ticket_version: int = Field(description="The version of the ticket that the decision looked at.")
    kind: Annotated[str, known_words(DecisionKind)]
    at: Instant
    configuration_version: int
    assign: Assignee | None = None
    priority: Priority | None = None
    ticket_type: str | None = None
    add_tags: list[str] = []
    custom_fields: dict[str, str] = {}
    sla_policy: str | None = None
    notify: list[Address] = []
    escalate: bool = False
    reason: str = Field(description="One sentence for people.")
    rules: list[RuleOutcome] = []
    agents: list[AgentConsidered] = []


class AgentState(WireModel):
    id: UUID
    version: int = Field(ge=1)
    name: str
    email: str
    team_ids: list[UUID] = []
    languages: list[LanguageTag] = []
    available: bool = True
    active: bool = True


class TeamState(WireModel):
    id: UUID
    version: int = Field(ge=1)
    name: str
    manager: Address | None = None
    active: bool = True


class AgentUpdatedV1(Event):
    """An agent was added or changed."""

    topic: ClassVar[Topic] = WORKFORCE
    key_path: ClassVar[str] = "agent.id"
    sequence_path: ClassVar[str | None] = "agent.version"
    type: Literal["agent.updated.v1"] = "agent.updated.v1"
    agent: AgentState


class TeamUpdatedV1(Event):
    """A team was added or changed."""

    topic: ClassVar[Topic] = WORKFORCE
    key_path: ClassVar[str] = "team.id"
    sequence_path: ClassVar[str | None] = "team.version"
    type: Literal["team.updated.v1"] = "team.updated.v1"
    team: TeamState
