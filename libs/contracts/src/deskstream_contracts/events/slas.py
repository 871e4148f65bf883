"""What sla-svc tells: each event carries the state of all the ticket's clocks after it."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from deskstream_contracts.topics import SLAS, Topic
from deskstream_contracts.wire import Changed, Event, Instant, Line, Name, Priority, WireModel, Word, known_words

ClockKind = Literal["first_response", "next_response", "resolution"]
DeadlineEvent = Literal["warned", "breached"]
ClockOutcome = Literal["in_time", "late", "unanswered", "unsolved", "no_target", "no_policy"]


class Deadline(WireModel):
    """A clock that is about to be breached, or was."""

    clock: ClockKind = Field(description="Which clock of the ticket.")
    event: Annotated[Word, known_words(DeadlineEvent)] = Field(description="Whether its time is nearly over, or is.")
    policy: Name = Field(description="The policy that the clock goes by, by name.")
    due_at: Instant = Field(description="When its time is over.")
    late_seconds: float = Field(default=0.0, ge=0, description="How long after `due_at` a breach was noticed (downtime).")


class ClockState(WireModel):
    """One clock. `due_at` is None while it is paused; all durations are business seconds.

    A breached clock keeps its due time, and goes on counting until it is fulfilled, except while the customer is waited for.
    A cancelled one can run again, with the time it had used.
    """

    kind: ClockKind = Field(description="What is waited for: the first answer, the next one, or the solution.")
    status: Literal["running", "paused", "fulfilled", "breached", "cancelled"] = Field(
        description="Where it stands. `cancelled`: it is not waited for any more, and may run again."
    )
    target_seconds: int = Field(ge=0, description="Business seconds that were promised.")
    started_at: Instant = Field(description="When its time began.")
    due_at: Instant | None = Field(default=None, description="When its time is over; left out while it is paused.")
    warn_at: Instant | None = Field(default=None, description="When somebody is warned; left out where nobody will be.")
    remaining_seconds: int | None = Field(default=None, description="Business seconds left while paused; left out otherwise.")
    warned_at: Instant | None = Field(default=None, description="When somebody was warned; left out where nobody was.")
    breached_at: Instant | None = Field(default=None, description="When its time was over without an end; left out if kept so far.")
    fulfilled_at: Instant | None = Field(default=None, description="When what was promised happened; left out until then.")
    elapsed_seconds: int | None = Field(default=None, description="Business seconds used; left out while it runs or is paused.")
    outcome: Annotated[Word | None, known_words(ClockOutcome)] = Field(
        default=None,
        description="How it ended: kept or not; nobody answered or solved it before it was done with; nothing was promised "
        "any more. Left out until it ended.",
    )
    paused: bool = Field(default=False, description="It waits for the customer; a late clock that does keeps its status.")


class SlaState(WireModel):
    """All clocks of one ticket, as of `version`."""

    ticket_id: UUID = Field(description="The ticket, which is the Kafka key.")
    ticket_number: int = Field(description="The number people use.")
    version: int = Field(ge=1, description="Grows by one with each event of this ticket's clocks; ce_sequence is the same.")
    policy: Name = Field(description="The policy that the clocks go by, by name.")
    policy_version: int = Field(description="Which version of it.")
    calendar: Name = Field(description="The calendar that business time is counted on, by name.")
    priority: Priority = Field(description="The ticket's priority, which chose the targets.")
    team_id: UUID | None = Field(default=None, description="The team that has the ticket; left out: none has.")
    agent_id: UUID | None = Field(default=None, description="The agent who has the ticket; left out: nobody has.")
    clocks: list[ClockState] = Field(max_length=10, description="One of each kind that was ever promised: at most 10.")
    updated_at: Instant = Field(description="When this version came about.")


class SlaEvent(Event):
    topic: ClassVar[Topic] = SLAS
    key_path: ClassVar[str] = "sla.ticket_id"
    sequence_path: ClassVar[str | None] = "sla.version"
    sla: SlaState = Field(description="The clocks after this event.")
    at: Instant = Field(description="When it happened.")


class SlaClockStartedV1(SlaEvent):
    """Clocks were started, or set anew by a changed priority or policy; `clocks` names them, `reason` says why.

    Set anew is also a clock that had been cancelled, for which there is a target again.
    """

    type: Literal["sla.clock_started.v1"] = "sla.clock_started.v1"
    clocks: list[ClockKind] = Field(max_length=10, description="Which clocks of the ticket.")
    reason: Line = Field(description="Why, in a few words for people.")


class SlaPausedV1(SlaEvent):
    """The customer is waited for, or nothing is waited for any more: then the clocks concerned are cancelled, with an outcome."""

    type: Literal["sla.paused.v1"] = "sla.paused.v1"
    reason: Line = Field(description="Why, in a few words for people.")


class SlaResumedV1(SlaEvent):
    """Clocks run on: the customer answered, or the ticket was reopened."""

    type: Literal["sla.resumed.v1"] = "sla.resumed.v1"
    reason: Line = Field(description="Why, in a few words for people.")


class SlaFulfilledV1(SlaEvent):
    """What a clock waited for has happened."""

    type: Literal["sla.fulfilled.v1"] = "sla.fulfilled.v1"
    clock: ClockKind = Field(description="Which clock of the ticket.")
    in_time: bool = Field(description="False where it had been breached before.")


class SlaWarnedV1(SlaEvent):
    """A deadline is near."""

    type: Literal["sla.warned.v1"] = "sla.warned.v1"
    clock: ClockKind = Field(description="Which clock of the ticket.")
    due_at: Instant = Field(description="When its time is over.")
    late_seconds: float = Field(ge=0, description="How long after `warn_at` it was noticed (downtime).")


class SlaBreachedV1(SlaEvent):
    """A deadline passed."""

    type: Literal["sla.breached.v1"] = "sla.breached.v1"
    clock: ClockKind = Field(description="Which clock of the ticket.")
    due_at: Instant = Field(description="When its time was over.")
    late_seconds: float = Field(ge=0, description="How long after `due_at` it was noticed (downtime).")


class SlaUpdatedV1(SlaEvent):
    """What else is in the state has changed: whose ticket it is, or by which policy its clocks go; `changed` names the fields."""

    type: Literal["sla.updated.v1"] = "sla.updated.v1"
    changed: Changed
