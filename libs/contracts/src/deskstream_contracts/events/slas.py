"""What sla-svc tells: each event carries the state of all the ticket's clocks after it."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from deskstream_contracts.topics import SLAS, Topic
from deskstream_contracts.wire import Event, Instant, Line, Name, Priority, WireModel

ClockKind = Literal["first_response", "next_response", "resolution"]


class ClockState(WireModel):
    """One clock. `due_at` is None while it is paused; all durations are business seconds."""

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
    elapsed_seconds: int | None = Field(default=None, description="Business time used, when fulfilled or breached.")


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
    """Clocks were started, or set anew by a changed priority or policy; `clocks` names them, `reason` says why."""

    type: Literal["sla.clock_started.v1"] = "sla.clock_started.v1"
    clocks: list[ClockKind] = Field(max_length=10)
    reason: Line


class SlaPausedV1(SlaEvent):
    type: Literal["sla.paused.v1"] = "sla.paused.v1"
    reason: Line


class SlaResumedV1(SlaEvent):
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
