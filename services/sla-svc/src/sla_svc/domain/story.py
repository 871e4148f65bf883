"""A ticket's clocks while something happens to them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sla_svc.domain import clocks
from sla_svc.domain.calendar import BusinessCalendar
from sla_svc.domain.clocks import Clock, Timekeeping
from sla_svc.domain.happenings import Breached, Fulfilled, SlaHappening
from sla_svc.domain.policy import ClockKind, Policy, SlaConfiguration
from sla_svc.domain.ticket_sla import TicketSla

Configurations = Callable[[int], SlaConfiguration]
"""A version of the configuration, for versions that clocks run by."""


class Happened(NamedTuple):
    """What happened, and the clocks after it."""

    happening: SlaHappening
    sla: TicketSla


class Story:
    """A ticket's clocks while they change `at` a moment, and what has happened to them on the way."""

    def __init__(self, sla: TicketSla, configurations: Configurations, at: datetime) -> None:
        self.sla = sla
        self.happened: list[Happened] = []
        # Events of one ticket can be stamped by several processes, and what a job changes is stamped by yet another.
        self.at = max(at, sla.latest)
        self._configurations = configurations

    def add(self, happening: SlaHappening) -> None:
        self.happened.append(Happened(happening, self.sla))

    def set(self, clock: Clock) -> None:
        self.sla = self.sla.with_clock(clock)

    def calendar_of(self, clock: Clock) -> BusinessCalendar | None:
        """The calendar of the span that runs."""
        if not clock.ticks:
            return None
        span = clock.spans[-1]
        return self._configurations(span.configuration_version).calendars[span.calendar]

    @property
    def timekeeping(self) -> Timekeeping:
        version = self.sla.configuration_version
        return Timekeeping(self._configurations(version).calendars[self.sla.calendar], version)

    @property
    def policy(self) -> Policy | None:
        """None where none is for the ticket."""
        if not self.sla.covered:
            return None
        policy = self._configurations(self.sla.configuration_version).policy(self.sla.policy)
        assert policy is not None, "a version of the configuration never changes"
        return policy

    def target(self, kind: ClockKind) -> timedelta | None:
        return self.policy.target(self.sla.ticket.priority, kind) if self.policy else None

    def breach_expired(self, at: datetime, now: datetime, answered_at: datetime | None = None) -> None:
        """What was due before `at` is late, whoever looks first; a first response, what was due before it was given."""
        for clock in self.sla.clocks:
            if clock.expired(answered_at or at if clock.kind == "first_response" else at):
                self.breach(clock, now)

    def breach(self, clock: Clock, now: datetime) -> None:
        """A clock has run past its target."""
        assert clock.due_at is not None
        self.set(replace(clock, status="breached", breached_at=now))
        self.add(Breached(clock.kind, clock.due_at, max(0.0, (now - clock.due_at).total_seconds())))

    def fulfil(self, kind: ClockKind, at: datetime) -> None:
        """What a clock measures has been done, in time or after its breach."""
        clock = self.sla.clock(kind)
        if clock is not None and clock.active:
            self.set(clocks.fulfil(clock, self.calendar_of(clock), at))
            self.add(Fulfilled(kind, clock.breached_at is None))

    def cancelled(self, clock: Clock, why: clocks.Cancellation) -> Clock:
        return clocks.cancel(clock, self.calendar_of(clock), why, self.at)

    def aimed(self, clock: Clock, target: timedelta) -> Clock:
        """Another target, or another calendar, from now on; a clock that ticked goes on, and all others stay as they are."""
        assert self.policy is not None
        if clock.breached_at is not None:
            return clock
        aimed = clocks.aim(clocks.halt(clock, self.calendar_of(clock), self.at), target, self.policy)
        return clocks.run(aimed, self.timekeeping, self.at) if clock.ticks else aimed

    def again(self, clock: Clock, target: timedelta) -> Clock:
        """A clock that had ended runs on, to this target."""
        assert self.policy is not None
        return clocks.run(clocks.aim(clock, target, self.policy), self.timekeeping, self.at)

    def started(self, kind: ClockKind, target: timedelta, since: datetime) -> Clock:
        """A clock that should have run `since` before: what would have counted counts, and it is due now at the earliest."""
        assert self.policy is not None
        rests = kind == "resolution" and self.policy.pause_while_waiting
        counted = self.sla.counted(("working",) if rests else ("working", "waiting"), since, self.at)
        return clocks.start(kind, target, self.policy, self.timekeeping, since, self.at, counted)

    def put(self, changed: Sequence[Clock], happening: Callable[[tuple[ClockKind, ...]], SlaHappening]) -> None:
        """These clocks together, in one happening."""
        for clock in changed:
            self.set(clock)
        if changed:
            self.add(happening(tuple(clock.kind for clock in changed)))
