"""Why a ticket has its policy, and a deadline line by line: what counted, what did not, and what is left until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sla_svc.domain.calendar import BusinessCalendar
from sla_svc.domain.clocks import ZERO, Cancellation, Clock, Span
from sla_svc.domain.policy import Policy
from sla_svc.domain.story import Configurations
from sla_svc.domain.ticket_sla import TicketSla

MOST_LINES: Final = 400
_CANCELLED: Final[Mapping[Cancellation | None, str]] = {
    "unanswered": "Nobody answered before the ticket was done with; {used} used.",
    "unsolved": "The ticket was closed unsolved; {used} used.",
    "no_target": "There is no target for it now; {used} used, which counts again when there is one.",
    "no_policy": "No policy is for the ticket now; {used} used, which counts again when there is one.",
    # By a release that did not say why.
    None: "Cancelled: nothing is waited for any more.",
}
LineKind = Literal["target", "counted", "paused", "left", "ahead", "due", "ended", "cut"]


@dataclass(frozen=True, slots=True)
class Line:
    """`seconds` of business time, `total` up to and with this line; `start` and `end` in the calendar's time zone."""

    kind: LineKind
    text: str
    start: datetime | None = None
    end: datetime | None = None
    seconds: float = 0.0
    total: float = 0.0


def why_policy(sla: TicketSla, policy: Policy | None) -> str:
    """Why the clocks run by the policy they have; `policy` is that one, as of the version they run by."""
    if not sla.covered:
        return f"No policy is for the ticket now; the last was “{sla.policy}” (version {sla.policy_version})."
    asked = sla.ticket.sla_policy is not None and sla.ticket.sla_policy.casefold() == sla.policy.casefold()
    if asked:
        why = "it was asked for by a rule"
    elif policy is not None and policy.is_default:
        why = "it is the default"
    else:
        why = "its conditions match"
    return f"Policy “{sla.policy}” (version {sla.policy_version}) for priority {sla.ticket.priority}: {why}."


def explain(clock: Clock, now: datetime, configurations: Configurations) -> list[Line]:
    """The lines add up: what was counted and what is ahead is the target, at the due time."""
    seconds = clock.target.total_seconds()
    lines = [Line("target", f"The target is {_words(clock.target)} of business time.", seconds=seconds)]
    total, previous = ZERO, None
    for span in clock.spans:
        calendar = configurations(span.configuration_version).calendars[span.calendar]
        if previous is not None and previous.end is not None and previous.end < span.start:
            lines.append(_pause(calendar, previous.end, span.start, total))
        total = _count(lines, calendar, span, now, total)
        previous = span
    if previous is None:
        return lines
    calendar = configurations(previous.configuration_version).calendars[previous.calendar]
    if clock.status == "paused":
        lines.append(_left(clock, calendar, now, total, "It is paused"))
        if previous.end is not None:
            lines.insert(len(lines) - 1, _pause(calendar, previous.end, now, total))
    elif clock.status == "running" and clock.due_at is not None:
        lines.append(_left(clock, calendar, now, total, "Now"))
        for start, end in calendar.counted(max(now, previous.start), clock.due_at):
            total += end - start
            lines.append(_line("ahead", calendar, start, end, total, "will count"))
        lines.append(_at("due", calendar, clock.due_at, total, "is the due time"))
    else:
        lines += _ended(clock, calendar, total)
        if clock.status == "breached" and previous.end is not None:
            lines.append(_pause(calendar, previous.end, now, total))
    return (
        lines
        if len(lines) <= MOST_LINES
        else [*lines[: MOST_LINES - 2], Line("cut", f"… {len(lines) - MOST_LINES + 1} more lines"), lines[-1]]
    )


def _count(lines: list[Line], calendar: BusinessCalendar, span: Span, now: datetime, total: timedelta) -> timedelta:
    for start, end in calendar.counted(span.start, span.end or max(now, span.start)):
        total += end - start
        lines.append(_line("counted", calendar, start, end, total, f"counts in calendar “{calendar.name}”"))
    return total


def _pause(calendar: BusinessCalendar, start: datetime, end: datetime, total: timedelta) -> Line:
    text = f"{_when(calendar, start)} to {_when(calendar, end)}: paused"
    return Line("paused", text, calendar.local(start), calendar.local(end), 0.0, total.total_seconds())


def _left(clock: Clock, calendar: BusinessCalendar, now: datetime, total: timedelta, when: str) -> Line:
    left = max(clock.target - total, ZERO)
    text = f"{when}: {_words(left)} left of {_words(clock.target)}."
    return Line("left", text, calendar.local(now), None, left.total_seconds(), total.total_seconds())


def _ended(clock: Clock, calendar: BusinessCalendar, total: timedelta) -> list[Line]:
    lines: list[Line] = []
    if clock.breached_at is not None and clock.due_at is not None:
        lines.append(_at("due", calendar, clock.due_at, clock.target, "was the due time; it was missed"))
    if clock.fulfilled_at is not None:
        lines.append(_at("ended", calendar, clock.fulfilled_at, total, f"fulfilled, {_words(total)} used"))
    elif clock.status == "cancelled":
        lines.append(Line("ended", _CANCELLED[clock.cancelled_for].format(used=_words(total)), total=total.total_seconds()))
    return lines


def _line(kind: LineKind, calendar: BusinessCalendar, start: datetime, end: datetime, total: timedelta, what: str) -> Line:
    text = f"{_when(calendar, start)} to {_when(calendar, end)}: {_words(end - start)} {what}"
    return Line(kind, text, calendar.local(start), calendar.local(end), (end - start).total_seconds(), total.total_seconds())


def _at(kind: LineKind, calendar: BusinessCalendar, at: datetime, total: timedelta, what: str) -> Line:
    return Line(kind, f"{_when(calendar, at)} {what}.", calendar.local(at), None, 0.0, total.total_seconds())


def _when(calendar: BusinessCalendar, at: datetime) -> str:
    return f"{calendar.local(at):%a %Y-%m-%d %H:%M:%S %Z}"


def _words(amount: timedelta) -> str:
    minutes, seconds = divmod(round(amount.total_seconds(), 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes) + [f"{seconds:g} s"] * bool(seconds)
    return " ".join(parts) or "0 s"
