"""Business time: which moments count, and arithmetic on them.

The definition of a calendar is in local wall-clock time: a moment counts if its local time of day is in one of the weekday's
intervals and its local date is not a holiday. All arithmetic is in UTC, day by day, split where the zone's offset changes; so a day
with a change of the clocks has exactly the time that passes on it (an hour that is skipped does not count, one that comes twice
counts twice).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

DAY: Final = 86_400_000_000
"""Microseconds of a day; all inner arithmetic is in whole microseconds since 1970."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_MICROSECOND: Final = timedelta(microseconds=1)
HORIZON_DAYS: Final = 3660
_BLOCK_DAYS: Final = 64
_KEPT: Final = 20_000

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class CalendarDefinition:
    """What is open when.

    `weekly`: seven tuples, Monday first, of (from, to) in minutes of the local day, 0 to 1440; an interval whose end is not
    after its beginning runs over midnight. `open_dates` are open in spite of a holiday. `always` is 24x7, without holidays.
    """

    name: str
    version: int = 1
    always: bool = False
    time_zone: str = "UTC"
    weekly: tuple[tuple[tuple[int, int], ...], ...] = ((),) * 7
    country: str | None = None
    subdivision: str | None = None
    closed_dates: tuple[date, ...] = ()
    open_dates: tuple[date, ...] = ()


IsHoliday = Callable[[date], bool]


class UnknownHolidays(Exception):
    """Nobody knows the holidays of a calendar's country or subdivision."""


class BusinessCalendar:
    """Arithmetic on one calendar. Days are worked out and kept for a while, of all calendars together the 20,000 used last.

    Of longer stretches the sums are kept: a calendar that is open a minute a week is walked through in steps of 64 days.
    """

    def __init__(self, definition: CalendarDefinition, is_holiday: IsHoliday) -> None:
        self.definition = definition
        self._zone = ZoneInfo(definition.time_zone)
        self._is_holiday = is_holiday
        self._weekly = _split_at_midnight(definition.weekly)
        self._closed = frozenset(definition.closed_dates)
        self._opened = frozenset(definition.open_dates)

    @property
    def name(self) -> str:
        """What policies call it."""
        return self.definition.name

    def business_seconds_between(self, start: datetime, end: datetime) -> float:
        """Business seconds from `start` to `end`; 0 where `end` is not after it."""
        return self.between(start, end).total_seconds()

    def add_business_seconds(self, start: datetime, seconds: float) -> datetime:
        """The first moment at which so many business seconds have passed since `start`."""
        return self.add(start, timedelta(seconds=seconds))

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Business time from `start` to `end`; none where `end` is not after it."""
        a, b = _micros(start), _micros(end)
        if b <= a:
            return timedelta(0)
        if self.definition.always:
            return (b - a) * _MICROSECOND
        first, last = a // DAY, b // DAY
        if first == last:
            return (self._until(first, b) - self._until(first, a)) * _MICROSECOND
        total = _day(self, first)[1] - self._until(first, a) + self._until(last, b)
        n = first + 1
        while n < last:
            if n % _BLOCK_DAYS == 0 and n + _BLOCK_DAYS <= last:
                total += _block(self, n)
                n += _BLOCK_DAYS
            else:
                total += _day(self, n)[1]
                n += 1
        return total * _MICROSECOND

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The first moment at which so much business time has passed since `start`; `start` itself where `amount` ≤ 0.

        Ten years on at most, for calendars that have next to no open time.
        """
        left, a = amount // _MICROSECOND, _micros(start)
        if left <= 0:
            return start
        if self.definition.always:
            return _EPOCH + (a + left) * _MICROSECOND
        n, horizon = a // DAY, a // DAY + HORIZON_DAYS
        while n < horizon:
            if n % _BLOCK_DAYS == 0 and a <= n * DAY and n + _BLOCK_DAYS <= horizon and left > _block(self, n):
                left -= _block(self, n)
                n += _BLOCK_DAYS
                continue
            intervals, total = _day(self, n)
            n += 1
            if a <= (n - 1) * DAY and left > total:
                left -= total
                continue
            for begin, end in intervals:
                begin = max(begin, a)
                if begin < end:
                    if left <= end - begin:
                        return _EPOCH + (begin + left) * _MICROSECOND
                    left -= end - begin
        return _EPOCH + (a + HORIZON_DAYS * DAY) * _MICROSECOND

    def counted(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of business time from `start` to `end`, one after the other; those that touch are one."""
        a, b = _micros(start), _micros(end)
        held: Interval | None = None
        days = [((a, b),)] if self.definition.always else [_day(self, n)[0] for n in range(a // DAY, b // DAY + 1)]
        for intervals in days:
            for begin, stop in intervals:
                begin, stop = max(begin, a), min(stop, b)
                if begin >= stop:
                    continue
                if held is not None and held[1] == begin:
                    held = (held[0], stop)
                    continue
                if held is not None:
                    yield _moments(held)
                held = (begin, stop)
        if held is not None:
            yield _moments(held)

    def local(self, moment: datetime) -> datetime:
        """The moment in the calendar's time zone."""
        return moment.astimezone(self._zone)

    def _until(self, day: int, moment: int) -> int:
        """Business time of a UTC day before a moment of it."""
        intervals = _day(self, day)[0]
        i = bisect_right(intervals, (moment, 1 << 62))
        return sum(min(end, moment) - begin for begin, end in intervals[:i])

    def intervals_of(self, n: int) -> Iterator[Interval]:
        """What is open of a UTC day, counted since 1970."""
        for begin, end, offset in _segments(self._zone, n * DAY, (n + 1) * DAY):
            # In a segment local time is UTC plus a constant, so that intervals can be moved as they are.
            for local_day in range((begin + offset) // DAY, (end + offset - 1) // DAY + 1):
                for opens, closes in self._of_date(local_day):
                    low = max(begin, local_day * DAY + opens - offset)
                    high = min(end, local_day * DAY + closes - offset)
                    if low < high:
                        yield low, high

    def _of_date(self, local_day: int) -> tuple[Interval, ...]:
        when = date.fromordinal(local_day + _EPOCH_ORDINAL)
        if when in self._closed or (self._is_holiday(when) and when not in self._opened):
            return ()
        return self._weekly[when.weekday()]


@lru_cache(maxsize=_KEPT)
def _day(calendar: BusinessCalendar, n: int) -> tuple[tuple[Interval, ...], int]:
    """What is open of a UTC day, and how long that is."""
    intervals = tuple(_joined(calendar.intervals_of(n)))
    return intervals, sum(end - begin for begin, end in intervals)


@lru_cache(maxsize=_KEPT)
def _block(calendar: BusinessCalendar, first: int) -> int:
    """How long is open in so many days from this one on."""
    return sum(_day(calendar, n)[1] for n in range(first, first + _BLOCK_DAYS))


def _split_at_midnight(weekly: tuple[tuple[tuple[int, int], ...], ...]) -> tuple[tuple[Interval, ...], ...]:
    """Microseconds of the local day; what runs over midnight belongs to two days, each with its own holiday."""
    minute = 60_000_000
    days: list[list[Interval]] = [[] for _ in range(7)]
    for weekday, intervals in enumerate(weekly):
        for begin, end in intervals:
            if begin < end:
                days[weekday].append((begin * minute, end * minute))
            else:
                days[weekday].append((begin * minute, DAY))
                days[(weekday + 1) % 7].append((0, end * minute))
    return tuple(tuple(_joined(sorted(day))) for day in days)


def _joined(intervals: Iterator[Interval] | list[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for begin, end in sorted(intervals):
        if begin >= end:
            continue
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _segments(zone: tzinfo, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Stretches of UTC with one offset. A zone changes its offset at most once a day, and on a whole second."""
    offset, last = _offset(zone, begin), _offset(zone, end - 1)
    if offset != last:
        second = 1_000_000
        low, high = begin // second, (end - 1) // second
        while high - low > 1:
            middle = (low + high) // 2
            if _offset(zone, middle * second) == offset:
                low = middle
            else:
                high = middle
        yield begin, high * second, offset
        yield high * second, end, last
    else:
        yield begin, end, offset


def _offset(zone: tzinfo, moment: int) -> int:
    offset = (_EPOCH + moment * _MICROSECOND).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _moments(interval: Interval) -> tuple[datetime, datetime]:
    return _EPOCH + interval[0] * _MICROSECOND, _EPOCH + interval[1] * _MICROSECOND
