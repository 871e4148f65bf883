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
    Personal,
    Priority,
    Tags,
    WireModel,
    Word,
    known_words,
)

DecisionKind = Literal["assignment", "escalation"]


class ConditionOutcome(WireModel):
    """One condition of a rule, as it was evaluated: the expression, the values it saw, and what came out."""

    expression: Paragraph = Field(description="The condition as the rule has it (CEL).")
    values: Annotated[dict[Word, Personal[Paragraph]], Map, Field(max_length=50)] = Field(
        default={}, description="What its names stood for, as text; of long ones the beginning."
    )
    matched: bool = Field(description="What came out; false also where it could not be evaluated.")
    error: Personal[Line] | None = Field(default=None, description="Why it could not be evaluated; left out where it could.")


class RuleOutcome(WireModel):
    """A rule that was considered."""

    rule_id: UUID = Field(description="The rule's id.")
    rule_name: Name = Field(description="The rule's name then.")
    rule_version: int = Field(description="The rule's version then.")
    conditions: list[ConditionOutcome] = Field(
        default=[], max_length=50, description="Its conditions that were evaluated, in order: at most 50."
    )
    matched: bool = Field(description="All of its conditions held.")
    applied: bool = Field(description="Its actions were taken.")
    note: Line | None = Field(
        default=None,
        description="Why one that matched gave the ticket to nobody, so that later rules were asked (its team is switched off).",
    )


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
    """An agent who could have been given the ticket, and why it was them or not."""

    agent_id: UUID = Field(description="The agent's id.")
    agent_name: Personal[Name] = Field(description="The agent's name then.")
    available: bool = Field(description="Whether they took tickets then.")
    open_tickets: int = Field(description="How many tickets they had then.")
    chosen: bool = Field(description="They were given it.")
    why: Name = Field(description="A few words for people.")


class RoutingDecidedV1(Event):
    """What is to be done with a ticket, and why. None means: leave as it is."""

    topic: ClassVar[Topic] = DECISIONS
    key_path: ClassVar[str] = "ticket_id"
    type: Literal["routing.decided.v1"] = "routing.decided.v1"
    decision_id: UUID = Field(description="The decision's id; what follows from it names it.")
    ticket_id: UUID = Field(description="The ticket, which is the Kafka key.")
    ticket_version: int = Field(description="The version of the ticket that the decision looked at.")
    kind: Annotated[Word, known_words(DecisionKind)] = Field(description="What was asked for.")
    at: Instant = Field(description="When it was decided.")
    configuration_version: int = Field(description="The version of the rules that it was decided by.")
    assign: Assignee | None = Field(default=None, description="Who is to have the ticket; left out: whoever has it.")
    priority: Priority | None = Field(default=None, description="Its priority from now on; left out: as it is.")
    ticket_type: Word | None = Field(default=None, description="Its type from now on; left out: as it is.")
    add_tags: Tags = Field(default=[], description="Tags it gets beside those it has.")
    custom_fields: CustomFields = Field(default={}, description="Values of custom fields that are set; the others stay.")
    sla_policy: Name | None = Field(default=None, description="The policy its clocks are to go by, by name; left out: as it is.")
    notify: Addresses = Field(default=[], description="Who is told of an escalation: at most 100.")
    escalate: bool = Field(default=False, description="Its level of escalation is raised by one.")
    deadline: Deadline | None = Field(default=None, description="What an escalation is about; left out for an assignment.")
    reason: Personal[Paragraph] = Field(description="One sentence for people.")
    rules: Rules = Field(default=[], description="Those that were asked; of too many, the first ones and those applied.")
    agents: list[AgentConsidered] = Field(default=[], max_length=MAX_AGENTS, description="Of too many, the first and the chosen.")


class AgentState(WireModel):
    """An agent as of `version`: somebody who can be given tickets."""

    id: UUID = Field(description="The agent's id, which is the Kafka key.")
    version: int = Field(ge=1, description="Grows by one with each event of this agent; ce_sequence is the same.")
    name: Personal[Name] = Field(description="How the agent is called.")
    email: Personal[EmailAddress] = Field(description="Where the agent is told of tickets.")
    team_ids: list[UUID] = Field(default=[], max_length=200, description="The teams they are in: at most 200.")
    languages: list[LanguageTag] = Field(default=[], max_length=100, description="The languages they answer in (BCP 47).")
    available: bool = Field(default=True, description="They take tickets at present.")
    active: bool = Field(default=True, description="False: they have left.")


class TeamState(WireModel):
    """A team as of `version`."""

    id: UUID = Field(description="The team's id, which is the Kafka key.")
    version: int = Field(ge=1, description="Grows by one with each event of this team; ce_sequence is the same.")
    name: Name = Field(description="How the team is called.")
    manager: Address | None = Field(default=None, description="Who is told of its escalations; left out: nobody.")
    active: bool = Field(default=True, description="False: it is given no tickets any more.")


class AgentUpdatedV1(Event):
    """An agent was added or changed."""

    topic: ClassVar[Topic] = WORKFORCE
    key_path: ClassVar[str] = "agent.id"
    sequence_path: ClassVar[str | None] = "agent.version"
    type: Literal["agent.updated.v1"] = "agent.updated.v1"
    agent: AgentState = Field(description="The agent after this event.")


class TeamUpdatedV1(Event):
    """A team was added or changed."""

    topic: ClassVar[Topic] = WORKFORCE
    key_path: ClassVar[str] = "team.id"
    sequence_path: ClassVar[str | None] = "team.version"
    type: Literal["team.updated.v1"] = "team.updated.v1"
    team: TeamState = Field(description="The team after this event.")
