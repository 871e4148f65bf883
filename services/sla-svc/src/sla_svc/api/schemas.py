"""Bodies of requests and answers. An unknown field is refused: a misspelt target must not be dropped in silence."""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from deskstream_contracts.events.slas import SlaState
from deskstream_contracts.wire import Priority
from sla_svc.domain.calendar import CalendarDefinition
from sla_svc.domain.policy import Conditions, Policy, Targets
from sla_svc.domain.refusals import BadCalendar

Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
Seconds = Annotated[int, Field(ge=1, le=366 * 86400)]
Words = Annotated[list[Name], Field(max_length=200)]
_CLOCK = re.compile(r"\A(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _time(text: str) -> str:
    if not _CLOCK.match(text):
        raise ValueError("a time of day is HH:MM, from 00:00 to 24:00")
    return text


TimeOfDay = Annotated[str, Field(max_length=5), AfterValidator(_time)]
Intervals = Annotated[list[tuple[TimeOfDay, TimeOfDay]], Field(max_length=24)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TargetsBody(Body):
    """Seconds of business time of the policy's calendar; left out: no such clock."""

    first_response: Seconds | None = None
    next_response: Seconds | None = None
    resolution: Seconds | None = None


class ConditionsBody(Body):
    """Each list that is not empty must have the ticket's value, for tags one of them; organizations and teams by name or id."""

    priorities: list[Priority] = Field(default=[], max_length=4)
    types: Words = []
    organizations: Words = []
    teams: Words = []
    tags: Words = []


class PolicyBody(Body):
    name: Name
    version: int | None = Field(default=None, description="Counted by the service; what is sent is not looked at.")
    conditions: ConditionsBody = ConditionsBody()
    is_default: bool = False
    targets: dict[Priority, TargetsBody]
    calendar: Name = "24x7"
    pause_while_waiting: bool = True
    warn_fraction: float = Field(default=0.8, gt=0, lt=1)
    warn_before: Seconds | None = Field(default=None, description="Seconds before the due time; goes before warn_fraction.")

    def policy(self) -> Policy:
        """The policy as it was sent, without a version."""
        conditions = {name: tuple(values) for name, values in self.conditions.model_dump().items()}
        return Policy(
            name=self.name,
            version=0,
            targets={p: Targets(**t.model_dump()) for p, t in self.targets.items()},
            conditions=Conditions(**conditions),
            is_default=self.is_default,
            calendar=self.calendar,
            pause_while_waiting=self.pause_while_waiting,
            warn_fraction=self.warn_fraction,
            warn_before=self.warn_before,
        )

    @staticmethod
    def of(policy: Policy) -> "PolicyBody":
        """A policy as it is shown, and can be put again."""
        targets = {p: TargetsBody.model_validate(t, from_attributes=True) for p, t in policy.targets.items()}
        conditions = {name: list(getattr(policy.conditions, name)) for name in ConditionsBody.model_fields}
        return PolicyBody(
            name=policy.name,
            version=policy.version,
            conditions=ConditionsBody(**conditions),
            is_default=policy.is_default,
            targets=targets,
            calendar=policy.calendar,
            pause_while_waiting=policy.pause_while_waiting,
            warn_fraction=policy.warn_fraction,
            warn_before=policy.warn_before,
        )


class HolidaysBody(Body):
    """As the `holidays` package names them, e.g. country DE, subdivision BY."""

    country: Annotated[str, Field(max_length=2, pattern=r"^[A-Z]{2}$")]
    subdivision: Annotated[str, Field(max_length=20, pattern=r"^[A-Za-z0-9-]{1,20}$")] | None = None


class WeekBody(Body):
    """Intervals of each weekday, e.g. [["08:00", "12:00"], ["12:30", "16:00"]]; one that ends before it begins runs overnight."""

    monday: Intervals = []
    tuesday: Intervals = []
    wednesday: Intervals = []
    thursday: Intervals = []
    friday: Intervals = []
    saturday: Intervals = []
    sunday: Intervals = []


class CalendarBody(Body):
    name: Name
    version: int | None = Field(default=None, description="Counted by the service; what is sent is not looked at.")
    always: bool = Field(default=False, description="24x7, without holidays.")
    time_zone: Annotated[str, Field(max_length=64, examples=["Europe/Oslo"])] = "UTC"
    weekly: WeekBody = WeekBody()
    holidays: HolidaysBody | None = None
    closed_dates: list[date] = Field(default=[], max_length=2000)
    open_dates: list[date] = Field(default=[], max_length=2000, description="Open in spite of a holiday.")

    def definition(self, place: int) -> CalendarDefinition:
        """The calendar at this place of the list. Raises BadCalendar, which points to what is no interval."""
        week = [_intervals(getattr(self.weekly, day), f"#/calendars/{place}/weekly/{day}") for day in DAYS]
        return CalendarDefinition(
            name=self.name,
            always=self.always,
            time_zone=self.time_zone,
            weekly=tuple(week),
            country=self.holidays.country if self.holidays else None,
            subdivision=self.holidays.subdivision if self.holidays else None,
            closed_dates=tuple(sorted(set(self.closed_dates))),
            open_dates=tuple(sorted(set(self.open_dates))),
        )

    @staticmethod
    def of(definition: CalendarDefinition) -> "CalendarBody":
        """A calendar as it is shown, and can be put again."""
        week = {day: [(_text(a), _text(b)) for a, b in definition.weekly[i]] for i, day in enumerate(DAYS)}
        holidays = HolidaysBody(country=definition.country, subdivision=definition.subdivision) if definition.country else None
        return CalendarBody(
            name=definition.name,
            version=definition.version,
            always=definition.always,
            time_zone=definition.time_zone,
            weekly=WeekBody(**week),
            holidays=holidays,
            closed_dates=list(definition.closed_dates),
            open_dates=list(definition.open_dates),
        )


class Expected(Body):
    expected_version: int | None = Field(default=None, description="Or If-Match; with another version in force it is refused.")
    note: Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")] = ""
    running_tickets: Literal["keep", "follow"] = Field(
        default="keep",
        description="Whether tickets that are open already follow to what is edited, which is a job; else they keep what they "
        "run by until their priority or policy changes, or they are reopened.",
    )


class PoliciesBody(Expected):
    policies: list[PolicyBody] = Field(max_length=200, description="Their conditions may name 5,000 values together.")


class CalendarsBody(Expected):
    calendars: list[CalendarBody] = Field(max_length=50)


class PoliciesAnswer(BaseModel):
    """`version` is the configuration's: policies and calendars count together."""

    version: int
    policies: list[PolicyBody]
    job: str | None = Field(default=None, description="In which open tickets follow, if that was asked for: sla.<id>.")


class CalendarsAnswer(BaseModel):
    version: int
    calendars: list[CalendarBody]
    job: str | None = Field(default=None, description="In which open tickets follow, if that was asked for: sla.<id>.")


class ExplainedLine(BaseModel):
    """A stretch of time or a moment, in words; `seconds` of business time, `total` up to and with this line."""

    kind: str
    text: str
    start: datetime | None = None
    end: datetime | None = None
    seconds: float
    total: float


class ExplainedClock(BaseModel):
    clock: str
    status: str
    due_at: datetime | None
    lines: list[ExplainedLine]


class Explanation(BaseModel):
    """Why a ticket's clocks are due when they are."""

    sla: SlaState
    why_this_policy: str
    clocks: list[ExplainedClock]


class AttainmentLine(BaseModel):
    """How many clocks of a group ended in time."""

    group: str | None = Field(description="None: tickets that have no such thing (no team, no organization).")
    clock: str
    met: int
    breached: int
    unanswered: int = Field(description="Done with in time and without an answer: neither met nor breached.")
    percent: float | None = Field(description="Met, of those met or breached, in percent, two decimals; None without any.")


class Attainment(BaseModel):
    by: Literal["priority", "team", "organization", "customer", "policy"]
    lines: list[AttainmentLine]


def _intervals(pairs: list[tuple[str, str]], pointer: str) -> tuple[tuple[int, int], ...]:
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
