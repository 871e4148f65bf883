"""The rules of routing: what is put, what is in force, and what comes of trying."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from deskstream_contracts.api.shapes import Body
from deskstream_contracts.api.workforce import CONTROL, RoutingEmail, RoutingName
from deskstream_contracts.events.routing import DecisionKind, RoutingDecidedV1
from deskstream_contracts.events.slas import ClockKind, DeadlineEvent
from deskstream_contracts.wire import (
    MAX_LINE_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_PARAGRAPH_CHARACTERS,
    CustomFields,
    Personal,
    Priority,
    Tags,
)

Strategy = Literal["round_robin", "least_loaded"]
_Word = Annotated[str, Field(min_length=1, max_length=100, pattern=rf"^[^{CONTROL}]+$")]
_Note = Annotated[str, Field(max_length=MAX_PARAGRAPH_CHARACTERS, pattern=r"^[^\x00]*$")]
_Sampled = Annotated[str, Field(max_length=MAX_NAME_CHARACTERS)]


class RuleActions(Body):
    """What a rule does; what is left out leaves the ticket as it is."""

    team: RoutingName | None = Field(default=None, description="The team that gets the ticket, by name.")
    agent: RoutingName | None = Field(default=None, description="The agent who gets it: an address or a name.")
    strategy: Strategy | None = Field(default=None, description="How one of the team is chosen, where no agent is named.")
    priority: Priority | None = Field(default=None, description="The priority it gets.")
    raise_priority: bool = Field(default=False, description="One level above what it is.")
    ticket_type: _Word | None = Field(default=None, description="The type it gets.")
    tags: list[_Word] = Field(default=[], max_length=50, description="Tags it gets beside those it has.")
    custom_fields: CustomFields = Field(default={}, description="Values of custom fields that are set; the others stay.")
    sla_policy: _Word | None = Field(default=None, description="The policy its clocks go by, by name.")
    notify: list[Literal["manager", "agent"] | Personal[RoutingEmail]] = Field(
        default=[], max_length=20, description="Who is told of an escalation: the team's manager, the agent, addresses."
    )
    escalate: bool = Field(default=False, description="Its level of escalation is raised by one.")


class PutRule(Body):
    """A rule."""

    id: UUID | None = Field(default=None, description="Left out, a rule is known by its name.")
    name: RoutingName = Field(description="How the rule is called; no two have the same name.")
    version: int | None = Field(default=None, description="Counted by the service; what is sent is not looked at.")
    kind: DecisionKind = Field(default="assignment", description="When it is asked: for a new ticket, or for a clock.")
    conditions: list[Annotated[str, Field(max_length=2000)]] = Field(
        default=[], max_length=20, description="CEL expressions over ticket, requester, organization (and sla); all must hold."
    )
    actions: RuleActions = Field(default=RuleActions(), description="What it does.")
    stop: bool = Field(default=True, description="No later rule is asked after this one has matched.")


PutRuleList = Annotated[list[PutRule], Field(max_length=500, description="The rules, in the order they are asked: at most 500.")]


class PutRules(Body):
    """All rules from now on."""

    rules: PutRuleList
    expected_version: int | None = Field(default=None, description="Or If-Match; with another version in force it is refused.")
    note: _Note = Field(default="", description="Why, for whoever reads the history.")


class Rule(PutRule):
    """A rule as it is kept; it can be put again."""

    id: UUID = Field(description="The rule's id.")
    version: int = Field(description="Counts the changes of this rule.")


class Rules(BaseModel):
    """All rules of a version."""

    version: int = Field(description="The version.")
    rules: list[Rule] = Field(description="In the order they are asked.")
    warnings: list[str] = Field(default=[], description="Rules in force that do not do what they say, a sentence each.")


class RulesVersion(BaseModel):
    """A line of the rules' history."""

    version: int = Field(description="The version.")
    rules: int = Field(description="How many rules there were.")
    note: str = Field(description="Why they were put.")
    by: str = Field(description="Who put them.")
    at: datetime = Field(description="When they were put.")
    in_force: bool = Field(description="It is the version by which tickets are routed.")


class SampledTicket(Body):
    """What rules see of a ticket; what is left out is empty."""

    priority: Priority = Field(default="medium", description="Its priority.")
    type: _Sampled = Field(default="", description="Its type.")
    subject: Annotated[str, Field(max_length=MAX_LINE_CHARACTERS)] = Field(default="", description="Its subject.")
    text: Annotated[str, Field(max_length=100_000)] = Field(default="", description="The text of its first message.")
    tags: Tags = []
    channel: _Sampled = Field(default="email", description="What kind of door it came through.")
    mailbox: _Sampled = Field(default="", description="Which door of its kind.")
    language: _Sampled = Field(default="en", description="The customer's language (BCP 47).")
    status: _Sampled = Field(default="open", description="Its status.")
    custom_fields: CustomFields = {}


class SampledRequester(Body):
    """What rules see of who asks; what is left out is empty."""

    email: Personal[_Sampled] = Field(default="", description="Their address.")
    domain: _Sampled = Field(default="", description="Its domain; left out, that of the address.")
    language: _Sampled = Field(default="en", description="Their language (BCP 47).")
    tags: Tags = []
    custom_fields: CustomFields = {}


class SampledOrganization(Body):
    """What rules see of the organization; what is left out is empty."""

    name: _Sampled = Field(default="", description="How it is called.")
    custom_fields: CustomFields = {}


class SampledClock(Body):
    """What rules of escalations see of the clock."""

    clock: ClockKind = Field(default="resolution", description="Which clock of the ticket.")
    event: DeadlineEvent = Field(default="breached", description="Whether its time is nearly over, or is.")
    policy: _Sampled = Field(default="", description="The policy that the clock goes by, by name.")
    late_seconds: float = Field(default=0, description="How long after its due time a breach was noticed, in seconds.")


class Sample(Body):
    """A ticket as rules see it. `sla` makes it an escalation."""

    ticket: SampledTicket = SampledTicket()
    requester: SampledRequester = SampledRequester()
    organization: SampledOrganization = SampledOrganization()
    sla: SampledClock | None = None


class TryRules(Body):
    """Rules to be tried: either on a sample, or on a ticket that is known."""

    rules: PutRuleList
    sample: Sample | None = Field(default=None, description="A ticket that there might be.")
    ticket_id: UUID | None = Field(default=None, description="A ticket that there is.")


class TriedRules(BaseModel):
    """The decision that these rules would make now."""

    decision: RoutingDecidedV1 = Field(description="The decision, with its explanation.")
    facts: Sample = Field(description="What the rules saw.")


class TryRulesOnHistory(Body):
    """Rules to be tried on what was decided in the last days."""

    rules: PutRuleList
    days: float = Field(default=7, gt=0, le=90, description="How far back, in days.")
    limit: int = Field(default=500, ge=1, le=2000, description="How many of the newest decisions at most.")
    kind: DecisionKind = Field(default="assignment", description="Which decisions.")


class RulesDifference(BaseModel):
    """A past decision that would come out otherwise."""

    ticket_id: UUID = Field(description="The ticket.")
    at: datetime = Field(description="When it was decided.")
    before: RuleActions = Field(description="What the rules in force ask for; nothing else is in it.")
    after: RuleActions = Field(description="What these rules would ask for; nothing else is in it.")
    rules_before: list[str] = Field(description="Which rules in force were applied, by name.")
    rules_after: list[str] = Field(description="Which of these rules would be applied, by name.")


class TriedRulesOnHistory(BaseModel):
    """What these rules would have decided differently."""

    looked_at: int = Field(
        description="How many of the newest decisions; fewer than asked for where there are no more, or time was up."
    )
    would_change: int = Field(description="How many of them would come out otherwise.")
    examples: list[RulesDifference] = Field(description="The newest of those: at most 20.")


class Decision(RoutingDecidedV1):
    """A decision as it was kept."""

    published: bool = Field(description="False: an escalation that no rule matched, so that there was nothing to do.")
