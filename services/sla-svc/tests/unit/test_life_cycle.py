"""What became of clocks that were started, rested and ended in ways that nobody had thought of together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sla_svc.adapters.holidays import is_holiday_of
from sla_svc.domain.calendar import CalendarDefinition
from sla_svc.domain.clocks import Clock
from sla_svc.domain.explain import explain
from sla_svc.domain.happenings import Breached, Fulfilled, Paused, Resumed, SlaHappening, Started, Updated, Warned
from sla_svc.domain.policy import Conditions, Policy, SlaConfiguration, Targets
from sla_svc.domain.sla import begin, fire, follow, follow_configuration
from sla_svc.domain.story import Happened
from sla_svc.domain.ticket import Heard, Ticket
from sla_svc.domain.ticket_sla import TicketSla
from sla_svc.domain.timers import timers_of
from sla_svc.messaging.published import state, told
from sla_svc.persistence.configuration_cache import ConfigurationCache

T0 = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
ALWAYS = CalendarDefinition("24x7", always=True)
NIGHTS = CalendarDefinition("Office", weekly=(((1320, 360),),) * 7)
STANDARD = Policy(
    "Standard", 1, {"medium": Targets(3600, None, 7200), "high": Targets(1800, None, 3600), "low": Targets()}, is_default=True
)
PLAIN = replace(STANDARD, targets={"medium": Targets(None, 3600, 7200)})
GOLD = Policy("Gold", 1, {"medium": Targets(3600, 3600, 36000)}, Conditions(teams=("Gold",)), pause_while_waiting=False)


class Desk:
    """One ticket, and policies that are edited meanwhile."""

    def __init__(self, *policies: Policy, **changes: Any) -> None:
        self.cache = ConfigurationCache(is_holiday_of)
        self.versions: dict[int, SlaConfiguration] = {}
        self.edit(*(policies or (STANDARD,)))
        self.ticket = Ticket(
            id=UUID(int=1), version=1, number=7, status="open", waiting_for="agent", priority="medium", ticket_type=None, tags=(),
            sla_policy=None, customer_id=UUID(int=2), organization_id=None, organization_name=None, team_id=None, team_name=None,
            agent_id=None, opened_at=T0,
        )  # fmt: skip
        self.ticket = replace(self.ticket, **changes)
        begun, happened = begin(self.ticket, self.current, "c")
        assert begun is not None
        self.sla, self.events = told(None, happened, begun, T0)

    @property
    def current(self) -> SlaConfiguration:
        return self.versions[len(self.versions)]

    def edit(self, *policies: Policy, calendars: tuple[CalendarDefinition, ...] = (ALWAYS, NIGHTS)) -> None:
        version = len(self.versions) + 1
        self.versions[version] = self.cache.compiled(version, policies, calendars)

    def hear(self, kind: Any, after: timedelta, **changes: Any) -> list[SlaHappening]:
        self.ticket = replace(self.ticket, version=self.ticket.version + 1, **changes)
        heard = Heard(kind, self.ticket, T0 + after)
        return self._kept(*follow(self.sla, heard, T0 + after, self.current, self.versions.__getitem__), T0 + after)

    def answer(self, after: timedelta) -> list[SlaHappening]:
        first = self.ticket.first_responded_at or T0 + after
        return self.hear("answered", after, waiting_for="customer", first_responded_at=first)

    def follow(self, after: timedelta, version: int | None = None) -> list[SlaHappening]:
        asked = self.versions[version] if version else self.current
        return self._kept(*follow_configuration(self.sla, T0 + after, asked, self.versions.__getitem__), T0 + after)

    def fire(self, kind: Any, what: Any, after: timedelta) -> list[SlaHappening]:
        happened = fire(self.sla, kind, what, T0 + after, self.versions.__getitem__)
        return self._kept(happened[-1].sla if happened else self.sla, happened, T0 + after)

    def _kept(self, sla: TicketSla, happened: list[Happened], at: datetime) -> list[SlaHappening]:
        self.sla, events = told(self.sla, happened, sla, at)
        self.events += events
        return [happening for happening, _ in happened]

    def clock(self, kind: Any) -> Clock:
        clock = self.sla.clock(kind)
        assert clock is not None
        return clock

    def outcomes(self) -> dict[str, str | None]:
        return {clock.kind: clock.outcome for clock in self.sla.clocks}


def test_e1_a_policy_that_goes_on_while_the_customer_is_asked_starts_a_clock_that_waits() -> None:
    desk = Desk(GOLD, STANDARD)
    desk.answer(30 * MINUTE)
    assert desk.clock("resolution").status == "paused"
    happened = desk.hear("other", HOUR, team_name="Gold")
    assert happened[-1] == Resumed("Policy “Gold” goes on while the customer is asked.")
    assert desk.clock("resolution").due_at == T0 + HOUR + 10 * HOUR - 30 * MINUTE
    desk.hear("other", 2 * HOUR, team_name=None)
    assert desk.clock("resolution").status == "paused", "and the other way round"


def test_e2_a_clock_comes_back_with_the_time_it_had_used_when_there_is_a_target_again() -> None:
    desk = Desk()
    ended = desk.hear("other", 10 * MINUTE, priority="low")
    assert ended == [Paused("Policy “Standard” has no target for priority low: first response, resolution.")]
    assert desk.outcomes() == {"first_response": "no_target", "resolution": "no_target"}
    assert desk.hear("other", 20 * MINUTE, agent_id=UUID(int=3)) == [], "they end once"
    back = desk.hear("other", DAY, priority="medium")
    assert [type(h) for h in back] == [Started]
    assert desk.clock("first_response").due_at == T0 + DAY + 50 * MINUTE
    assert desk.clock("resolution").due_at == T0 + DAY + 110 * MINUTE


def test_e2_what_was_answered_meanwhile_does_not_come_back() -> None:
    desk = Desk()
    desk.hear("other", 10 * MINUTE, priority="low")
    desk.answer(20 * MINUTE)
    desk.hear("other", 30 * MINUTE, priority="medium")
    assert desk.outcomes()["first_response"] == "no_target"
    assert desk.clock("resolution").status == "paused", "the customer is asked"


def test_e2_a_clock_that_was_late_comes_back_late_and_without_a_second_breach() -> None:
    desk = Desk()
    desk.fire("first_response", "breach", HOUR)
    desk.hear("other", 2 * HOUR, priority="low")
    desk.hear("other", 3 * HOUR, priority="high")
    first = desk.clock("first_response")
    assert (first.status, first.due_at, first.target) == ("breached", T0 + HOUR, HOUR), "it keeps the target that it missed"
    assert desk.fire("first_response", "breach", DAY) == []


def test_e3_one_answer_ends_the_first_and_the_next_response() -> None:
    desk = Desk(GOLD, PLAIN)
    desk.hear("customer_replied", 10 * MINUTE)
    desk.hear("other", 20 * MINUTE, team_name="Gold")
    assert {c.kind for c in desk.sla.clocks if c.ticks} == {"first_response", "next_response", "resolution"}
    assert desk.answer(30 * MINUTE)[:2] == [Fulfilled("first_response", True), Fulfilled("next_response", True)]
    assert {clock for clock, _ in timers_of(desk.sla)} == {"resolution"}


def test_e4_a_ticket_reopened_has_the_targets_of_its_priority_today() -> None:
    desk = Desk()
    desk.hear("answered", 10 * MINUTE, status="resolved")
    assert desk.hear("other", 20 * MINUTE, priority="high") == []
    desk.hear("other", DAY, status="open")
    assert desk.clock("resolution").due_at == T0 + DAY + 50 * MINUTE


def test_e4_a_ticket_reopened_does_not_run_to_a_target_that_its_priority_does_not_have() -> None:
    desk = Desk()
    desk.hear("other", 10 * MINUTE, priority="low")
    desk.hear("answered", 20 * MINUTE, status="resolved")
    desk.hear("other", DAY, status="open")
    assert timers_of(desk.sla) == {}
    desk = Desk()
    desk.hear("answered", 10 * MINUTE, status="resolved")
    desk.hear("other", 20 * MINUTE, priority="low")
    desk.hear("other", DAY, status="open")
    assert desk.outcomes()["resolution"] == "no_target", "nor was anything solved"


def test_e4_a_ticket_reopened_goes_by_policies_that_were_edited_meanwhile() -> None:
    desk = Desk()
    desk.hear("answered", 10 * MINUTE, status="resolved")
    desk.edit(replace(STANDARD, version=2, targets={"medium": Targets(None, None, 36000)}))
    desk.hear("other", DAY, status="open")
    assert desk.clock("resolution").due_at == T0 + DAY + 10 * HOUR - 10 * MINUTE


def test_e5_a_clock_that_starts_late_does_not_count_what_waited_for_the_customer() -> None:
    desk = Desk(priority="low")
    desk.answer(30 * MINUTE)
    desk.hear("customer_replied", 3 * DAY, waiting_for="agent")
    assert desk.hear("other", 3 * DAY + 10 * MINUTE, priority="medium")
    assert desk.clock("resolution").due_at == T0 + 3 * DAY + 10 * MINUTE + 80 * MINUTE
    assert desk.clock("resolution").started_at == T0
    assert desk.sla.clock("first_response") is None, "it was answered"


def test_e5_a_clock_that_starts_late_counts_what_its_policy_lets_count() -> None:
    desk = Desk(replace(STANDARD, pause_while_waiting=False), priority="low")
    desk.answer(30 * MINUTE)
    desk.hear("other", 40 * MINUTE, priority="medium")
    assert desk.clock("resolution").due_at == T0 + 2 * HOUR


def test_e5_a_response_is_waited_for_whoever_has_the_next_move() -> None:
    desk = Desk(priority="low")
    desk.hear("other", 10 * MINUTE, waiting_for="customer")
    desk.hear("other", 30 * MINUTE, priority="medium")
    assert desk.clock("first_response").due_at == T0 + HOUR


def test_e5_a_clock_that_starts_late_is_due_now_at_the_earliest() -> None:
    desk = Desk(priority="low")
    desk.hear("other", DAY, priority="medium")
    assert desk.clock("first_response").due_at == T0 + DAY
    assert desk.fire("first_response", "breach", DAY) == [Breached("first_response", T0 + DAY, 0.0)]


def test_e5_another_answer_that_was_waited_for_before_it_had_a_target_is_due_from_then_on() -> None:
    desk = Desk(GOLD, STANDARD)
    desk.answer(MINUTE)
    desk.hear("customer_replied", HOUR, waiting_for="agent")
    desk.hear("customer_replied", HOUR + 10 * MINUTE)
    desk.hear("other", HOUR + 20 * MINUTE, team_name="Gold")
    assert (desk.clock("next_response").started_at, desk.clock("next_response").due_at) == (T0 + HOUR, T0 + 2 * HOUR)


def test_e6_a_clock_that_is_late_does_not_count_while_the_customer_is_asked() -> None:
    desk = Desk(replace(STANDARD, targets={"medium": Targets(resolution=7200)}))
    breached, paused = desk.answer(130 * MINUTE)
    assert (type(breached), paused) == (Breached, Paused("Waiting for the customer."))
    assert (desk.clock("resolution").status, state(desk.sla, T0).clocks[0].paused) == ("breached", True)
    assert desk.hear("customer_replied", 3 * DAY, waiting_for="agent") == [Resumed("The customer answered.")]
    desk.hear("answered", 3 * DAY + 10 * MINUTE, status="resolved")
    assert (desk.clock("resolution").elapsed, desk.outcomes()["resolution"]) == (140 * MINUTE, "late")
    assert desk.clock("resolution").due_at == T0 + 2 * HOUR, "when it was due stays known"


def test_e7_each_change_that_can_be_seen_has_a_version_and_an_event_whoever_makes_it() -> None:
    desk = Desk()
    happened: list[SlaHappening] = [*desk.hear("other", MINUTE, agent_id=UUID(int=9), team_id=UUID(int=8))]
    assert happened == []
    desk.hear("other", 2 * MINUTE, tags=("vip",))
    desk.hear("other", 3 * MINUTE, status="closed")
    desk.hear("other", 4 * MINUTE, priority="high")
    assert [(e.type.split(".")[1], e.sla.version) for e in desk.events] == [
        ("clock_started", 1),
        ("updated", 2),
        ("paused", 3),
        ("updated", 4),
    ]
    assert [getattr(e, "changed", None) for e in desk.events] == [None, ["agent_id", "team_id"], None, ["priority"]]


def test_e7_what_is_said_to_have_happened_and_cannot_be_seen_is_not_told() -> None:
    desk = Desk()
    kept, events = told(desk.sla, [Happened(Resumed("Nothing has changed."), desk.sla)], desk.sla, T0)
    assert (kept.version, events) == (desk.sla.version, [])


def test_e7_what_happened_at_once_is_told_as_one_step_after_the_other() -> None:
    desk = Desk(GOLD, STANDARD)
    desk.answer(2 * HOUR + MINUTE)
    assert [(e.type.split(".")[1], e.sla.version) for e in desk.events] == [
        ("clock_started", 1),
        ("breached", 2),
        ("breached", 3),
        ("fulfilled", 4),
        ("paused", 5),
    ]
    assert [e.sla.clocks[0].outcome for e in desk.events] == [None, None, None, "late", "late"]
    assert isinstance(Updated(), SlaHappening)


@pytest.mark.parametrize("status", ["resolved", "closed"])
def test_what_is_done_with_unanswered_says_so_and_its_clock_runs_again(status: str) -> None:
    desk = Desk(GOLD, STANDARD, team_name="Gold")
    desk.answer(MINUTE)
    desk.hear("customer_replied", 10 * MINUTE, waiting_for="agent")
    desk.hear("other", 20 * MINUTE, status=status)
    assert desk.outcomes() == {
        "first_response": "in_time",
        "next_response": "unanswered",
        "resolution": "in_time" if status == "resolved" else "unsolved",
    }
    assert desk.hear("other", DAY, status="open") == [Resumed("The ticket was reopened; the time used before counts.")]
    assert desk.clock("next_response").due_at == T0 + DAY + 50 * MINUTE
    assert desk.answer(DAY + MINUTE)[0] == Fulfilled("next_response", True)


def test_whoever_reopens_a_ticket_that_was_never_answered_waits_for_its_first_answer_only() -> None:
    desk = Desk(GOLD, STANDARD, team_name="Gold")
    desk.hear("other", 10 * MINUTE, status="closed")
    desk.hear("customer_replied", HOUR, status="open")
    assert desk.clock("first_response").active
    assert desk.sla.clock("next_response") is None


def test_a_solution_ends_the_first_response_and_is_not_forgotten_when_it_is_gone() -> None:
    desk = Desk()
    happened = desk.hear("answered", 10 * MINUTE, status="resolved", first_responded_at=T0 + 10 * MINUTE)
    assert happened == [Fulfilled("first_response", True), Fulfilled("resolution", True)]
    desk.hear("other", DAY, status="open", first_responded_at=None)
    assert desk.outcomes() == {"first_response": "in_time", "resolution": None}


def test_an_answer_that_is_only_seen_in_what_came_after_it_was_in_time_when_it_was_given() -> None:
    desk = Desk()
    happened = desk.hear("other", 90 * MINUTE, tags=("vip",), first_responded_at=T0 + 10 * MINUTE)
    assert happened == [Fulfilled("first_response", True)]
    assert (desk.clock("first_response").elapsed, desk.clock("first_response").fulfilled_at) == (10 * MINUTE, T0 + 10 * MINUTE)


def test_a_longer_target_warns_again_and_a_shorter_one_does_not() -> None:
    desk = Desk(replace(STANDARD, targets={"medium": Targets(None, None, 3600), "high": Targets(None, None, 36000)}))
    assert desk.fire("resolution", "warn", 48 * MINUTE)
    desk.hear("other", 50 * MINUTE, priority="high")
    assert timers_of(desk.sla)["resolution", "warn"] == T0 + 8 * HOUR
    assert isinstance(desk.fire("resolution", "warn", 8 * HOUR)[0], Warned)
    desk.hear("other", 8 * HOUR + MINUTE, priority="medium")
    assert ("resolution", "warn") not in timers_of(desk.sla)


def test_a_target_that_is_hardly_longer_does_not_warn_a_second_time() -> None:
    desk = Desk(replace(STANDARD, targets={"medium": Targets(None, None, 3600), "high": Targets(None, None, 3660)}))
    desk.fire("resolution", "warn", 48 * MINUTE)
    desk.hear("other", 50 * MINUTE, priority="high")
    assert timers_of(desk.sla) == {("resolution", "breach"): T0 + 61 * MINUTE}


def test_a_longer_target_warns_again_also_after_the_customer_was_asked() -> None:
    desk = Desk(replace(STANDARD, targets={"medium": Targets(None, None, 3600), "high": Targets(None, None, 36000)}))
    desk.fire("resolution", "warn", 48 * MINUTE)
    desk.answer(50 * MINUTE)
    desk.hear("other", 55 * MINUTE, priority="high")
    desk.hear("customer_replied", DAY, waiting_for="agent")
    assert timers_of(desk.sla)["resolution", "warn"] == T0 + DAY + 8 * HOUR - 50 * MINUTE


def test_a_policy_that_matches_no_more_ends_its_clocks_and_they_come_back_with_the_time_used() -> None:
    desk = Desk(GOLD, team_name="Gold")
    ended = desk.hear("other", 10 * MINUTE, team_name="Billing")
    assert ended == [Paused("No policy is for the ticket any more: nothing is promised.")]
    assert desk.outcomes() == {"first_response": "no_policy", "resolution": "no_policy"}
    assert desk.hear("other", 20 * MINUTE, agent_id=UUID(int=3)) == []
    desk.hear("other", DAY, team_name="Gold")
    assert desk.clock("first_response").due_at == T0 + DAY + 50 * MINUTE


def test_an_edited_policy_is_followed_only_where_that_is_asked_for() -> None:
    desk = Desk(GOLD, STANDARD)
    desk.edit(GOLD, replace(STANDARD, version=2, targets={"medium": Targets(7200, None, None)}))
    assert desk.hear("other", 10 * MINUTE, tags=("vip",)) == []
    ended, started = desk.follow(20 * MINUTE)
    assert ended == Paused("Policy “Standard” has no target for priority medium: resolution.")
    assert started == Started(("first_response",), "Policy “Standard” for priority medium; the time used before counts.")
    assert (desk.clock("first_response").due_at, desk.sla.policy_version) == (T0 + 2 * HOUR, 2)
    assert desk.follow(30 * MINUTE) == [], "once"


def test_an_edited_calendar_is_followed_from_now_on() -> None:
    desk = Desk(replace(STANDARD, calendar="Office"))
    desk.edit(replace(STANDARD, calendar="Office"), calendars=(ALWAYS, replace(ALWAYS, name="Office", version=2)))
    assert [type(h) for h in desk.follow(2 * HOUR)] == [Started]
    assert desk.clock("first_response").due_at == T0 + 3 * HOUR, "before it nothing counted"


def test_what_was_late_by_the_old_policy_is_late_before_the_new_one_is_followed() -> None:
    desk = Desk()
    desk.edit(replace(STANDARD, version=2, targets={"medium": Targets(36000, None, 36000)}))
    assert [type(h) for h in desk.follow(HOUR + MINUTE)] == [Breached, Started]
    assert (desk.clock("first_response").status, desk.clock("resolution").due_at) == ("breached", T0 + 10 * HOUR)


def test_a_ticket_follows_to_the_version_that_was_asked_for_and_not_back() -> None:
    desk = Desk()
    for hours in (2, 3):
        desk.edit(replace(STANDARD, version=hours, targets={"medium": Targets(hours * 3600)}))
    desk.follow(10 * MINUTE, version=2)
    assert desk.clock("first_response").due_at == T0 + 2 * HOUR
    desk.follow(10 * MINUTE, version=3)
    assert desk.follow(20 * MINUTE, version=2) == []


def test_what_was_not_edited_or_is_done_with_does_not_follow() -> None:
    desk = Desk(GOLD, STANDARD)
    desk.edit(replace(GOLD, version=2, warn_fraction=0.5), STANDARD)
    assert (desk.follow(MINUTE), len(desk.events)) == ([], 1)
    desk.hear("answered", 2 * MINUTE, status="resolved")
    desk.edit(replace(STANDARD, version=2, targets={"medium": Targets(60)}))
    assert desk.follow(3 * MINUTE) == []


def test_a_ticket_that_rests_while_it_follows_goes_on_resting() -> None:
    desk = Desk()
    desk.answer(10 * MINUTE)
    desk.edit(replace(STANDARD, version=2, targets={"medium": Targets(None, None, 36000)}))
    desk.follow(HOUR)
    assert (desk.clock("resolution").status, desk.clock("resolution").due_at) == ("paused", None)


def test_an_event_that_is_stamped_before_a_job_that_was_faster_counts_nothing_twice() -> None:
    desk = Desk()
    desk.edit(replace(STANDARD, version=2, targets={"medium": Targets(None, None, 36000)}))
    desk.follow(HOUR)
    desk.hear("other", 50 * MINUTE, waiting_for="customer")
    desk.hear("other", 55 * MINUTE, waiting_for="agent")
    assert desk.clock("resolution").elapsed == HOUR
    assert desk.clock("resolution").due_at == T0 + 10 * HOUR


def test_a_clock_of_a_release_before_says_since_when_the_customer_waits() -> None:
    desk = Desk(PLAIN)
    desk.hear("customer_replied", MINUTE)
    desk.sla = replace(desk.sla, asked_at=None, moves=())
    desk.hear("other", 10 * MINUTE, status="closed")
    desk.hear("other", DAY, status="open")
    assert desk.clock("next_response").due_at == T0 + DAY + HOUR - 9 * MINUTE


@pytest.mark.parametrize(
    ("happen", "words"),
    [
        (lambda desk: desk.hear("other", HOUR, status="closed"), "Nobody answered before the ticket was done with; 1 h used."),
        (
            lambda desk: desk.hear("other", HOUR, priority="low"),
            "There is no target for it now; 1 h used, which counts again when there is one.",
        ),
        (
            lambda desk: desk.hear("other", HOUR, team_name="Billing"),
            "No policy is for the ticket now; 1 h used, which counts again when there is one.",
        ),
    ],
)
def test_it_is_explained_why_a_clock_was_cancelled(happen: Any, words: str) -> None:
    desk = Desk(GOLD, team_name="Gold")
    happen(desk)
    assert explain(desk.clock("first_response"), T0 + DAY, desk.versions.__getitem__)[-1].text == words


def test_it_is_explained_that_a_late_clock_rests() -> None:
    desk = Desk()
    desk.answer(3 * HOUR)
    lines = explain(desk.clock("resolution"), T0 + DAY, desk.versions.__getitem__)
    assert [line.kind for line in lines] == ["target", "counted", "due", "paused"]
    assert lines[-1].text == "Fri 2026-03-27 17:00:00 UTC to Sat 2026-03-28 14:00:00 UTC: paused"
