"""Policies and calendars are put as a whole, each a new version of the configuration; clocks that run keep theirs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sla_svc.domain.calendar import BusinessCalendar, CalendarDefinition
from sla_svc.domain.policy import KINDS, Policy, SlaConfiguration
from sla_svc.domain.refusals import BadCalendar, BadPolicy, ConfigurationHasMoved
from sla_svc.persistence.configuration_cache import CALENDARS, POLICIES, is_holiday_of
from sla_svc.persistence.unit import SlaUnit

_LONGEST = timedelta(days=5 * 365)


@dataclass(frozen=True, slots=True)
class Author:
    id: str
    name: str
    note: str = ""
    expected_version: int | None = None


def put_policies(policies: Sequence[Policy], author: Author) -> Callable[[SlaUnit], SlaConfiguration]:
    def handle(unit: SlaUnit) -> SlaConfiguration:
        current = unit.configurations.current
        settled = tuple(_versioned(p, {o.name: o for o in current.policies}) for p in policies)
        return _put(unit, current, settled, current.definitions, author)

    return handle


def put_calendars(calendars: Sequence[CalendarDefinition], author: Author) -> Callable[[SlaUnit], SlaConfiguration]:
    """A calendar that is not sent is kept only where a policy names it; then leaving it out is refused."""

    def handle(unit: SlaUnit) -> SlaConfiguration:
        current = unit.configurations.current
        known = {c.name: c for c in current.definitions}
        settled = []
        for calendar in calendars:
            before = known.get(calendar.name)
            same = replace(calendar, version=before.version if before else 1)
            settled.append(same if before is None or same == before else replace(same, version=same.version + 1))
        return _put(unit, current, current.policies, tuple(settled), author)

    return handle


def _versioned(policy: Policy, known: dict[str, Policy]) -> Policy:
    before = known.get(policy.name)
    same = replace(policy, version=before.version if before else 1)
    return same if before is None or same == before else replace(same, version=same.version + 1)


def _put(
    unit: SlaUnit,
    current: SlaConfiguration,
    policies: tuple[Policy, ...],
    calendars: tuple[CalendarDefinition, ...],
    author: Author,
) -> SlaConfiguration:
    if policies == current.policies and calendars == current.definitions:
        return current
    if author.expected_version not in (None, current.version):
        raise ConfigurationHasMoved(author.expected_version or 0, current.version)
    _check_calendars(calendars)
    configuration = unit.configurations.compiled(current.version + 1, policies, calendars)
    _check_policies(configuration)
    unit.configurations.configure(
        version=configuration.version,
        policies=POLICIES.dump_json(policies).decode(),
        calendars=CALENDARS.dump_json(calendars).decode(),
        note=author.note,
        by_id=author.id,
        by_name=author.name,
        at=unit.now,
    )
    return configuration


def _check_calendars(calendars: Sequence[CalendarDefinition]) -> None:
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
            is_holiday_of(calendar)(datetime(2026, 1, 1, tzinfo=UTC).date())
        except (NotImplementedError, KeyError, AttributeError) as unknown:
            place = f"{calendar.country}{'/' + calendar.subdivision if calendar.subdivision else ''}"
            raise BadCalendar(f"No holidays are known for {place}.", pointer=f"#/calendars/{i}/country") from unknown
        if not calendar.always and not any(calendar.weekly):
            raise BadCalendar(f"Calendar {calendar.name!r} is never open.", pointer=f"#/calendars/{i}/weekly")


def _check_policies(configuration: SlaConfiguration) -> None:
    names: set[str] = set()
    defaults = 0
    for i, policy in enumerate(configuration.policies):
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


def _check_reachable(policy: Policy, calendar: BusinessCalendar, i: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for priority in policy.targets:
        for kind in KINDS:
            target = policy.target(priority, kind)
            if target is not None and calendar.add(start, target) - start > _LONGEST:
                pointer = f"#/policies/{i}/targets/{priority}/{kind}"
                raise BadPolicy(f"In calendar {calendar.name!r} this would take more than five years.", pointer=pointer)
