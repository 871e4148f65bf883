"""One clock: it runs on a calendar, can be paused, and ends in time or late. Pure; every change gives a new clock.

All durations are business time. A clock is a list of spans: each is a stretch in which it ran, with the calendar that counted
it, so that any deadline can be explained afterwards.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sla_svc.domain.calendar import BusinessCalendar
from sla_svc.domain.policy import ClockKind, Policy

Status = Literal["running", "paused", "fulfilled", "breached", "cancelled"]
ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Span:
    """`end` is None while the clock runs; `counted` is the business time of a span that has ended."""

    start: datetime
    calendar: str
    configuration_version: int
    end: datetime | None = None
    counted: timedelta = ZERO


@dataclass(frozen=True, slots=True)
class Clock:
    """`breached_at` stays once it is set: what was late stays late, also when it is fulfilled or runs again."""

    kind: ClockKind
    status: Status
    target: timedelta
    warn_after: timedelta
    started_at: datetime
    spans: tuple[Span, ...]
    due_at: datetime | None = None
    warn_at: datetime | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    fulfilled_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether it still waits for something."""
        return self.status in ("running", "paused", "breached")

    @property
    def elapsed(self) -> timedelta:
        """Business time of the spans that have ended."""
        return sum((s.counted for s in self.spans), ZERO)

    def expired(self, at: datetime) -> bool:
        """Whether it runs and was due before `at`."""
        return self.status == "running" and self.due_at is not None and self.due_at < at


@dataclass(frozen=True, slots=True)
class Timekeeping:
    """What a clock runs by from now on: the calendar of a configuration's version."""

    calendar: BusinessCalendar
    configuration_version: int


def start(kind: ClockKind, target: timedelta, policy: Policy, timekeeping: Timekeeping, at: datetime) -> Clock:
    """A new clock that runs since `at`."""
    clock = Clock(kind, "paused", target, policy.warn_after(target), at, ())
    return run(clock, timekeeping, at)


def run(clock: Clock, timekeeping: Timekeeping, at: datetime) -> Clock:
    """Lets a clock run (again); what has elapsed is kept."""
    span = Span(at, timekeeping.calendar.name, timekeeping.configuration_version)
    elapsed = clock.elapsed
    late = clock.breached_at is not None
    return replace(
        clock,
        status="breached" if late else "running",
        spans=(*clock.spans, span),
        due_at=clock.due_at if late else timekeeping.calendar.add(at, clock.target - elapsed),
        warn_at=clock.warn_at if clock.warned_at or late else timekeeping.calendar.add(at, clock.warn_after - elapsed),
        fulfilled_at=None,
    )


def halt(clock: Clock, calendar: BusinessCalendar | None, at: datetime) -> Clock:
    """Ends the span that runs. `calendar` is that of the span; None where none runs."""
    if calendar is None or not clock.spans or clock.spans[-1].end is not None:
        return clock
    span = clock.spans[-1]
    end = max(at, span.start)
    ended = replace(span, end=end, counted=calendar.between(span.start, end))
    return replace(clock, spans=(*clock.spans[:-1], ended))


def pause(clock: Clock, calendar: BusinessCalendar | None, at: datetime) -> Clock:
    """Stops a clock for a while: it is due at no time until it runs on."""
    clock = halt(clock, calendar, at)
    warn_at = clock.warn_at if clock.warned_at else None
    return replace(clock, status="paused", due_at=None, warn_at=warn_at)


def fulfil(clock: Clock, calendar: BusinessCalendar | None, at: datetime) -> Clock:
    """What was waited for has come, in time or late."""
    return replace(halt(clock, calendar, at), status="fulfilled", fulfilled_at=at)


def cancel(clock: Clock, calendar: BusinessCalendar | None, at: datetime) -> Clock:
    """Nothing is waited for any more; a breach stays a breach in the records."""
    return replace(halt(clock, calendar, at), status="cancelled", due_at=None, warn_at=None)


def retarget(
    clock: Clock, target: timedelta, policy: Policy, calendar: BusinessCalendar | None, timekeeping: Timekeeping, at: datetime
) -> Clock:
    """Another target, or another calendar; what has elapsed is kept. A deadline that is past already is due now."""
    was = clock.status
    clock = replace(halt(clock, calendar, at), target=target, warn_after=policy.warn_after(target))
    return run(clock, timekeeping, at) if was == "running" else clock
