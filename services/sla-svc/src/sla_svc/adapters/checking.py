"""Checking a configuration in a process that can be killed: some calendars have to be walked through for years."""

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from deskstream_chassis.run.limited_pool import Limits
from sla_svc.adapters.holidays import is_holiday_of
from sla_svc.domain.calendar import BusinessCalendar, CalendarDefinition, IsHoliday
from sla_svc.domain.configuring import check
from sla_svc.domain.policy import Policy, SlaConfiguration

LIMITS: Final = Limits(seconds=5.0, memory_mb=512)
FUNCTION: Final = f"{__name__}:answer"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is to be in force, if it can be."""

    policies: tuple[Policy, ...]
    calendars: tuple[CalendarDefinition, ...]


CANDIDATE: Final = TypeAdapter(Candidate)

# The package of holidays takes a while to load: before the first job, whose time is counted.
is_holiday_of(CalendarDefinition("", country="NO"))


def answer(job: bytes) -> bytes:
    """Nothing, where a candidate can be taken; in the limited process. Raises BadPolicy, BadCalendar."""
    candidate = CANDIDATE.validate_json(job)
    check(candidate.policies, candidate.calendars, _Compiler())
    return b""


class _Compiler:
    def is_holiday_of(self, definition: CalendarDefinition) -> IsHoliday:
        return is_holiday_of(definition)

    def compiled(self, version: int, policies: tuple[Policy, ...], definitions: tuple[CalendarDefinition, ...]) -> SlaConfiguration:
        calendars = {d.name: BusinessCalendar(d, is_holiday_of(d)) for d in definitions}
        return SlaConfiguration(version, policies, calendars, definitions)
