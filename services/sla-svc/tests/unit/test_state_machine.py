"""The life of a ticket's clocks, in any order, against a model that counts minute by minute.

The arithmetic has its own oracle in test_calendar.py. This one is about what starts, rests, runs again and ends, and when. It goes
through the use cases and the unit, so that versions and events are held too. A normal run tries a few hundred lives; many more:
`HYPOTHESIS_PROFILE=long ./desk test unit -- services/sla-svc -k state_machine`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from deskstream_chassis.testing import KeptOutbox, Nowhere, example
from deskstream_contracts.events import tickets as wire
from deskstream_contracts.events.slas import SlaBreachedV1, SlaEvent
from sla_svc.adapters.holidays import is_holiday_of
from sla_svc.domain.calendar import CalendarDefinition
from sla_svc.domain.clocks import Clock
from sla_svc.domain.policy import KINDS, Conditions, Policy, Targets
from sla_svc.domain.ticket_sla import TicketSla
from sla_svc.domain.timers import DueTimer, timers_of
from sla_svc.handlers.fire_timers import FireTimers
from sla_svc.handlers.follow_configuration import FollowConfiguration
from sla_svc.handlers.follow_ticket import FollowTicket
from sla_svc.messaging.published import state
from sla_svc.persistence.configuration_cache import ConfigurationCache
from sla_svc.persistence.unit import SlaUnit

LONG: Final = os.environ.get("HYPOTHESIS_PROFILE") == "long"
LIVES: Final = 20_000 if LONG else 40 if os.environ.get("DESK_MUTANTS") else 300
T0: Final = datetime(2026, 3, 26, 14, 0, tzinfo=UTC)  # a Thursday
DAYS: Final = 60
OPENED: Final = example(wire.TicketOpenedV1, ticket={"opened_at": T0, "tags": [], "ticket_type": None}, at=T0).ticket
ORGANIZATION: Final = OPENED.requester.organization


# What a life is made of.

ALWAYS: Final = CalendarDefinition("24x7", always=True)
HOURS: Final = ((480, 960), (600, 840), (1320, 360))
OFFICES: Final = tuple(CalendarDefinition("Office", weekly=((hours,),) * 5 + ((), ())) for hours in HOURS)
targets = st.builds(Targets, *[st.sampled_from((None, 1800, 3600, 7200, 36000))] * 3)
policies = st.builds(
    Policy,
    name=st.just("Standard"),
    version=st.just(0),
    targets=st.fixed_dictionaries({}, optional=dict.fromkeys(("low", "medium", "high"), targets)),
    calendar=st.sampled_from(("24x7", "Office")),
    pause_while_waiting=st.booleans(),
    warn_fraction=st.just(0.5),
    warn_before=st.sampled_from((None, None, 600)),
)
standard = policies.map(lambda policy: replace(policy, is_default=True))
# Homes from before a default was asked for may have none.
plain = policies.map(lambda policy: replace(policy, conditions=Conditions(priorities=("medium", "high"))))
gold = st.builds(
    lambda policy, conditions: replace(policy, name="Gold", conditions=conditions),
    policies,
    st.sampled_from((Conditions(teams=("Gold",)), Conditions(types=("Incident",)), Conditions(organizations=("ACME",)))),
)
configurations = st.tuples(st.one_of(standard, standard, plain), st.none() | gold).map(
    lambda pair: tuple(policy for policy in reversed(pair) if policy is not None)
)


# The model: minutes since T0, and nothing else.


@cache
def open_minutes(calendar: CalendarDefinition) -> bytes:
    """For each minute whether it counts."""
    found = bytearray()
    for minute in range(DAYS * 1440):
        moment = T0 + timedelta(minutes=minute)
        of_day = moment.hour * 60 + moment.minute
        today, yesterday = (calendar.weekly[(moment.weekday() - back) % 7] for back in (0, 1))
        within = any(a <= of_day < b if a < b else of_day >= a for a, b in today)
        found.append(calendar.always or within or any(a > b and of_day < b for a, b in yesterday))
    return bytes(found)


@dataclass
class ModelClock:
    since: int
    counts: bytes
    target: int
    warn: int
    counted: list[int] = field(default_factory=list)  # which minutes
    went_on: int = 0
    status: str = "running"  # running, fulfilled or cancelled
    resting: bool = False
    warned: bool = False
    late: bool = False
    outcome: str | None = None
    due: int | None = None
    warn_due: int | None = None

    @property
    def active(self) -> bool:
        return self.status == "running"

    @property
    def used(self) -> int:
        return len(self.counted)

    def go(self, now: int) -> None:
        """Runs from now on; what is past is due now."""
        self.status, self.resting, self.outcome, self.went_on = "running", False, None, now
        if not self.late:
            self.due, self.warn_due = self._when(self.target, now), self._when(self.warn, now)

    def _when(self, amount: int, now: int) -> int:
        used, minute = self.used, now
        while used < amount:
            used, minute = used + self.counts[minute], minute + 1
        return minute

    def aim(self, target: int, warn: int, counts: bytes) -> None:
        self.counts = counts
        if not self.late:
            self.target, self.warn, self.warned = target, warn, self.warned and self.used >= warn

    def answer(self, at: int) -> None:
        """Given `at`, which can be some time before it is heard of."""
        self.counted = [minute for minute in self.counted if minute < max(at, self.went_on)]
        self.end("fulfilled", "late" if self.late else "in_time")

    def end(self, status: str, outcome: str | None) -> None:
        self.status, self.resting, self.outcome = status, False, outcome


@dataclass
class Model:
    """What is promised, as the README has it."""

    now: int = 0
    clocks: dict[str, ModelClock] = field(default_factory=dict)
    modes: list[str] = field(default_factory=list)  # of each minute
    mode: str = "working"
    priority: str = "medium"
    policy: Policy | None = None
    calendar: CalendarDefinition = ALWAYS
    version: int = 0
    asked: int | None = None
    answered: bool = False

    def pass_time(self, minutes: int) -> None:
        for minute in range(self.now, self.now + minutes):
            self.modes.append(self.mode)
            for clock in self.clocks.values():
                if clock.active and not clock.resting:
                    clock.counted += [minute] * clock.counts[minute]
        self.now += minutes

    def fire(self) -> None:
        for clock in self.clocks.values():
            if clock.active and not clock.resting and not clock.late and clock.due is not None and clock.warn_due is not None:
                clock.warned = clock.warned or (clock.warn_due <= self.now and clock.warn_due < clock.due)
                clock.late = clock.due <= self.now

    def notice_what_is_late(self, first_answered: int | None = None) -> None:
        for kind, clock in self.clocks.items():
            until = first_answered if kind == "first_response" and first_answered is not None else self.now
            if clock.active and not clock.resting and clock.due is not None and clock.due < until:
                clock.late = True

    def hear(
        self, what: str, ticket: wire.TicketState, chosen: Policy | None, calendar: CalendarDefinition, version: int, told: bool
    ) -> None:
        """`chosen`: the policy that is for the ticket now, by the newest version. `told`: the customer has an answer by this."""
        solved = ticket.resolved_at if (ticket.solution or "").strip() else None
        first_answered = ticket.first_responded_at or solved
        first = self.now if first_answered is None else int((first_answered - T0) / timedelta(minutes=1))
        self.notice_what_is_late(None if first_answered is None else first)
        reopened = self.mode == "done" and ticket.status in ("open", "in_progress")
        self.mode = "waiting" if ticket.waiting_for == "customer" else "working"
        if ticket.status in ("resolved", "closed"):
            self.mode = "done"
        told = told or (first_answered is not None and not self.answered)
        self.answered = self.answered or told
        if told:
            self.asked = None
        elif what == "customer" and self.asked is None:
            self.asked = self.now
        another = (chosen and chosen.name) != (self.policy and self.policy.name) or ticket.priority != self.priority or reopened
        self.priority = ticket.priority
        if told:
            for kind, at in (("first_response", first), ("next_response", self.now)):
                if kind in self.clocks and self.clocks[kind].active:
                    self.clocks[kind].answer(at)
        if self.mode == "done":
            self.finish(ticket.status)
            return
        if another:
            self.policy, self.calendar, self.version = chosen, calendar, version if chosen else self.version
        self.bring_in_line(another, reopened)

    def follow(self, chosen: Policy | None, calendar: CalendarDefinition, version: int) -> None:
        same = chosen == self.policy and (chosen is None or calendar == self.calendar)
        if self.mode == "done" or version <= self.version or same:
            return
        self.notice_what_is_late()
        self.policy, self.calendar, self.version = chosen, calendar, version if chosen else self.version
        self.bring_in_line(True, False)

    def finish(self, status: str) -> None:
        for kind, clock in self.clocks.items():
            if clock.active and kind != "resolution":
                clock.end("cancelled", "unanswered")
            elif clock.active and status == "resolved":
                clock.end("fulfilled", "late" if clock.late else "in_time")
            elif clock.active:
                clock.end("cancelled", "unsolved")

    def since(self, kind: str) -> int | None:
        if kind == "first_response":
            return None if self.answered else 0
        return self.asked if kind == "next_response" else 0

    def bring_in_line(self, another: bool, reopened: bool) -> None:
        for kind in KINDS:
            since, clock = self.since(kind), self.clocks.get(kind)
            seconds = getattr(self.policy.targets.get(self.priority, Targets()), kind) if self.policy else None  # type: ignore[call-overload]
            if since is None:
                continue
            mine = clock is not None and clock.since == since
            if seconds is None:
                if clock is not None and mine and (clock.active or (reopened and clock.outcome not in ("no_target", "no_policy"))):
                    clock.end("cancelled", "no_target" if self.policy else "no_policy")
                continue
            assert self.policy is not None
            target = seconds // 60
            warn = target // 2 if self.policy.warn_before is None else target - 10
            counts = open_minutes(self.calendar)
            if clock is None or not mine:
                first = self.clocks.get("first_response")
                if kind != "next_response" or first is None or not first.active:
                    rests = kind == "resolution" and self.policy.pause_while_waiting
                    modes = ("working",) if rests else ("working", "waiting")
                    counted = [m for m in range(since, self.now) if self.modes[m] in modes and counts[m]]
                    self.clocks[kind] = ModelClock(since, counts, target, warn, counted)
                    self.clocks[kind].go(self.now)
            elif not clock.active or (another and not clock.late):
                rested = clock.resting
                clock.aim(target, warn, counts)
                clock.go(self.now)
                clock.resting = rested
        self.rest()

    def rest(self) -> None:
        clock = self.clocks.get("resolution")
        if clock is not None and clock.active and self.policy is not None:
            rests = self.mode == "waiting" and self.policy.pause_while_waiting
            if clock.resting and not rests:
                clock.counts = open_minutes(self.calendar)
                clock.go(self.now)
            clock.resting = rests

    def first_heard(self, priority: str, chosen: Policy | None, calendar: CalendarDefinition, version: int) -> None:
        self.priority, self.policy, self.calendar, self.version = priority, chosen, calendar, version
        self.bring_in_line(True, False)


class LifeOfClocks(RuleBasedStateMachine):
    """A ticket, policies and time, on both sides."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.published = KeptOutbox()
        self.cache = ConfigurationCache(is_holiday_of)
        self.unit = SlaUnit(Nowhere(), self.published, T0, cache=self.cache, expect=lambda due: None)
        self.ticket = OPENED
        self.past: list[Any] = []
        self.seen = 0
        self.office = OFFICES[0]

    # Time, and what is in force.

    @property
    def at(self) -> datetime:
        return T0 + timedelta(minutes=self.model.now)

    @property
    def sla(self) -> TicketSla:
        found = self.unit.slas.get(OPENED.id)
        assert found is not None
        return found

    @property
    def version(self) -> int:
        return self.unit.configurations.version

    def put_in_force(self, put: tuple[Policy, ...], office: CalendarDefinition) -> None:
        version = self.version + 1
        known = {p.name: p for p in self.cache.get(self.version).policies} if self.version else {}
        same = {p.name: replace(p, version=known[p.name].version) for p in put if p.name in known}
        numbered = tuple(same[p.name] if same.get(p.name) == known.get(p.name, p) else replace(p, version=version) for p in put)
        self.cache._configurations[version] = self.cache.compiled(version, numbered, (ALWAYS, office))
        self.unit.configurations.version, self.office = version, office

    def chosen(self, ticket: wire.TicketState, version: int) -> tuple[Policy | None, CalendarDefinition, int]:
        """By the words of the README, and not by the code: the first that matches, else the default."""
        configuration = self.cache.get(version)
        default = next((p for p in configuration.policies if p.is_default), None)
        policy = next((p for p in configuration.policies if not p.is_default and self.matches(p, ticket)), default)
        return policy, self.office_of(version) if policy and policy.calendar == "Office" else ALWAYS, version

    def office_of(self, version: int) -> CalendarDefinition:
        return next(c for c in self.cache.get(version).definitions if c.name == "Office")

    @staticmethod
    def matches(policy: Policy, ticket: wire.TicketState) -> bool:
        organization = ticket.requester.organization
        wanted = policy.conditions
        return (
            (not wanted.priorities or ticket.priority in wanted.priorities)
            and (not wanted.teams or ticket.assignee.team_name in wanted.teams)
            and (not wanted.types or ticket.ticket_type in wanted.types)
            and (not wanted.organizations or (organization is not None and organization.name in wanted.organizations))
        )

    # What happens.

    def happen(self, event_class: type[Any], what: str, held: bool = False, told: bool = False, **changes: Any) -> None:
        """To the ticket; what is `held` back is only heard when it is old, and seen in the state of what comes after."""
        self.ticket = self.ticket.model_copy(update={"version": self.ticket.version + 1, "updated_at": self.at, **changes})
        more = {"solution": changes.get("solution", "")} if event_class is wire.TicketResolvedV1 else {}
        event = event_class.model_construct(ticket=self.ticket, at=self.at, by=None, **more)
        self.past.append(event)
        if held:
            return
        self.unit.now = self.at
        FollowTicket(event).handle(self.unit)
        self.model.hear(what, self.ticket, *self.chosen(self.ticket, self.version), told)

    @initialize(put=configurations, office=st.sampled_from(OFFICES), priority=st.sampled_from(("low", "medium", "high")))
    def open(self, put: tuple[Policy, ...], office: CalendarDefinition, priority: str) -> None:
        self.put_in_force(put, office)
        nobody = wire.Assignee()
        requester = self.ticket.requester.model_copy(update={"organization": None})
        fresh = {"priority": priority, "status": "open", "waiting_for": "agent", "first_responded_at": None, "resolved_at": None}
        self.ticket = self.ticket.model_copy(update={**fresh, "assignee": nobody, "requester": requester, "solution": None})
        event = wire.TicketOpenedV1.model_construct(ticket=self.ticket, at=T0, by=None)
        self.past.append(event)
        FollowTicket(event).handle(self.unit)
        self.model.first_heard(priority, *self.chosen(self.ticket, self.version))

    @precondition(lambda self: self.model.now < (DAYS - 45) * 1440)
    @rule(minutes=st.sampled_from((1, 10, 15, 29, 30, 59, 60, 61, 120, 480, 1440, 2880)))
    def time_passes(self, minutes: int) -> None:
        self.model.pass_time(minutes)

    @rule(twice=st.booleans(), early=st.booleans())
    def timers_fire(self, twice: bool, early: bool) -> None:
        timers = sorted(timers_of(self.sla).items(), key=lambda timer: (timer[1], timer[0][1] != "warn"))
        due = [DueTimer(OPENED.id, *key) for key, at in timers if at <= self.at or early]
        self.unit.now = self.at
        for _ in range(1 + twice):
            FireTimers(due).handle(self.unit)
        self.model.fire()

    @rule(priority=st.sampled_from(("low", "medium", "high")), held=st.booleans())
    def is_prioritised(self, priority: str, held: bool) -> None:
        self.happen(wire.TicketPrioritisedV1, "other", held, priority=priority)

    @rule(team=st.sampled_from((None, "Gold", "Billing")), agent=st.none() | st.just(UUID(int=9)))
    def is_assigned(self, team: str | None, agent: UUID | None) -> None:
        self.happen(wire.TicketAssignedV1, "other", assignee=wire.Assignee(team_name=team, agent_id=agent))

    @rule(ticket_type=st.sampled_from((None, "Incident")), tags=st.lists(st.just("vip"), max_size=1))
    def is_classified(self, ticket_type: str | None, tags: list[str]) -> None:
        self.happen(wire.TicketClassifiedV1, "other", ticket_type=ticket_type, tags=tags)

    @rule(there=st.booleans())
    def changes_hands(self, there: bool) -> None:
        organization = ORGANIZATION.model_copy(update={"name": "ACME"}) if there and ORGANIZATION else None
        requester = self.ticket.requester.model_copy(update={"organization": organization})
        self.happen(wire.TicketClassifiedV1, "other", requester=requester)

    @precondition(lambda self: self.ticket.status != "closed")
    @rule(still_ours=st.booleans(), held=st.booleans())
    def is_answered(self, still_ours: bool, held: bool) -> None:
        waits = "agent" if still_ours else "customer"
        first = self.ticket.first_responded_at or self.at
        self.happen(wire.TicketAgentRepliedV1, "answer", held, told=True, waiting_for=waits, first_responded_at=first)

    @rule(alone=st.booleans())
    def customer_writes(self, alone: bool) -> None:
        if self.ticket.status in ("resolved", "closed") and not alone:
            self.is_reopened()
        status = "open" if self.ticket.status in ("resolved", "closed") else self.ticket.status
        self.happen(wire.TicketCustomerRepliedV1, "customer", waiting_for="agent", status=status, resolved_at=None)

    @precondition(lambda self: self.ticket.status != "closed")
    @rule(words=st.sampled_from(("", "Try again.")), held=st.booleans())
    def is_resolved(self, words: str, held: bool) -> None:
        done = {"status": "resolved", "waiting_for": "customer", "resolved_at": self.at}
        self.happen(wire.TicketResolvedV1, "solved", held, told=bool(words), solution=words, **done)

    @rule()
    def is_closed(self) -> None:
        self.happen(wire.TicketClosedV1, "other", status="closed", closed_at=self.at)

    @precondition(lambda self: self.ticket.status in ("resolved", "closed"))
    @rule()
    def is_reopened(self) -> None:
        self.happen(wire.TicketReopenedV1, "other", status="in_progress", waiting_for="agent", resolved_at=None, closed_at=None)

    @rule(data=st.data())
    def something_old_is_heard_again(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(self.past))
        if old.ticket.version <= self.sla.ticket.version:
            before, told = self.sla, len(self.published.events)
            FollowTicket(old).handle(self.unit)
            assert (self.sla, len(self.published.events)) == (before, told)

    @rule(put=configurations)
    def policies_are_edited(self, put: tuple[Policy, ...]) -> None:
        self.put_in_force(put, self.office)

    @rule(office=st.sampled_from(OFFICES))
    def the_calendar_is_edited(self, office: CalendarDefinition) -> None:
        self.put_in_force(self.cache.get(self.version).policies, office)

    @rule(back=st.integers(0, 2))
    def open_tickets_follow(self, back: int) -> None:
        version = max(1, self.version - back)
        heard = self.sla.ticket
        ticket = next(e.ticket for e in reversed(self.past) if e.ticket.version == heard.version)
        self.unit.now = self.at
        FollowConfiguration(OPENED.id, version).handle(self.unit)
        self.model.follow(*self.chosen(ticket, version))

    # What must hold.

    @invariant()
    def clocks_are_as_the_model_has_them(self) -> None:
        if not self.past:
            return
        found = {clock.kind: self.shown(clock) for clock in self.sla.clocks}
        expected = {kind: self.expected(clock) for kind, clock in self.model.clocks.items()}
        assert found == expected

    def shown(self, clock: Clock) -> dict[str, Any]:
        used = clock.elapsed
        if clock.ticks:
            span = clock.spans[-1]
            calendar = self.cache.get(span.configuration_version).calendars[span.calendar]
            used += calendar.between(span.start, self.at)
        return {
            "status": clock.status,
            "used": used / timedelta(minutes=1),
            "due": (clock.due_at - T0) / timedelta(minutes=1) if clock.due_at and clock.active else None,
            "warned": clock.warned_at is not None,
            "late": clock.breached_at is not None,
            "outcome": clock.outcome,
        }

    def expected(self, clock: ModelClock) -> dict[str, Any]:
        status = clock.status
        if clock.active:
            status = "breached" if clock.late else "paused" if clock.resting else "running"
        return {
            "status": status,
            "used": clock.used,
            "due": clock.due if clock.active and (clock.late or not clock.resting) else None,
            "warned": clock.warned,
            "late": clock.late,
            "outcome": clock.outcome,
        }

    @invariant()
    def what_can_be_seen_has_a_version_and_an_event_each(self) -> None:
        events = [event for event in self.published.events if isinstance(event, SlaEvent)]
        for before, event in self.pairs(events):
            assert event.sla.version == (before.sla.version if before else 0) + 1
            assert before is None or not _same(before.sla, event.sla), "an event in which nothing can be seen"
            if isinstance(event, SlaBreachedV1):
                assert before is not None
                was = next(c for c in before.sla.clocks if c.kind == event.clock)
                assert (was.status, was.paused) == ("running", False)
        if events:
            assert events[-1].sla.version == self.sla.version
            assert _same(events[-1].sla, state(self.sla, self.at))
        self.seen = len(events)

    def pairs(self, events: list[SlaEvent]) -> Iterator[tuple[SlaEvent | None, SlaEvent]]:
        for i in range(self.seen, len(events)):
            yield (events[i - 1] if i else None), events[i]

    @invariant()
    def only_clocks_that_run_have_timers(self) -> None:
        if self.past:
            assert {kind for kind, _ in timers_of(self.sla)} <= {c.kind for c in self.sla.clocks if c.ticks and not c.breached_at}


def _same(one: Any, other: Any) -> bool:
    ignored = {"version", "updated_at"}
    return bool(one.model_dump(exclude=ignored) == other.model_dump(exclude=ignored))


TestLifeOfClocks = pytest.mark.timeout(7200 if LONG else 300)(LifeOfClocks.TestCase)
TestLifeOfClocks.settings = settings(max_examples=LIVES, stateful_step_count=25, print_blob=True, derandomize=not LONG)
