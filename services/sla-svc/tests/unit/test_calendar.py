"""Business time against an oracle that looks at every minute."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sla_svc.domain.calendar as calendar_module
from sla_svc.domain.calendar import BusinessCalendar, CalendarDefinition
from sla_svc.persistence.configuration_cache import ConfigurationCache

MINUTE = timedelta(minutes=1)
ZONES = ["UTC", "Europe/Oslo", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo", "America/St_Johns"]
# Around changes of the clocks in these zones, and around New Year.
STARTS = [
    datetime(*day, tzinfo=UTC)
    for day in (
        *((2026, 3, 28), (2026, 10, 24), (2026, 3, 7), (2026, 10, 31)),
        *((2026, 4, 3), (2026, 4, 23), (2026, 10, 29), (2025, 12, 30)),
    )
]
CLOSED = [date(2026, 3, 29), date(2026, 10, 25), date(2026, 1, 1), date(2026, 4, 5)]


def no_holiday(_: date) -> bool:
    return False


intervals = st.tuples(st.integers(0, 95).map(lambda q: q * 15), st.integers(1, 96).map(lambda q: q * 15)).filter(
    lambda i: i[0] != i[1]
)
weeks = st.tuples(*[st.lists(intervals, max_size=3).map(tuple)] * 7)


@st.composite
def calendars(draw: st.DrawFn) -> BusinessCalendar:
    closed = draw(st.lists(st.sampled_from(CLOSED), max_size=2))
    definition = CalendarDefinition("any", time_zone=draw(st.sampled_from(ZONES)), weekly=draw(weeks), closed_dates=tuple(closed))
    return BusinessCalendar(definition, no_holiday)


moments = st.builds(lambda start, minutes: start + minutes * MINUTE, st.sampled_from(STARTS), st.integers(0, 3 * 1440))


def is_open(calendar: BusinessCalendar, moment: datetime) -> bool:
    definition = calendar.definition
    local = moment.astimezone(ZoneInfo(definition.time_zone))
    if local.date() in definition.closed_dates:
        return False
    minute = local.hour * 60 + local.minute
    today = definition.weekly[local.weekday()]
    yesterday = definition.weekly[(local.weekday() - 1) % 7]
    within = any(a <= minute < b if a < b else minute >= a for a, b in today)
    return within or any(a > b and minute < b for a, b in yesterday)


def oracle(calendar: BusinessCalendar, start: datetime, end: datetime) -> int:
    count, moment = 0, start
    while moment < end:
        count += 60 if is_open(calendar, moment) else 0
        moment += MINUTE
    return count


@settings(max_examples=250, deadline=None)
@given(calendars(), moments, st.integers(0, 3 * 1440))
def test_business_time_is_what_a_look_at_every_minute_counts(calendar: BusinessCalendar, start: datetime, minutes: int) -> None:
    end = start + minutes * MINUTE
    assert calendar.business_seconds_between(start, end) == oracle(calendar, start, end)


@settings(max_examples=300, deadline=None)
@given(calendars(), moments, st.integers(1, 5 * 86400_000_000))
def test_adding_and_measuring_are_inverse(calendar: BusinessCalendar, start: datetime, micros: int) -> None:
    amount = timedelta(microseconds=micros)
    if not any(calendar.definition.weekly):
        return
    due = calendar.add(start, amount)
    assert calendar.between(start, due) == amount
    assert calendar.between(start, due - timedelta(microseconds=1)) < amount


@settings(max_examples=100, deadline=None)
@given(calendars(), moments, st.integers(0, 3 * 1440), st.integers(0, 3 * 1440))
def test_time_adds_up_and_its_stretches_do_too(calendar: BusinessCalendar, start: datetime, first: int, second: int) -> None:
    middle, end = start + first * MINUTE, start + (first + second) * MINUTE
    whole = calendar.between(start, end)
    assert calendar.between(start, middle) + calendar.between(middle, end) == whole
    stretches = list(calendar.counted(start, end))
    assert sum((b - a for a, b in stretches), timedelta(0)) == whole
    assert all(a[1] < b[0] for a, b in pairwise(stretches))


@settings(max_examples=40, deadline=None)
@given(calendars(), moments, st.integers(60, 900), st.integers(1, 59))
def test_a_long_stretch_is_the_sum_of_short_ones(calendar: BusinessCalendar, start: datetime, days: int, step: int) -> None:
    moments = [start + timedelta(days=n) for n in range(0, days, step)] + [start + timedelta(days=days)]
    whole = calendar.between(start, moments[-1])
    assert whole == sum((calendar.between(a, b) for a, b in pairwise(moments)), timedelta(0))
    if whole:
        due = calendar.add(start, whole)
        assert due <= moments[-1]
        assert calendar.between(start, due) == whole
        assert calendar.between(start, due - timedelta(microseconds=1)) < whole


def test_days_and_calendars_are_not_kept_for_ever() -> None:
    kept = calendar_module._day.cache_parameters()["maxsize"]
    never = BusinessCalendar(CalendarDefinition("never"), no_holiday)
    for year in range(1970, 1970 + 12 * 11, 11):
        never.add(datetime(year, 1, 1, tzinfo=UTC), timedelta(seconds=1))
    assert calendar_module._day.cache_info().currsize <= kept == 20_000
    cache = ConfigurationCache(lambda _: no_holiday)
    for n in range(700):
        cache.compiled(1, (), (CalendarDefinition(f"{n}"),))
    assert cache._calendar.cache_info().currsize <= 500


OFFICE = CalendarDefinition(
    "office", time_zone="Europe/Oslo", weekly=(((480, 720), (750, 960)),) * 5 + ((), ()), closed_dates=(date(2026, 5, 1),)
)


def oslo(day: date, at: time) -> datetime:
    return datetime.combine(day, at, ZoneInfo("Europe/Oslo"))


def test_an_hour_on_friday_afternoon_ends_on_monday_morning() -> None:
    calendar = BusinessCalendar(OFFICE, no_holiday)
    due = calendar.add_business_seconds(oslo(date(2026, 3, 27), time(15, 30)), 3600)
    assert due == oslo(date(2026, 3, 30), time(8, 30))


def test_a_break_and_a_closed_date_do_not_count() -> None:
    calendar = BusinessCalendar(OFFICE, no_holiday)
    seconds = calendar.business_seconds_between(oslo(date(2026, 4, 30), time(11, 0)), oslo(date(2026, 5, 4), time(9, 0)))
    assert seconds == (1 + 3.5 + 1) * 3600


def test_a_deadline_at_closing_time_is_due_then_and_not_on_the_next_morning() -> None:
    calendar = BusinessCalendar(OFFICE, no_holiday)
    due = calendar.add_business_seconds(oslo(date(2026, 3, 26), time(14)), 2 * 3600)
    assert due == oslo(date(2026, 3, 26), time(16))


def test_a_holiday_does_not_count_unless_the_office_is_open_on_it() -> None:
    christmas = date(2026, 12, 25)
    open_then = replace(OFFICE, open_dates=(christmas,))
    morning, evening = oslo(christmas, time(7)), oslo(christmas, time(20))
    counted = [
        BusinessCalendar(definition, lambda day: day == christmas).business_seconds_between(morning, evening)
        for definition in (OFFICE, open_then)
    ]
    assert counted == [0, 7.5 * 3600]


def test_the_night_of_the_longer_day_has_nine_hours() -> None:
    nights = CalendarDefinition("night", time_zone="Europe/Oslo", weekly=(((1320, 360),),) * 7)
    calendar = BusinessCalendar(nights, no_holiday)
    noon, next_noon = oslo(date(2026, 10, 24), time(12)), oslo(date(2026, 10, 25), time(12))
    assert calendar.business_seconds_between(noon, next_noon) == 9 * 3600


def test_around_the_clock_every_second_counts() -> None:
    calendar = BusinessCalendar(CalendarDefinition("24x7", always=True), no_holiday)
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert calendar.add_business_seconds(start, 2.5) == start + timedelta(seconds=2.5)
    assert calendar.business_seconds_between(start, start + timedelta(days=2)) == 2 * 86400


def test_a_calendar_that_never_opens_saturates() -> None:
    calendar = BusinessCalendar(CalendarDefinition("never"), no_holiday)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert calendar.add_business_seconds(start, 1) - start == timedelta(days=3660)


@pytest.mark.parametrize("amount", [0, -5])
def test_nothing_added_is_the_moment_itself(amount: int) -> None:
    start = datetime(2026, 1, 3, 3, tzinfo=UTC)
    assert BusinessCalendar(OFFICE, no_holiday).add_business_seconds(start, amount) == start
