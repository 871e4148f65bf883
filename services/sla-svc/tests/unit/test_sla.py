"""What happens to the clocks of a ticket."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from sla_svc.domain.calendar import BusinessCalendar, CalendarDefinition
from sla_svc.domain.explain import explain, why_policy
from sla_svc.domain.happenings import Breached, Fulfilled, Paused, Resumed, Started, Warned
from sla_svc.domain.policy import Conditions, Policy, SlaConfiguration, Targets
from sla_svc.domain.sla import begin, fire, follow, hear
from sla_svc.domain.ticket import Heard, Ticket
from sla_svc.domain.ticket_sla import TicketSla
from sla_svc.domain.timers import timers_of

T0 = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)  # a Friday; the clocks go forward on Sunday
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OFFICE = CalendarDefinition("Office", time_zone="Europe/Oslo", weekly=(((480, 960),),) * 5 + ((), ()))
STANDARD = Policy(
    "Standard", 1, {"medium": Targets(3600, 1800, 7200), "high": Targets(1800, 900, 3600), "low": Targets()}, is_default=True
)
GOLD = Policy("Gold", 1, {"medium": Targets(60, None, 600)}, Conditions(organizations=("acme",), tags=("vip", "gold")))
IN_OFFICE = Policy("In office", 1, {"medium": Targets(None, None, 4 * 3600)}, Conditions(types=("Question",)), calendar="Office")


def configuration(*policies: Policy) -> SlaConfiguration:
    calendars = {
        "24x7": BusinessCalendar(CalendarDefinition("24x7", always=True), lambda _: False),
        "Office": BusinessCalendar(OFFICE, lambda _: False),
    }
    return SlaConfiguration(1, policies or (STANDARD,), calendars)


def ticket(**changes: Any) -> Ticket:
    fresh = Ticket(
        id=UUID(int=1), version=1, number=7, status="open", waiting_for="agent", priority="medium", ticket_type=None, tags=(),
        sla_policy=None, customer_id=UUID(int=2), organization_id=None, organization_name=None, team_id=None, team_name=None,
        agent_id=None, opened_at=T0,
    )  # fmt: skip
    return replace(fresh, **changes)


class Desk:
    """One ticket that things happen to."""

    def __init__(self, *policies: Policy, **changes: Any) -> None:
        self.configuration = configuration(*policies)
        self.ticket = ticket(**changes)
        sla, _ = begin(self.ticket, self.configuration, "c")
        assert sla is not None
        self.sla: TicketSla = sla

    def hear(self, kind: Any, after: timedelta, **changes: Any) -> list[Any]:
        at = T0 + after
        self.ticket = replace(self.ticket, version=self.ticket.version + 1, **changes)
        heard = Heard(kind, self.ticket, at)
        self.sla, happened = follow(self.sla, heard, at, self.configuration, lambda _: self.configuration)
        return [happening for happening, _ in happened]

    def due(self, kind: Any) -> datetime | None:
        clock = self.sla.clock(kind)
        assert clock is not None
        return clock.due_at


def test_the_first_policy_that_matches_is_chosen_then_the_default() -> None:
    both = configuration(STANDARD, GOLD, IN_OFFICE)
    assert both.choose(ticket()) == STANDARD
    assert both.choose(ticket(organization_name="ACME", tags=("vip",), ticket_type="question")) == GOLD
    assert both.choose(ticket(organization_name="ACME", ticket_type="question")) == IN_OFFICE
    assert both.choose(ticket(sla_policy="gold")) == GOLD
    assert configuration(GOLD).choose(ticket()) is None


def test_a_ticket_without_a_policy_or_a_target_has_no_clocks() -> None:
    for changes, policy in (({}, GOLD), ({"priority": "low"}, STANDARD)):
        sla, happened = begin(ticket(**changes), configuration(policy), "")
        assert sla is not None, "something may be promised later"
        assert (sla.clocks, happened) == ((), [])


def test_the_clock_of_an_office_goes_over_the_weekend() -> None:
    desk = Desk(IN_OFFICE, ticket_type="Question")
    assert desk.due("resolution") == datetime(2026, 3, 30, 9, 0, tzinfo=UTC)


def test_waiting_for_the_customer_stops_the_resolution_clock() -> None:
    desk = Desk()
    happened = desk.hear("answered", 30 * MINUTE, waiting_for="customer", first_responded_at=T0 + 30 * MINUTE)
    assert [type(h) for h in happened] == [Fulfilled, Paused]
    assert timers_of(desk.sla) == {}
    happened = desk.hear("customer_replied", 5 * HOUR, waiting_for="agent")
    assert [type(h) for h in happened] == [Started, Resumed]
    assert desk.due("resolution") == T0 + 5 * HOUR + 90 * MINUTE
    assert desk.due("next_response") == T0 + 5 * HOUR + 30 * MINUTE


def test_a_higher_priority_counts_the_time_that_was_used() -> None:
    desk = Desk()
    (happened,) = desk.hear("other", 20 * MINUTE, priority="high")
    assert isinstance(happened, Started)
    assert desk.due("first_response") == T0 + 30 * MINUTE
    assert desk.due("resolution") == T0 + HOUR
    desk.hear("other", 25 * MINUTE, priority="medium")
    assert desk.due("resolution") == T0 + 2 * HOUR


def test_a_target_that_is_past_already_is_due_at_once() -> None:
    desk = Desk()
    desk.hear("other", 40 * MINUTE, priority="high")
    assert desk.due("first_response") == T0 + 40 * MINUTE


def test_a_priority_without_targets_ends_the_clocks() -> None:
    desk = Desk()
    desk.hear("other", 20 * MINUTE, priority="low")
    assert timers_of(desk.sla) == {}


def test_what_was_late_stays_late() -> None:
    desk = Desk()
    (breached, fulfilled, *_) = desk.hear("answered", 2 * HOUR, first_responded_at=T0 + 2 * HOUR)
    assert isinstance(breached, Breached)
    assert fulfilled == Fulfilled("first_response", in_time=False)
    desk.hear("other", 3 * HOUR, status="resolved")
    desk.hear("customer_replied", 4 * HOUR, status="open")
    resolution = desk.sla.clock("resolution")
    assert resolution is not None
    assert resolution.status == "breached"
    assert resolution.breached_at is not None


def test_resolving_fulfils_the_resolution_and_ends_the_rest() -> None:
    desk = Desk()
    unanswered, fulfilled = desk.hear("other", HOUR, status="resolved")
    assert unanswered == Paused("The ticket was resolved without an answer. Nothing more is waited for.")
    assert fulfilled == Fulfilled("resolution", in_time=True)
    assert {c.kind: c.outcome for c in desk.sla.clocks} == {"first_response": "unanswered", "resolution": "in_time"}
    assert desk.hear("other", 2 * HOUR, status="closed") == []


def test_an_older_state_is_ignored() -> None:
    desk = Desk()
    desk.hear("other", HOUR, status="resolved")
    older = Heard("other", ticket(version=2), T0)
    same, happened = follow(desk.sla, older, T0, desk.configuration, lambda _: desk.configuration)
    assert (same, happened) == (desk.sla, [])


def test_a_timer_fires_once() -> None:
    desk = Desk()
    configurations = lambda _: desk.configuration  # noqa: E731
    now = T0 + 50 * MINUTE
    (warned,) = fire(desk.sla, "first_response", "warn", now, configurations)
    assert fire(warned[1], "first_response", "warn", now, configurations) == []
    assert fire(desk.sla, "first_response", "breach", now, configurations) == []
    (breached,) = fire(warned[1], "first_response", "breach", T0 + HOUR + 3 * MINUTE, configurations)
    assert breached[0] == Breached("first_response", T0 + HOUR, 180.0)
    assert fire(breached[1], "first_response", "breach", T0 + 2 * HOUR, configurations) == []


def test_what_has_warned_or_was_breached_is_due_no_more() -> None:
    desk = Desk()
    configurations = lambda _: desk.configuration  # noqa: E731
    (warned,) = fire(desk.sla, "first_response", "warn", T0 + 48 * MINUTE, configurations)
    assert ("first_response", "warn") not in timers_of(warned.sla)
    assert timers_of(warned.sla)["first_response", "breach"] == T0 + HOUR
    (breached,) = fire(warned.sla, "first_response", "breach", T0 + HOUR, configurations)
    assert {clock for clock, _ in timers_of(breached.sla)} == {"resolution"}


def test_a_warning_at_the_deadline_itself_is_none() -> None:
    assert {kind for _, kind in timers_of(Desk(replace(STANDARD, warn_before=0)).sla)} == {"breach"}


def test_a_ticket_that_is_closed_when_it_is_first_heard_of_has_no_clocks() -> None:
    assert begin(ticket(status="closed"), configuration(), "") == (None, [])


def test_at_the_very_moment_of_a_deadline_an_answer_is_in_time_and_its_timers_are_due() -> None:
    answered = Desk().hear("answered", HOUR, first_responded_at=T0 + HOUR)
    assert answered[0] == Fulfilled("first_response", in_time=True)
    desk = Desk()
    configurations = lambda _: desk.configuration  # noqa: E731
    (warned,) = fire(desk.sla, "first_response", "warn", T0 + 48 * MINUTE, configurations)
    assert warned[0] == Warned("first_response", T0 + HOUR, 0.0)
    (breached,) = fire(desk.sla, "first_response", "breach", T0 + HOUR, configurations)
    assert breached[0] == Breached("first_response", T0 + HOUR, 0.0)


def test_after_a_pause_the_warning_comes_when_its_part_of_the_time_is_used() -> None:
    desk = Desk()
    desk.hear("answered", 30 * MINUTE, waiting_for="customer", first_responded_at=T0 + 30 * MINUTE)
    desk.hear("customer_replied", 5 * HOUR, waiting_for="agent")
    assert timers_of(desk.sla)["resolution", "warn"] == T0 + 5 * HOUR + 96 * MINUTE - 30 * MINUTE


def test_a_change_of_priority_leaves_a_clock_that_waits_for_the_customer_waiting() -> None:
    desk = Desk()
    desk.hear("answered", 10 * MINUTE, waiting_for="customer", first_responded_at=T0 + 10 * MINUTE)
    assert [type(h) for h in desk.hear("other", 20 * MINUTE, priority="high")] == [Started]
    desk.hear("customer_replied", 2 * HOUR, waiting_for="agent")
    assert desk.due("resolution") == T0 + 2 * HOUR + 50 * MINUTE


def test_what_else_happens_while_the_customer_is_asked_does_not_start_the_clock() -> None:
    desk = Desk()
    desk.hear("answered", 10 * MINUTE, waiting_for="customer", first_responded_at=T0 + 10 * MINUTE)
    assert desk.hear("other", 20 * MINUTE, tags=("vip",)) == []
    assert desk.due("resolution") is None


def test_a_policy_may_let_the_clock_run_while_the_customer_is_asked() -> None:
    desk = Desk(replace(STANDARD, pause_while_waiting=False))
    desk.hear("answered", 30 * MINUTE, waiting_for="customer", first_responded_at=T0 + 30 * MINUTE)
    assert desk.due("resolution") == T0 + 2 * HOUR


def test_a_ticket_that_was_closed_unsolved_has_its_deadline_again_when_it_is_reopened() -> None:
    desk = Desk()
    desk.hear("other", 30 * MINUTE, status="closed")
    assert Resumed in [type(h) for h in desk.hear("other", 5 * HOUR, status="open")]
    assert desk.due("resolution") == T0 + 5 * HOUR + 90 * MINUTE


def test_a_customer_who_writes_again_does_not_move_the_deadline_of_the_answer() -> None:
    desk = Desk()
    desk.hear("answered", 10 * MINUTE, waiting_for="customer", first_responded_at=T0 + 10 * MINUTE)
    desk.hear("customer_replied", HOUR, waiting_for="agent")
    assert desk.hear("customer_replied", HOUR + 10 * MINUTE) == []
    assert desk.due("next_response") == T0 + HOUR + 30 * MINUTE


@pytest.mark.parametrize(("fraction", "before", "after"), [(0.5, None, 60), (0.8, 900, 105), (0.8, 7201, 0), (0.8, 0, 120)])
def test_the_warning_comes_at_a_fraction_or_a_fixed_time_before(fraction: float, before: int | None, after: int) -> None:
    desk = Desk(replace(STANDARD, warn_fraction=fraction, warn_before=before))
    resolution = desk.sla.clock("resolution")
    assert resolution is not None
    assert resolution.warn_at == T0 + after * MINUTE


def test_an_explanation_adds_up_to_the_target_at_the_due_time() -> None:
    desk = Desk(replace(IN_OFFICE, is_default=True))
    desk.hear("answered", 30 * MINUTE, waiting_for="customer")
    desk.hear("customer_replied", 66 * HOUR, waiting_for="agent")  # Monday 10:00 in Oslo
    clock = desk.sla.clock("resolution")
    assert clock is not None
    lines = explain(clock, T0 + 67 * HOUR, lambda _: desk.configuration)
    assert [(x.kind, x.seconds, x.total) for x in lines] == [
        ("target", 14400, 0),
        ("counted", 1800, 1800),
        ("paused", 0, 1800),
        ("counted", 3600, 5400),
        ("left", 9000, 5400),
        ("ahead", 9000, 14400),
        ("due", 0, 14400),
    ]
    assert lines[3].text.startswith("Mon 2026-03-30 10:00:00 CEST to Mon 2026-03-30 11:00:00 CEST: 1 h counts")


def test_a_ticket_whose_opening_was_not_heard_begins_with_what_has_happened_since() -> None:
    desk = Desk()
    answered = ticket(version=4, waiting_for="customer", first_responded_at=T0 + MINUTE)
    for kind, kinds in (("answered", [Started, Paused]), ("opened", [Started])):
        heard = Heard(kind, answered, T0 + HOUR)  # type: ignore[arg-type]  # a kind is a literal
        after, happened = hear(None, heard, T0 + HOUR, desk.configuration, lambda _: desk.configuration, "c")
        assert after is not None
        assert [type(h) for h, _ in happened] == kinds
        assert (after, after.correlation_id) == (happened[-1].sla, "c")


def test_a_ticket_that_no_policy_is_for_is_heard_in_vain() -> None:
    gold = configuration(GOLD)
    sla, happened = hear(None, Heard("other", ticket(), T0), T0, gold, lambda _: gold, "c")
    assert sla is not None
    assert (sla.clocks, sla.covered, happened) == ((), False, [])


def test_it_is_said_why_a_ticket_has_its_policy() -> None:
    assert why_policy(Desk().sla, STANDARD) == "Policy “Standard” (version 1) for priority medium: it is the default."
    assert why_policy(Desk(STANDARD, GOLD, sla_policy="gold").sla, GOLD).endswith(": it was asked for by a rule.")
    assert why_policy(Desk(STANDARD, IN_OFFICE, ticket_type="Question").sla, IN_OFFICE).endswith(": its conditions match.")
