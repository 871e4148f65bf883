"""One clock: it runs on a calendar, can be paused, and ends in time or late. Pure; every change gives a new clock.

All durations are business time. A clock is a list of spans: each is a stretch in which it ran, with the calendar that counted
it, so that any deadline can be explained afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sla_svc.domain.calendar import BusinessCalendar
from sla_svc.domain.policy import ClockKind, Policy

Status = Literal["running", "paused", "fulfilled", "breached", "cancelled"]
Cancellation = Literal["unanswered", "unsolved", "no_target", "no_policy"]
"""Why a clock ended that was not fulfilled: nobody answered or solved what is done with, or nothing is promised any more."""
Outcome = Literal["in_time", "late"] | Cancellation
Kept = Literal["in_time", "breached", "unanswered"]
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
    """`breached_at` stays once it is set: what was late stays late, also when it is fulfilled or runs again.

    A breached clock goes on counting how late it is, and keeps its target and its due time; it pauses like any other.
    """

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
    cancelled_for: Cancellation | None = None

    @property
    def active(self) -> bool:
        """Whether it still waits for something."""
        return self.status in ("running", "paused", "breached")

    @property
    def ticks(self) -> bool:
        """Whether time counts now."""
        return bool(self.spans) and self.spans[-1].end is None

    @property
    def elapsed(self) -> timedelta:
        """Business time of the spans that have ended."""
        return sum((s.counted for s in self.spans), ZERO)

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it is active."""
        if self.status == "fulfilled":
            return "in_time" if self.breached_at is None else "late"
        return self.cancelled_for if self.status == "cancelled" else None

    @property
    def kept(self) -> Kept | None:
        """What there is to account for: whether the target was kept, as far as that is decided."""
        if self.breached_at is not None:
            return "breached"
        if self.status == "fulfilled":
            return "in_time"
        return "unanswered" if self.outcome == "unanswered" else None

    def expired(self, at: datetime) -> bool:
        """Whether it runs and was due before `at`."""
        return self.status == "running" and self.due_at is not None and self.due_at < at


@dataclass(frozen=True, slots=True)
class Timekeeping:
    """What a clock runs by from now on: the calendar of a configuration's version."""

    calendar: BusinessCalendar
    configuration_version: int


def start(
    kind: ClockKind,
    target: timedelta,
    policy: Policy,
    timekeeping: Timekeeping,
    since: datetime,
    at: datetime,
    counted: Iterable[tuple[datetime, datetime]] = (),
) -> Clock:
    """A new clock that measures what is waited for `since`, and runs from `at` on; stretches before that are `counted` too."""
    calendar = timekeeping.calendar
    spans = tuple(
        Span(begin, calendar.name, timekeeping.configuration_version, end, calendar.between(begin, end)) for begin, end in counted
    )
    return run(Clock(kind, "paused", target, policy.warn_after(target), since, spans), timekeeping, at)


def run(clock: Clock, timekeeping: Timekeeping, at: datetime) -> Clock:
    """Lets a clock run (again); what has elapsed is kept. A deadline that is past already is due now."""
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
        cancelled_for=None,
    )


def halt(clock: Clock, calendar: BusinessCalendar | None, at: datetime) -> Clock:
    """Ends the span that runs. `calendar` is that of the span; None where none runs."""
    if calendar is None or not clock.ticks:
        return clock
    span = clock.spans[-1]
    end = max(at, span.start)
    ended = replace(span, end=end, counted=calendar.between(span.start, end))
    return replace(clock, spans=(*clock.spans[:-1], ended))


def pause(clock: Clock, calendar: BusinessCalendar | None, at: datetime) -> Clock:
    """Stops a clock for a while: it is due at no time until it runs on. One that was late stays so, and counts no further."""
    clock = halt(clock, calendar, at)
    return clock if clock.breached_at else replace(_due_no_more(clock), status="paused")


def fulfil(clock: Clock, calendar: BusinessCalendar | None, at: datetime) -> Clock:
    """What was waited for has come, in time or late."""
    return replace(halt(clock, calendar, at), status="fulfilled", fulfilled_at=at)


def cancel(clock: Clock, calendar: BusinessCalendar | None, why: Cancellation, at: datetime) -> Clock:
    """Nothing is waited for any more; a breach stays a breach in the records."""
    ended = _due_no_more(halt(clock, calendar, at))
    return replace(ended, status="cancelled", fulfilled_at=None, cancelled_for=why)


def aim(clock: Clock, target: timedelta, policy: Policy) -> Clock:
    """Another target for a clock that does not tick; what has elapsed is kept, and what was late keeps the target that it missed.

    Where the moment to warn is ahead again, it warns again.
    """
    if clock.breached_at is not None:
        return clock
    warn_after = policy.warn_after(target)
    if clock.elapsed < warn_after:
        clock = replace(clock, warned_at=None, warn_at=None)
    return replace(clock, target=target, warn_after=warn_after)


def _due_no_more(clock: Clock) -> Clock:
    """When a clock was late, and when it has warned, stays in the records."""
    if clock.breached_at is not None:
        return clock
    return replace(clock, due_at=None, warn_at=clock.warn_at if clock.warned_at else None)
