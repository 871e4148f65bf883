"""Policies and calendars are put as a whole, each time as a new version of the configuration; clocks that run keep theirs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from sla_svc.domain.calendar import BusinessCalendar, CalendarDefinition, IsHoliday, UnknownHolidays
from sla_svc.domain.policy import KINDS, Policy, SlaConfiguration
from sla_svc.domain.refusals import BadCalendar, BadPolicy, ConfigurationHasMoved

_LONGEST: Final = timedelta(days=5 * 365)
MOST_WORDS: Final = 5_000
"""The conditions of all policies together: each ticket may be held against all of them."""
V = TypeVar("V", Policy, CalendarDefinition)


class Compiler(Protocol):
    """What makes a configuration of policies and the definitions of calendars."""

    def is_holiday_of(self, definition: CalendarDefinition, /) -> IsHoliday:
        """Raises UnknownHolidays."""
        ...

    def compiled(self, version: int, policies: tuple[Policy, ...], definitions: tuple[CalendarDefinition, ...]) -> SlaConfiguration:
        """Makes it. Raises UnknownHolidays where a calendar names a country that has none."""
        ...


def put_policies(
    current: SlaConfiguration,
    policies: Sequence[Policy],
    expected_version: int | None,
    compiler: Compiler,
    checked_against: int | None = None,
) -> SlaConfiguration:
    """The next version, with all policies from now on; `current` itself where they are the same.

    Raises ConfigurationHasMoved where another version was expected, BadPolicy for what cannot be taken: also for no default.
    `checked_against` the version with this number the policies were checked already: that may take long.
    """
    before = {p.name: p for p in current.policies}
    settled = tuple(_versioned(p, before.get(p.name)) for p in policies)
    return _next(current, settled, current.definitions, expected_version, compiler, checked_against)


def put_calendars(
    current: SlaConfiguration,
    calendars: Sequence[CalendarDefinition],
    expected_version: int | None,
    compiler: Compiler,
    checked_against: int | None = None,
) -> SlaConfiguration:
    """The next version, with all calendars from now on; `current` itself where they are the same.

    Raises ConfigurationHasMoved where another version was expected, BadCalendar for what cannot be taken, and BadPolicy where a
    calendar is left out that a policy names.
    """
    before = {c.name: c for c in current.definitions}
    settled = tuple(_versioned(c, before.get(c.name)) for c in calendars)
    return _next(current, current.policies, settled, expected_version, compiler, checked_against)


def _versioned(put: V, before: V | None) -> V:
    """One version on where it was changed."""
    same = replace(put, version=before.version if before else 1)
    return same if before is None or same == before else replace(same, version=same.version + 1)


def _next(
    current: SlaConfiguration,
    policies: tuple[Policy, ...],
    calendars: tuple[CalendarDefinition, ...],
    expected_version: int | None,
    compiler: Compiler,
    checked_against: int | None,
) -> SlaConfiguration:
    if policies == current.policies and calendars == current.definitions:
        return current
    if expected_version not in (None, current.version):
        raise ConfigurationHasMoved(expected_version or 0, current.version)
    if checked_against is None:
        check(policies, calendars, compiler)
    elif checked_against != current.version:
        raise ConfigurationHasMoved(checked_against, current.version)
    return compiler.compiled(current.version + 1, policies, calendars)


def check(policies: tuple[Policy, ...], calendars: tuple[CalendarDefinition, ...], compiler: Compiler) -> None:
    """Raises BadCalendar and BadPolicy, each with a pointer to what cannot be taken. Walks through years of each calendar."""
    _check_calendars(calendars, compiler)
    _check_policies(compiler.compiled(0, policies, calendars))


def _check_calendars(calendars: Sequence[CalendarDefinition], compiler: Compiler) -> None:
    names: set[str] = set()
    for i, calendar in enumerate(calendars):
        if calendar.name in names:
            raise BadCalendar(f"There are two calendars {calendar.name!r}.", pointer=f"#/calendars/{i}/name")
        names.add(calendar.name)
        try:
            ZoneInfo(calendar.time_zone)
        except (KeyError, ValueError, OSError) as unknown:
            raise BadCalendar(f"{calendar.time_zone!r} is no IANA time zone.", pointer=f"#/calendars/{i}/time_zone") from unknown
        try:
            compiler.is_holiday_of(calendar)
        except UnknownHolidays as unknown:
            place = f"{calendar.country}{'/' + calendar.subdivision if calendar.subdivision else ''}"
            raise BadCalendar(f"No holidays are known for {place}.", pointer=f"#/calendars/{i}/country") from unknown
        if not calendar.always and not any(calendar.weekly):
            raise BadCalendar(f"Calendar {calendar.name!r} is never open.", pointer=f"#/calendars/{i}/weekly")


def _check_policies(configuration: SlaConfiguration) -> None:
    names: set[str] = set()
    defaults = words = 0
    for i, policy in enumerate(configuration.policies):
        words += policy.conditions.words
        if words > MOST_WORDS:
            pointer = f"#/policies/{i}/conditions"
            raise BadPolicy(f"The conditions of all policies name more than {MOST_WORDS} values.", pointer=pointer)
        if policy.name.casefold() in names:
            raise BadPolicy(f"There are two policies {policy.name!r}.", pointer=f"#/policies/{i}/name")
        names.add(policy.name.casefold())
        defaults += policy.is_default
        if defaults > 1:
            raise BadPolicy("Only one policy can be the default.", pointer=f"#/policies/{i}/is_default")
        calendar = configuration.calendars.get(policy.calendar)
        if calendar is None:
            raise BadPolicy(f"There is no calendar {policy.calendar!r}.", pointer=f"#/policies/{i}/calendar")
        _check_reachable(policy, calendar, i)
    if not defaults:
        reason = "No policy is the default, so that nothing would be promised for tickets that no other one matches."
        raise BadPolicy(f"{reason} Give one of them is_default; without targets it promises nothing.", pointer="#/policies")


def _check_reachable(policy: Policy, calendar: BusinessCalendar, i: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for priority in policy.targets:
        for kind in KINDS:
            target = policy.target(priority, kind)
            if target is not None and calendar.add(start, target) - start > _LONGEST:
                pointer = f"#/policies/{i}/targets/{priority}/{kind}"
                raise BadPolicy(f"In calendar {calendar.name!r} this would take more than five years.", pointer=pointer)
