"""Policies and calendars of the API as the domain has them, and back."""

from collections.abc import Sequence
from typing import Final

from deskstream_contracts.api import sla as schemas
from sla_svc.domain.calendar import CalendarDefinition
from sla_svc.domain.policy import Conditions, Policy, Targets
from sla_svc.domain.refusals import BadCalendar

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def policy(put: schemas.Policy) -> Policy:
    """The policy as it was sent, without a version."""
    conditions = {name: tuple(values) for name, values in put.conditions.model_dump().items()}
    return Policy(
        name=put.name,
        version=0,
        targets={p: Targets(**t.model_dump()) for p, t in put.targets.items()},
        conditions=Conditions(**conditions),
        is_default=put.is_default,
        calendar=put.calendar,
        pause_while_waiting=put.pause_while_waiting,
        warn_fraction=put.warn_fraction,
        warn_before=put.warn_before,
    )


def shown_policy(policy: Policy) -> schemas.Policy:
    """A policy as it is shown, and can be put again."""
    targets = {p: schemas.Targets.model_validate(t, from_attributes=True) for p, t in policy.targets.items()}
    conditions = {name: list(getattr(policy.conditions, name)) for name in schemas.PolicyConditions.model_fields}
    return schemas.Policy(
        name=policy.name,
        version=policy.version,
        conditions=schemas.PolicyConditions(**conditions),
        is_default=policy.is_default,
        targets=targets,
        calendar=policy.calendar,
        pause_while_waiting=policy.pause_while_waiting,
        warn_fraction=policy.warn_fraction,
        warn_before=policy.warn_before,
    )


def definition(put: schemas.Calendar, place: int) -> CalendarDefinition:
    """The calendar at this place of the list. Raises BadCalendar, which points to what is no interval."""
    week = [_intervals(getattr(put.weekly, day), f"#/calendars/{place}/weekly/{day}") for day in DAYS]
    return CalendarDefinition(
        name=put.name,
        always=put.always,
        time_zone=put.time_zone,
        weekly=tuple(week),
        country=put.holidays.country if put.holidays else None,
        subdivision=put.holidays.subdivision if put.holidays else None,
        closed_dates=tuple(sorted(set(put.closed_dates))),
        open_dates=tuple(sorted(set(put.open_dates))),
    )


def shown_calendar(definition: CalendarDefinition) -> schemas.Calendar:
    """A calendar as it is shown, and can be put again."""
    week = {day: [(_text(a), _text(b)) for a, b in definition.weekly[i]] for i, day in enumerate(DAYS)}
    country = definition.country
    holidays = schemas.Holidays(country=country, subdivision=definition.subdivision) if country else None
    return schemas.Calendar(
        name=definition.name,
        version=definition.version,
        always=definition.always,
        time_zone=definition.time_zone,
        weekly=schemas.Week(**week),
        holidays=holidays,
        closed_dates=list(definition.closed_dates),
        open_dates=list(definition.open_dates),
    )


def _intervals(pairs: Sequence[tuple[str, str]], pointer: str) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for i, (opens, closes) in enumerate(pairs):
        begin, end = _minutes(opens), _minutes(closes)
        if begin == end or begin == 1440:
            raise BadCalendar(f"{opens} to {closes} is no interval.", pointer=f"{pointer}/{i}")
        found.append((begin, end))
    return tuple(sorted(found))


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _text(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
