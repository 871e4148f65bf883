"""The clocks of one ticket, and what happens to them: a pure function of what was heard, in the order it was heard."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from sla_svc.domain import clocks
from sla_svc.domain.calendar import BusinessCalendar
from sla_svc.domain.clocks import Clock, Timekeeping
from sla_svc.domain.policy import ClockKind, Policy, SlaConfiguration
from sla_svc.domain.ticket import Heard, HeardKind, Ticket

Configurations = Callable[[int], SlaConfiguration]
"""A version of the configuration, for versions that clocks run by."""


@dataclass(frozen=True, slots=True)
class TicketSla:
    """`version` counts what has happened to its clocks; `ticket` is the newest state that was heard."""

    id: UUID
    version: int
    ticket: Ticket
    policy: str
    policy_version: int
    configuration_version: int
    calendar: str
    clocks: tuple[Clock, ...] = ()
    correlation_id: str = ""

    def clock(self, kind: ClockKind) -> Clock | None:
        """The clock of this kind; None where there is none."""
        return next((c for c in self.clocks if c.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Started:
    """Clocks were started, or set anew by another target."""

    clocks: tuple[ClockKind, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Paused:
    """The resolution clock waits for the customer, or nothing is waited for any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """The resolution clock runs on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fulfilled:
    """A clock ended; not `in_time` where it had been breached before."""

    clock: ClockKind
    in_time: bool


@dataclass(frozen=True, slots=True)
class Warned:
    """A clock is about to be breached; noticed so many seconds after it was time to warn."""

    clock: ClockKind
    due_at: datetime
    late_seconds: float


@dataclass(frozen=True, slots=True)
class Breached:
    """A clock was due and had not ended; noticed so many seconds after."""

    clock: ClockKind
    due_at: datetime
    late_seconds: float


SlaHappening = Started | Paused | Resumed | Fulfilled | Warned | Breached


class Happened(NamedTuple):
    """What happened, and the clocks after it."""

    happening: SlaHappening
    sla: TicketSla


class _Story:
    """A ticket's clocks while they change, and what has happened to them on the way."""

    def __init__(self, sla: TicketSla, configurations: Configurations) -> None:
        self.sla = sla
        self.happened: list[Happened] = []
        self._configurations = configurations

    def add(self, happening: SlaHappening) -> None:
        self.sla = replace(self.sla, version=self.sla.version + 1)
        self.happened.append(Happened(happening, self.sla))

    def set(self, clock: Clock) -> None:
        others = tuple(c for c in self.sla.clocks if c.kind != clock.kind)
        self.sla = replace(self.sla, clocks=(*others, clock))

    def calendar_of(self, clock: Clock) -> BusinessCalendar | None:
        """The calendar of the span that runs."""
        if not clock.spans or clock.spans[-1].end is not None:
            return None
        span = clock.spans[-1]
        return self._configurations(span.configuration_version).calendars[span.calendar]

    @property
    def timekeeping(self) -> Timekeeping:
        version = self.sla.configuration_version
        return Timekeeping(self._configurations(version).calendars[self.sla.calendar], version)

    @property
    def policy(self) -> Policy:
        policy = self._configurations(self.sla.configuration_version).policy(self.sla.policy)
        assert policy is not None, "a version of the configuration never changes"
        return policy

    def breach(self, clock: Clock, now: datetime) -> None:
        """A clock has run past its target."""
        assert clock.due_at is not None
        self.set(replace(clock, status="breached", breached_at=now))
        self.add(Breached(clock.kind, clock.due_at, max(0.0, (now - clock.due_at).total_seconds())))

    def fulfil(self, clock: Clock, at: datetime) -> None:
        """What a clock measures has been done, in time or after its breach."""
        self.set(clocks.fulfil(clock, self.calendar_of(clock), at))
        self.add(Fulfilled(clock.kind, clock.breached_at is None))


def begin(ticket: Ticket, current: SlaConfiguration, correlation_id: str) -> list[Happened]:
    """First and resolution clocks start when the ticket was opened. Nothing where no policy is for it."""
    policy = current.choose(ticket)
    if policy is None or ticket.status == "closed":
        return []
    sla = TicketSla(
        ticket.id, 0, ticket, policy.name, policy.version, current.version, policy.calendar, correlation_id=correlation_id
    )
    story = _Story(sla, lambda _: current)
    started = _start_missing(story, policy, ticket)
    if not started:
        return []
    story.add(Started(started, f"The ticket was opened; policy “{policy.name}” for priority {ticket.priority}."))
    return story.happened


def hear(
    sla: TicketSla | None,
    heard: Heard,
    now: datetime,
    current: SlaConfiguration,
    configurations: Configurations,
    correlation_id: str,
) -> tuple[TicketSla | None, list[Happened]]:
    """The clocks after a ticket event that is heard `now`; where there are none yet (`sla` None) they begin.

    Nothing begins where no policy is for the ticket. `correlation_id` is kept with clocks that begin.
    """
    if sla is not None:
        return follow(sla, heard, now, current, configurations)
    happened = begin(heard.ticket, current, correlation_id)
    if not happened:
        return None, []
    begun = happened[-1].sla
    if heard.kind == "opened":
        return begun, happened
    # Its opening was not heard (a late start): what has happened to it since is in its state.
    opened = replace(begun, ticket=replace(heard.ticket, version=0, status="open", waiting_for="agent"))
    after, more = follow(opened, heard, now, current, configurations)
    return after, [*happened, *more]


def follow(
    sla: TicketSla, heard: Heard, now: datetime, current: SlaConfiguration, configurations: Configurations
) -> tuple[TicketSla, list[Happened]]:
    """The clocks after a ticket event that is heard `now`. A state that is older than the newest heard is ignored.

    What was due before the event happened is breached first: who answers too late has not answered in time, whoever looks first.
    """
    ticket, at = heard.ticket, heard.at
    if ticket.version <= sla.ticket.version:
        return sla, []
    story = _Story(sla, configurations)
    for clock in sla.clocks:
        if clock.expired(at):
            story.breach(clock, now)
    story.sla = replace(story.sla, ticket=ticket)
    if ticket.status == "closed":
        _end(story, at, "The ticket was closed.")
    elif ticket.status == "resolved":
        resolution = story.sla.clock("resolution")
        if resolution is not None and resolution.active:
            _end(story, at, "", but="resolution")
            story.fulfil(resolution, at)
        else:
            _end(story, at, "The ticket was resolved.")
    else:
        if not sla.ticket.open:
            _reopen(story, at)
        _change_targets(story, sla.ticket, at, current)
        _respond(story, heard.kind, at)
        _wait(story, at)
    return story.sla, story.happened


def _start_missing(story: _Story, policy: Policy, ticket: Ticket) -> tuple[ClockKind, ...]:
    started: list[ClockKind] = []
    kinds: tuple[ClockKind, ...] = ("first_response", "resolution")
    for kind in kinds:
        target = policy.target(ticket.priority, kind)
        answered = kind == "first_response" and ticket.first_responded_at is not None
        if target is not None and not answered and story.sla.clock(kind) is None:
            story.set(clocks.start(kind, target, policy, story.timekeeping, ticket.opened_at))
            started.append(kind)
    return tuple(started)


def _end(story: _Story, at: datetime, reason: str, but: ClockKind | None = None) -> None:
    running = [c for c in story.sla.clocks if c.active and c.kind != but]
    for clock in running:
        story.set(clocks.cancel(clock, story.calendar_of(clock), at))
    if running and but is None:
        story.add(Paused(f"{reason} Nothing more is waited for."))


def _reopen(story: _Story, at: datetime) -> None:
    resolution = story.sla.clock("resolution")
    if resolution is not None and resolution.status in ("fulfilled", "cancelled"):
        story.set(clocks.run(resolution, story.timekeeping, at))
        story.add(Resumed("The ticket was reopened; the time used before counts."))


def _change_targets(story: _Story, previous: Ticket, at: datetime, current: SlaConfiguration) -> None:
    ticket, before = story.sla.ticket, story.policy
    policy = current.choose(ticket)
    if policy is None or (policy.name == before.name and ticket.priority == previous.priority):
        return
    old = story.sla
    story.sla = replace(
        old,
        policy=policy.name,
        policy_version=policy.version,
        configuration_version=current.version,
        calendar=policy.calendar,
    )
    changed: list[ClockKind] = []
    for clock in old.clocks:
        if clock.status not in ("running", "paused"):
            continue
        target, calendar = policy.target(ticket.priority, clock.kind), story.calendar_of(clock)
        if target is None:
            story.set(clocks.cancel(clock, calendar, at))
        else:
            story.set(clocks.retarget(clock, target, policy, calendar, story.timekeeping, at))
        changed.append(clock.kind)
    changed += _start_missing(story, policy, ticket)
    if changed:
        story.add(Started(tuple(changed), f"Policy “{policy.name}” for priority {ticket.priority}; the time used before counts."))


def _respond(story: _Story, heard: HeardKind, at: datetime) -> None:
    ticket = story.sla.ticket
    first, following = story.sla.clock("first_response"), story.sla.clock("next_response")
    if first is not None and first.active and ticket.first_responded_at is not None:
        story.fulfil(first, ticket.first_responded_at)
    elif heard == "agent_replied" and following is not None and following.active:
        story.fulfil(following, at)
    elif heard == "customer_replied":
        target = story.policy.target(ticket.priority, "next_response")
        waits = (first is not None and first.active) or (following is not None and following.active)
        if target is not None and not waits:
            story.set(clocks.start("next_response", target, story.policy, story.timekeeping, at))
            story.add(Started(("next_response",), "The customer replied."))


def _wait(story: _Story, at: datetime) -> None:
    resolution = story.sla.clock("resolution")
    if resolution is None or not story.policy.pause_while_waiting:
        return
    waiting = story.sla.ticket.waiting_for == "customer"
    if waiting and resolution.status == "running":
        story.set(clocks.pause(resolution, story.calendar_of(resolution), at))
        story.add(Paused("Waiting for the customer."))
    elif not waiting and resolution.status == "paused":
        story.set(clocks.run(resolution, story.timekeeping, at))
        story.add(Resumed("The customer answered."))


def fire(
    sla: TicketSla, kind: ClockKind, what: Literal["warn", "breach"], now: datetime, configurations: Configurations
) -> list[Happened]:
    """A timer is due. Nothing, where the clock does not run any more or was set anew meanwhile."""
    story = _Story(sla, configurations)
    clock = sla.clock(kind)
    if clock is None or clock.status != "running" or clock.due_at is None:
        return []
    if what == "warn" and clock.warned_at is None and clock.warn_at is not None and clock.warn_at <= now:
        story.set(replace(clock, warned_at=now))
        story.add(Warned(kind, clock.due_at, (now - clock.warn_at).total_seconds()))
    elif what == "breach" and clock.due_at <= now:
        story.breach(clock, now)
    return story.happened
