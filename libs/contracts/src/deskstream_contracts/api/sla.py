"""Policies and calendars: what is put and what is in force; why a deadline is when it is; how well deadlines were kept."""

import re
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from deskstream_contracts.api.shapes import Body
from deskstream_contracts.events.slas import ClockKind, SlaState
from deskstream_contracts.wire import Priority

_Name = Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
_Seconds = Annotated[int, Field(ge=1, le=366 * 86400)]
_Names = Annotated[list[_Name], Field(max_length=200)]
_CLOCK = re.compile(r"\A(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z")


def _time(text: str) -> str:
    if not _CLOCK.match(text):
        raise ValueError("a time of day is HH:MM, from 00:00 to 24:00")
    return text


_TimeOfDay = Annotated[str, Field(max_length=5), AfterValidator(_time)]
_Intervals = Annotated[list[tuple[_TimeOfDay, _TimeOfDay]], Field(max_length=24)]
AttainmentGroup = Literal["priority", "team", "organization", "customer", "policy"]
LineKind = Literal["target", "counted", "paused", "left", "ahead", "due", "ended", "cut"]


class Targets(Body):
    """Seconds of business time of the policy's calendar; left out: no such clock."""

    first_response: _Seconds | None = Field(default=None, description="Until the first answer.")
    next_response: _Seconds | None = Field(default=None, description="Until each later answer.")
    resolution: _Seconds | None = Field(default=None, description="Until the solution.")


class PolicyConditions(Body):
    """Which tickets a policy is for: each list that is not empty must have the ticket's value."""

    priorities: list[Priority] = Field(default=[], max_length=4, description="The ticket's priority.")
    types: _Names = Field(default=[], description="The ticket's type.")
    organizations: _Names = Field(default=[], description="Its organization, by name or id.")
    teams: _Names = Field(default=[], description="Its team, by name or id.")
    tags: _Names = Field(default=[], description="One of its tags.")


class Policy(Body):
    """Which targets a ticket has, and how they are counted."""

    name: _Name = Field(description="How the policy is called; no two have the same name.")
    version: int | None = Field(default=None, description="Counted by the service; what is sent is not looked at.")
    conditions: PolicyConditions = Field(default=PolicyConditions(), description="Which tickets it is for.")
    is_default: bool = Field(default=False, description="It is for tickets that no other is for.")
    targets: dict[Priority, Targets] = Field(description="By the ticket's priority.")
    calendar: _Name = Field(default="24x7", description="The calendar that business time is counted on, by name.")
    pause_while_waiting: bool = Field(default=True, description="No time counts while the customer is waited for.")
    warn_fraction: float = Field(default=0.8, gt=0, lt=1, description="After which part of a target its clock warns.")
    warn_before: _Seconds | None = Field(default=None, description="Seconds before the due time; goes before warn_fraction.")


class Holidays(Body):
    """As the `holidays` package names them, e.g. country DE, subdivision BY."""

    country: Annotated[str, Field(max_length=2, pattern=r"^[A-Z]{2}$")] = Field(description="ISO 3166-1 alpha-2.")
    subdivision: Annotated[str, Field(max_length=20, pattern=r"^[A-Za-z0-9-]{1,20}$")] | None = Field(
        default=None, description="The part of ISO 3166-2 behind the country."
    )


class Week(Body):
    """Intervals of each weekday, e.g. [["08:00", "12:00"], ["12:30", "16:00"]]; one that ends before it begins runs overnight."""

    monday: _Intervals = Field(default=[], description="Of Mondays.")
    tuesday: _Intervals = Field(default=[], description="Of Tuesdays.")
    wednesday: _Intervals = Field(default=[], description="Of Wednesdays.")
    thursday: _Intervals = Field(default=[], description="Of Thursdays.")
    friday: _Intervals = Field(default=[], description="Of Fridays.")
    saturday: _Intervals = Field(default=[], description="Of Saturdays.")
    sunday: _Intervals = Field(default=[], description="Of Sundays.")


class Calendar(Body):
    """When business time runs."""

    name: _Name = Field(description="How the calendar is called; no two have the same name.")
    version: int | None = Field(default=None, description="Counted by the service; what is sent is not looked at.")
    always: bool = Field(default=False, description="24x7, without holidays.")
    time_zone: Annotated[str, Field(max_length=64, examples=["Europe/Oslo"])] = Field(
        default="UTC", description="Whose times of day these are (IANA)."
    )
    weekly: Week = Field(default=Week(), description="The week as it is but for holidays and single dates.")
    holidays: Holidays | None = Field(default=None, description="Public holidays, which are closed; left out: none.")
    closed_dates: list[date] = Field(default=[], max_length=2000, description="Closed, whatever the weekday.")
    open_dates: list[date] = Field(default=[], max_length=2000, description="Open in spite of a holiday.")


class _Put(Body):
    expected_version: int | None = Field(default=None, description="Or If-Match; with another version in force it is refused.")
    note: Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")] = Field(
        default="", description="Why, for whoever reads the history."
    )
    running_tickets: Literal["keep", "follow"] = Field(
        default="keep",
        description="Whether tickets that are open already follow to what is edited, which is a job; else they keep what they "
        "run by until their priority or policy changes, or they are reopened.",
    )


class PutPolicies(_Put):
    """All policies from now on."""

    policies: list[Policy] = Field(max_length=200, description="Their conditions may name 5,000 values together.")


class PutCalendars(_Put):
    """All calendars from now on."""

    calendars: list[Calendar] = Field(max_length=50, description="All of them: at most 50.")


class Policies(BaseModel):
    """The policies in force."""

    version: int = Field(description="The configuration's: policies and calendars count together.")
    policies: list[Policy] = Field(description="In the order they are asked.")
    job: str | None = Field(default=None, description="In which open tickets follow, if that was asked for: sla.<id>.")


class Calendars(BaseModel):
    """The calendars in force."""

    version: int = Field(description="The configuration's: policies and calendars count together.")
    calendars: list[Calendar] = Field(description="All of them.")
    job: str | None = Field(default=None, description="In which open tickets follow, if that was asked for: sla.<id>.")


class ExplainedLine(BaseModel):
    """A stretch of time or a moment, in words."""

    kind: LineKind = Field(description="What kind of line it is.")
    text: str = Field(description="A sentence for people.")
    start: datetime | None = Field(default=None, description="When it begins, in the calendar's time zone.")
    end: datetime | None = Field(default=None, description="When it ends; null: it is a moment.")
    seconds: float = Field(description="Business time of this line, in seconds.")
    total: float = Field(description="Business time up to and with this line, in seconds.")


class ExplainedClock(BaseModel):
    """A clock, line by line."""

    clock: ClockKind = Field(description="Which clock of the ticket.")
    status: Literal["running", "paused", "fulfilled", "breached", "cancelled"] = Field(description="Where it stands.")
    due_at: datetime | None = Field(description="When its time is over; null while it is paused.")
    lines: list[ExplainedLine] = Field(description="They add up: what was counted and what is ahead is the target.")


class DeadlineExplanation(BaseModel):
    """Why a ticket's clocks are due when they are."""

    sla: SlaState = Field(description="The clocks.")
    why_this_policy: str = Field(description="A sentence for people.")
    clocks: list[ExplainedClock] = Field(description="Each clock, line by line.")


class AttainmentLine(BaseModel):
    """How many clocks of a group ended in time."""

    group: str | None = Field(description="Null: tickets that have no such thing (no team, no organization).")
    clock: ClockKind = Field(description="Which clock of the tickets.")
    met: int = Field(description="How many ended in time.")
    breached: int = Field(description="How many did not.")
    unanswered: int = Field(description="Done with in time and without an answer: neither met nor breached.")
    percent: float | None = Field(description="Met, of those met or breached, in percent, two decimals; null without any.")


class Attainment(BaseModel):
    """How well deadlines were kept."""

    by: AttainmentGroup = Field(description="What the groups are.")
    lines: list[AttainmentLine] = Field(description="One for each group and clock.")
