"""What ticket events, due timers and requests do to clocks, timers and outcomes, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.testing import KeptOutbox, Nowhere, example, following
from deskstream_chassis.web.subjects import Role, Staff
from deskstream_contracts.api import sla as schemas
from deskstream_contracts.events.tickets import TicketAgentRepliedV1, TicketClosedV1, TicketOpenedV1, TicketResolvedV1
from deskstream_contracts.wire import Actor
from sla_svc.adapters.holidays import is_holiday_of
from sla_svc.api import configuration as api
from sla_svc.api.translations import shown_calendar, shown_policy
from sla_svc.domain.calendar import CalendarDefinition
from sla_svc.domain.policy import Conditions, Policy, SlaConfiguration, Targets
from sla_svc.domain.ticket_sla import TicketSla
from sla_svc.domain.timers import DueTimer, timers_of
from sla_svc.handlers.fire_timers import FireTimers
from sla_svc.handlers.follow_ticket import FollowTicket
from sla_svc.handlers.put_calendars import PutCalendars
from sla_svc.handlers.put_policies import PutPolicies
from sla_svc.persistence.configuration_cache import ConfigurationCache
from sla_svc.persistence.unit import SlaUnit

T0 = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LEAD = Actor(kind="agent", id="lea", name="Lea")
ALWAYS = CalendarDefinition("24x7", always=True)
OFFICE = CalendarDefinition("Office", time_zone="Europe/Oslo", weekly=(((480, 960),),) * 5 + ((), ()))
STANDARD = Policy("Standard", 1, {"medium": Targets(3600, None, 7200)}, is_default=True)
GOLD = Policy("Gold", 1, {"medium": Targets(60, None, 600)}, Conditions(tags=("gold",)))
OPENED = example(TicketOpenedV1, ticket={"priority": "medium", "opened_at": T0}, at=T0)
TICKET = OPENED.ticket.id


class Desk:
    """A unit in which one configuration is in force, and what comes of it."""

    def __init__(self, *policies: Policy) -> None:
        self.published = KeptOutbox()
        cache = ConfigurationCache(is_holiday_of)
        cache._configurations[4] = cache.compiled(4, policies or (STANDARD,), (ALWAYS,))
        self.unit = SlaUnit(Nowhere(), self.published, T0, cache=cache, expect=lambda due: None)
        self.unit.configurations.version = 4
        self.unit.cause = Cause("opening", "trace")
        self.put: list[tuple[SlaConfiguration, str, Actor]] = []
        self.unit.put_in_force = lambda *what: self.put.append(what)  # type: ignore[method-assign]

    @property
    def sla(self) -> TicketSla:
        found = self.unit.slas.get(TICKET)
        assert found is not None
        return found

    @property
    def events(self) -> list[str]:
        return [event.type.removeprefix("sla.").removesuffix(".v1") for event in self.published.events]

    @property
    def outcomes(self) -> dict[str, bool | None]:
        return {clock: row["in_time"] for (_, clock, _), row in self.unit._new_outcomes.items()}

    def fire(self, after: timedelta, *due: tuple[Any, Any], ticket: UUID = TICKET) -> list[float]:
        self.unit.now = T0 + after
        self.unit.cause = Cause("turn", "trace")
        return FireTimers([DueTimer(ticket, clock, kind) for clock, kind in due]).handle(self.unit)


def test_the_clocks_of_a_ticket_start_with_it_and_stop_with_it() -> None:
    desk = Desk()
    FollowTicket(OPENED).handle(desk.unit)
    assert {c.kind: c.due_at for c in desk.sla.clocks} == {"first_response": T0 + HOUR, "resolution": T0 + 2 * HOUR}
    answered = {"waiting_for": "customer", "first_responded_at": T0 + MINUTE}
    replied = following(OPENED, TicketAgentRepliedV1, ticket=answered, at=T0 + MINUTE)
    FollowTicket(replied).handle(desk.unit)
    FollowTicket(following(replied, TicketResolvedV1, ticket={"status": "resolved"}, at=T0 + HOUR)).handle(desk.unit)
    assert desk.events == ["clock_started", "fulfilled", "paused", "fulfilled"]
    assert desk.outcomes == {"first_response": True, "resolution": True}
    assert timers_of(desk.sla) == {}


def test_an_event_that_is_heard_again_changes_nothing() -> None:
    desk = Desk()
    for _ in range(2):
        FollowTicket(OPENED).handle(desk.unit)
    assert (desk.events, desk.sla.version) == (["clock_started"], 1)


def test_a_ticket_that_no_policy_is_for_has_no_clocks() -> None:
    desk = Desk(Policy("Gold", 1, STANDARD.targets, Conditions(organizations=("nobody",))))
    FollowTicket(OPENED).handle(desk.unit)
    assert (desk.sla.version, desk.sla.clocks, desk.events) == (0, (), [])


def test_what_is_due_warns_and_breaches_in_its_order_as_part_of_what_its_opening_began() -> None:
    desk = Desk()
    FollowTicket(OPENED).handle(desk.unit)
    late = desk.fire(HOUR + MINUTE, ("first_response", "warn"), ("first_response", "breach"), ("resolution", "warn"))
    assert late == [13 * 60.0, 60.0], "the resolution clock does not warn yet"
    assert desk.events[1:] == ["warned", "breached"]
    assert [cause.correlation_id for cause in desk.published.causes[1:]] == ["opening", "opening"]
    assert desk.unit.cause.traceparent == "trace"
    assert desk.outcomes == {"first_response": False}


def test_a_timer_that_finds_nothing_to_do_goes_and_one_that_fired_does_not_go_twice() -> None:
    desk = Desk()
    FollowTicket(OPENED).handle(desk.unit)
    desk.fire(HOUR, ("resolution", "warn"))
    assert desk.unit.timers._gone == [(TICKET, "resolution", "warn")]
    desk.fire(HOUR, ("first_response", "breach"))
    assert len(desk.unit.timers._gone) == 1
    assert ("first_response", "breach") not in timers_of(desk.sla)


def test_a_timer_of_a_ticket_that_is_not_there_hinders_no_other() -> None:
    desk = Desk()
    FollowTicket(OPENED).handle(desk.unit)
    desk.unit.now = T0 + HOUR
    due = [DueTimer(ticket, "first_response", "breach") for ticket in (uuid4(), TICKET)]
    assert FireTimers(due).handle(desk.unit) == [0.0]
    assert desk.events == ["clock_started", "breached"]


def test_a_late_answer_leaves_the_outcome_a_breach() -> None:
    desk = Desk()
    FollowTicket(OPENED).handle(desk.unit)
    desk.fire(HOUR + MINUTE, ("first_response", "breach"))
    answered = following(OPENED, TicketAgentRepliedV1, ticket={"first_responded_at": T0 + 80 * MINUTE}, at=T0 + 80 * MINUTE)
    FollowTicket(answered).handle(desk.unit)
    assert desk.events == ["clock_started", "breached", "fulfilled"]
    assert desk.outcomes == {"first_response": False}


def test_what_is_done_with_unanswered_is_accounted_for_and_neither_kept_nor_missed() -> None:
    desk = Desk()
    FollowTicket(OPENED).handle(desk.unit)
    FollowTicket(following(OPENED, TicketClosedV1, ticket={"status": "closed"}, at=T0 + MINUTE)).handle(desk.unit)
    assert desk.outcomes == {"first_response": None}


def test_open_tickets_follow_in_a_job_only_where_that_is_asked_for() -> None:
    desk, by = Desk(), Staff("lea", "Lea", frozenset({Role.LEAD}))
    for running, begun in (("keep", 0), ("follow", 1)):
        policies = [shown_policy(replace(STANDARD, warn_fraction=0.5))]
        asked = api.put_policies(schemas.PutPolicies.model_validate({"policies": policies, "running_tickets": running}), by, 4)
        put = asked.handle(desk.unit)
        assert ((put.job_id is not None), len(desk.unit.processes._new)) == (bool(begun), begun)
        calendars = schemas.PutCalendars.model_validate({"calendars": [shown_calendar(ALWAYS)], "running_tickets": running})
        assert api.put_calendars(calendars, by, 4).follow == begun


def test_what_is_put_is_in_force_as_the_next_version_and_the_same_again_is_not() -> None:
    desk = Desk()
    assert PutPolicies([STANDARD], "again", LEAD).handle(desk.unit).configuration.version == 4
    assert PutCalendars([ALWAYS], "again", LEAD).handle(desk.unit).configuration.version == 4
    assert desk.put == []
    PutPolicies([STANDARD, GOLD], "gold", LEAD).handle(desk.unit)
    PutCalendars([ALWAYS, OFFICE], "office", LEAD).handle(desk.unit)
    assert [(c.version, len(c.policies), len(c.definitions), note, by) for c, note, by in desk.put] == [
        (5, 2, 1, "gold", LEAD),
        (5, 1, 2, "office", LEAD),
    ]
