"""Bodies of requests and answers. An unknown field is refused: a misspelt action must not be dropped in silence."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from deskstream_contracts.events.routing import AgentState, RoutingDecidedV1
from deskstream_contracts.wire import (
    MAX_LINE_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_PARAGRAPH_CHARACTERS,
    CustomFields,
    Priority,
    Tags,
)
from routing_svc.domain.conditions import Facts
from routing_svc.domain.configuring import UNSET
from routing_svc.domain.rules import Actions, Rule

# Whatever stands in a rule goes into events of every ticket that it matches: no control characters, as the contract has it.
_CONTROL = r"\x00-\x1f\x7f-\x9f\ufffe\uffff"
Name = Annotated[str, Field(min_length=1, max_length=120, pattern=rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$")]
Email = Annotated[str, Field(min_length=3, max_length=254, pattern=rf"^[^\s@{_CONTROL}]+@[^\s@{_CONTROL}]+$")]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=rf"^[^{_CONTROL}]+$")]
Text = Annotated[str, Field(max_length=MAX_PARAGRAPH_CHARACTERS, pattern=r"^[^\x00]*$")]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,2}$", max_length=16, examples=["en", "nb"])]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Person(Body):
    email: Email
    name: Name | None = None


class TeamBody(Body):
    """PUT of a team: what it is from now on."""

    name: Name | None = Field(default=None, description="Renames the team; left out, the name stays.")
    manager: Person | None = None
    active: bool = True


class AgentBody(Body):
    """PUT of an agent: what they are from now on."""

    name: Name
    email: Email | None = Field(default=None, description="Changes the address; left out, it stays.")
    teams: list[Name] = Field(default=[], max_length=100, description="Names or ids.")
    languages: list[Language] = Field(default=[], max_length=50)
    available: bool | None = Field(default=None, description="Left out, availability stays; a new agent is available.")
    active: bool = True


class AvailabilityBody(Body):
    available: bool


class AgentWithLoad(AgentState):
    open_tickets: int = 0


class ActionsBody(Body):
    team: Name | None = None
    agent: Name | None = Field(default=None, description="An address or a name.")
    strategy: Literal["round_robin", "least_loaded"] | None = None
    priority: Priority | None = None
    raise_priority: bool = Field(default=False, description="One level above what it is.")
    ticket_type: Word | None = None
    tags: list[Word] = Field(default=[], max_length=50)
    custom_fields: CustomFields = {}
    sla_policy: Word | None = None
    notify: list[Literal["manager", "agent"] | Email] = Field(default=[], max_length=20)
    escalate: bool = False


class RuleBody(Body):
    id: UUID | None = Field(default=None, description="Left out, a rule is known by its name.")
    name: Name
    version: int | None = Field(default=None, description="Counted by the service; what is sent is not looked at.")
    kind: Literal["assignment", "escalation"] = "assignment"
    conditions: list[Annotated[str, Field(max_length=2000)]] = Field(
        default=[], max_length=20, description="CEL expressions over ticket, requester, organization (and sla); all must hold."
    )
    actions: ActionsBody = ActionsBody()
    stop: bool = Field(default=True, description="No later rule is asked after this one has matched.")

    def rule(self) -> Rule:
        """The rule as it was sent: without a version, and without an id where it is to be known by its name."""
        actions = self.actions.model_dump()
        actions["tags"], actions["notify"] = tuple(actions["tags"]), tuple(actions["notify"])
        return Rule(self.id or UNSET, self.name, 0, self.kind, tuple(self.conditions), Actions(**actions), self.stop)


Rules = Annotated[list[RuleBody], Field(max_length=500)]


class ConfigurationBody(Body):
    rules: Rules
    expected_version: int | None = Field(default=None, description="Or If-Match; with another version in force it is refused.")
    note: Text = ""


class ConfigurationAnswer(BaseModel):
    version: int
    rules: list[Rule]
    warnings: list[str] = Field(default=[], description="Rules in force that do not do what they say, a sentence each.")


class ConfigurationEntry(BaseModel):
    """A line of the configuration's history."""

    version: int
    rules: int
    note: str
    by: str
    at: datetime
    in_force: bool


class DecisionAnswer(RoutingDecidedV1):
    """A decision as it was kept."""

    published: bool = Field(description="False: an escalation that no rule matched, so that there was nothing to do.")


Sampled = Annotated[str, Field(max_length=MAX_NAME_CHARACTERS)]


class TicketSample(Body):
    priority: Priority = "medium"
    type: Sampled = ""
    subject: Annotated[str, Field(max_length=MAX_LINE_CHARACTERS)] = ""
    text: Annotated[str, Field(max_length=100_000)] = ""
    tags: Tags = []
    channel: Sampled = "email"
    mailbox: Sampled = ""
    language: Sampled = "en"
    status: Sampled = "open"
    custom_fields: CustomFields = {}


class RequesterSample(Body):
    email: Sampled = ""
    domain: Sampled = ""
    language: Sampled = "en"
    tags: Tags = []
    custom_fields: CustomFields = {}


class OrganizationSample(Body):
    name: Sampled = ""
    custom_fields: CustomFields = {}


class SlaSample(Body):
    clock: Literal["first_response", "next_response", "resolution"] = "resolution"
    event: Literal["warned", "breached"] = "breached"
    policy: Sampled = ""
    late_seconds: int = 0


class Sample(Body):
    """A ticket as rules see it; what is left out is empty. `sla` makes it an escalation."""

    ticket: TicketSample = TicketSample()
    requester: RequesterSample = RequesterSample()
    organization: OrganizationSample = OrganizationSample()
    sla: SlaSample | None = None

    def facts(self) -> Facts:
        """What rules look at. The domain of an address need not be sent."""
        facts: dict[str, dict[str, Any]] = self.model_dump(exclude_none=True)
        requester = facts["requester"]
        requester["domain"] = requester["domain"] or requester["email"].rpartition("@")[2]
        return facts


class TryBody(Body):
    """Either a sample, or the id of a ticket that is known here."""

    rules: Rules
    sample: Sample | None = None
    ticket_id: UUID | None = None


class TryAnswer(BaseModel):
    """The decision that these rules would make now. `facts` is what they saw."""

    decision: RoutingDecidedV1
    facts: dict[str, dict[str, Any]]


class TryHistoryBody(Body):
    rules: Rules
    days: float = Field(default=7, gt=0, le=90)
    limit: int = Field(default=500, ge=1, le=2000)
    kind: Literal["assignment", "escalation"] = "assignment"


class DifferenceAnswer(BaseModel):
    """A past decision that would come out otherwise: what the rules ask for, and which were applied."""

    ticket_id: UUID
    at: datetime
    before: dict[str, Any]
    after: dict[str, Any]
    rules_before: list[str]
    rules_after: list[str]


class TryHistoryAnswer(BaseModel):
    looked_at: int = Field(description="The newest ones; fewer than asked for where there are no more, or where time was up.")
    would_change: int
    examples: list[DifferenceAnswer]
