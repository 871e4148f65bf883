"""What sla-svc tells: each event carries the state of all the ticket's clocks after it."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from deskstream_contracts.topics import SLAS, Topic
from deskstream_contracts.wire import Event, Instant, Line, Name, Priority, Tags, WireModel, Word, known_words

ClockKind = Literal["first_response", "next_response", "resolution"]
DeadlineEvent = Literal["warned", "breached"]
ClockOutcome = Literal["in_time", "late", "unanswered", "unsolved", "no_target", "no_policy"]


class Deadline(WireModel):
    """A clock that is about to be breached, or was. `late_seconds`: how long after `due_at` a breach was noticed (downtime)."""

    clock: ClockKind
    event: Annotated[Word, known_words(DeadlineEvent)]
    policy: Name
    due_at: Instant
    late_seconds: float = Field(default=0.0, ge=0)


class ClockState(WireModel):
    """One clock. `due_at` is None while it is paused; all durations are business seconds.

    A breached clock keeps its due time, and goes on counting until it is fulfilled, except while the customer is waited for.
    A cancelled one can run again, with the time it had used.
    """

    kind: ClockKind
    status: Literal["running", "paused", "fulfilled", "breached", "cancelled"]
    target_seconds: int = Field(ge=0)
    started_at: Instant
    due_at: Instant | None = None
    warn_at: Instant | None = None
    remaining_seconds: int | None = Field(default=None, description="What is left while paused.")
    warned_at: Instant | None = None
    breached_at: Instant | None = None
    fulfilled_at: Instant | None = None
    elapsed_seconds: int | None = Field(default=None, description="Business time used; None while it runs or is paused.")
    outcome: Annotated[Word | None, known_words(ClockOutcome)] = None
    """How it ended: kept or not; nobody answered or solved it before it was done with; nothing was promised any more."""
    paused: bool = Field(default=False, description="It waits for the customer; a late clock that does keeps its status.")


class SlaState(WireModel):
    ticket_id: UUID
    ticket_number: int
    version: int = Field(ge=1)
    policy: Name
    policy_version: int
    calendar: Name
    priority: Priority
    team_id: UUID | None = None
    agent_id: UUID | None = None
    clocks: list[ClockState] = Field(max_length=10)
    updated_at: Instant


class SlaEvent(Event):
    topic: ClassVar[Topic] = SLAS
    key_path: ClassVar[str] = "sla.ticket_id"
    sequence_path: ClassVar[str | None] = "sla.version"
    sla: SlaState
    at: Instant


class SlaClockStartedV1(SlaEvent):
    """Clocks were started, or set anew by a changed priority or policy; `clocks` names them, `reason` says why.

    Set anew is also a clock that had been cancelled, for which there is a target again.
    """

    type: Literal["sla.clock_started.v1"] = "sla.clock_started.v1"
    clocks: list[ClockKind] = Field(max_length=10)
    reason: Line


class SlaPausedV1(SlaEvent):
    """The customer is waited for, or nothing is waited for any more: then the clocks concerned are cancelled, with an outcome."""

    type: Literal["sla.paused.v1"] = "sla.paused.v1"
    reason: Line


class SlaResumedV1(SlaEvent):
    """Clocks run on: the customer answered, or the ticket was reopened."""

    type: Literal["sla.resumed.v1"] = "sla.resumed.v1"
    reason: Line


class SlaFulfilledV1(SlaEvent):
    """A clock ended; `in_time` is false where it had been breached before."""

    type: Literal["sla.fulfilled.v1"] = "sla.fulfilled.v1"
    clock: ClockKind
    in_time: bool


class SlaWarnedV1(SlaEvent):
    """A deadline is near. `late_seconds`: how long after `warn_at` it was noticed (downtime)."""

    type: Literal["sla.warned.v1"] = "sla.warned.v1"
    clock: ClockKind
    due_at: Instant
    late_seconds: float = Field(ge=0)


class SlaBreachedV1(SlaEvent):
    """A deadline passed. `late_seconds`: how long after `due_at` it was noticed (downtime)."""

    type: Literal["sla.breached.v1"] = "sla.breached.v1"
    clock: ClockKind
    due_at: Instant
    late_seconds: float = Field(ge=0)


class SlaUpdatedV1(SlaEvent):
    """What else is in the state has changed: whose ticket it is, or by which policy its clocks go; `changed` names the fields."""

    type: Literal["sla.updated.v1"] = "sla.updated.v1"
    changed: Tags
