"""What routing-svc tells: decisions with their explanation, and the people who can be given tickets."""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from deskstream_contracts.events.slas import Deadline
from deskstream_contracts.events.tickets import Assignee
from deskstream_contracts.topics import DECISIONS, WORKFORCE, Topic
from deskstream_contracts.wire import (
    Address,
    Addresses,
    CustomFields,
    EmailAddress,
    Event,
    Instant,
    LanguageTag,
    Line,
    Map,
    Name,
    Paragraph,
    Priority,
    Tags,
    WireModel,
    Word,
    known_words,
)

DecisionKind = Literal["assignment", "escalation"]


class ConditionOutcome(WireModel):
    """One condition of a rule, as it was evaluated: the expression, the values it saw, and what came out."""

    expression: Paragraph
    values: Annotated[dict[Word, Paragraph], Map, Field(max_length=50)] = {}
    matched: bool
    error: Line | None = None


class RuleOutcome(WireModel):
    """A rule that was considered. `applied` is true for those whose actions were taken.

    `note`: why one that matched gave the ticket to nobody, so that later rules were asked (its team is switched off).
    """

    rule_id: UUID
    rule_name: Name
    rule_version: int
    conditions: list[ConditionOutcome] = Field(default=[], max_length=50)
    matched: bool
    applied: bool
    note: Line | None = None


MAX_RULES_WEIGHT = 60_000
MAX_RULES = 500
MAX_AGENTS = 100


def weight(name: str, note: str | None, conditions: Iterable[tuple[str, Mapping[str, str], str | None]]) -> int:
    """How much a rule counts in an explanation: its characters, and some for each part. Conditions: expression, values, error."""
    return (
        60
        + len(name)
        + len(note or "")
        + sum(
            30 + len(expression) + sum(2 + len(k) + len(v) for k, v in values.items()) + len(error or "")
            for expression, values, error in conditions
        )
    )


def _not_too_long(rules: list[RuleOutcome]) -> list[RuleOutcome]:
    if (
        sum(weight(r.rule_name, r.note, ((c.expression, c.values, c.error) for c in r.conditions)) for r in rules)
        > MAX_RULES_WEIGHT
    ):
        raise ValueError(f"rules may weigh together at most {MAX_RULES_WEIGHT}")
    return rules


Rules = Annotated[
    list[RuleOutcome],
    Field(max_length=MAX_RULES, json_schema_extra={"x-max-characters": MAX_RULES_WEIGHT}),
    AfterValidator(_not_too_long),
]
"""At most 500 rules, whose names, conditions and values have together about 60,000 characters at most."""


class AgentConsidered(WireModel):
    agent_id: UUID
    agent_name: Name
    available: bool
    open_tickets: int
    chosen: bool
    why: Name


class RoutingDecidedV1(Event):
    """What is to be done with a ticket, and why. None means: leave as it is."""

    topic: ClassVar[Topic] = DECISIONS
    key_path: ClassVar[str] = "ticket_id"
    type: Literal["routing.decided.v1"] = "routing.decided.v1"
    decision_id: UUID
    ticket_id: UUID
    ticket_version: int = Field(description="The version of the ticket that the decision looked at.")
    kind: Annotated[Word, known_words(DecisionKind)]
    at: Instant
    configuration_version: int
    assign: Assignee | None = None
    priority: Priority | None = None
    ticket_type: Word | None = None
    add_tags: Tags = []
    custom_fields: CustomFields = {}
    sla_policy: Name | None = None
    notify: Addresses = []
    escalate: bool = False
    deadline: Deadline | None = Field(default=None, description="What an escalation is about.")
    reason: Paragraph = Field(description="One sentence for people.")
    rules: Rules = Field(default=[], description="Those that were asked; of too many, the first ones and those applied.")
    agents: list[AgentConsidered] = Field(default=[], max_length=MAX_AGENTS, description="Of too many, the first and the chosen.")


class AgentState(WireModel):
    id: UUID
    version: int = Field(ge=1)
    name: Name
    email: EmailAddress
    team_ids: list[UUID] = Field(default=[], max_length=200)
    languages: list[LanguageTag] = Field(default=[], max_length=100)
    available: bool = True
    active: bool = True


class TeamState(WireModel):
    id: UUID
    version: int = Field(ge=1)
    name: Name
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
