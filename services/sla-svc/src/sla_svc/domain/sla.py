"""What happens to the clocks of a ticket: a pure function of what was heard, in the order it was heard."""

from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

from sla_svc.domain import clocks
from sla_svc.domain.clocks import Clock
from sla_svc.domain.happenings import Paused, Resumed, Started, Warned
from sla_svc.domain.policy import KINDS, ClockKind, Policy, SlaConfiguration
from sla_svc.domain.story import Configurations, Happened, Story
from sla_svc.domain.ticket import Heard, Ticket
from sla_svc.domain.ticket_sla import Since, TicketSla

RESPONSES: Final[tuple[ClockKind, ...]] = ("first_response", "next_response")


def begin(ticket: Ticket, current: SlaConfiguration, correlation_id: str) -> tuple[TicketSla | None, list[Happened]]:
    """First and resolution clocks start when the ticket was opened. A ticket that is closed already has none."""
    if ticket.status == "closed":
        return None, []
    moves = (Since(ticket.opened_at, "working"),)
    sla = TicketSla(ticket.id, 0, ticket, "", 0, current.version, "", correlation_id=correlation_id, covered=False, moves=moves)
    story = Story(sla.under(current.choose(ticket), current), lambda _: current, ticket.opened_at)
    kinds = [kind for kind in KINDS if story.sla.waited_since(kind) is not None]
    started = [story.started(kind, target, ticket.opened_at) for kind in kinds if (target := story.target(kind)) is not None]
    policy = f"policy “{story.sla.policy}” for priority {ticket.priority}"
    story.put(started, lambda kinds: Started(kinds, f"The ticket was opened; {policy}."))
    return story.sla, story.happened


def hear(
    sla: TicketSla | None,
    heard: Heard,
    now: datetime,
    current: SlaConfiguration,
    configurations: Configurations,
    correlation_id: str,
) -> tuple[TicketSla | None, list[Happened]]:
    """The clocks after a ticket event that is heard `now`; where there are none yet (`sla` None) they begin.

    Also a ticket that nothing is promised for is kept, as something may be later. `correlation_id` is that of what began it.
    """
    if sla is not None:
        return follow(sla, heard, now, current, configurations)
    begun, happened = begin(heard.ticket, current, correlation_id)
    if begun is None or heard.kind == "opened":
        return begun, happened
    # Its opening was not heard (a late start): what has happened to it since is in its state.
    opened = replace(begun, ticket=replace(heard.ticket, version=0, status="open", waiting_for="agent"))
    after, more = follow(opened, heard, now, current, configurations)
    return after, [*happened, *more]


def follow(
    sla: TicketSla, heard: Heard, now: datetime, current: SlaConfiguration, configurations: Configurations
) -> tuple[TicketSla, list[Happened]]:
    """The clocks after a ticket event that is heard `now`. A state that is older than the newest heard is ignored.

    What was due before the event happened is breached first: who answers too late has not answered in time, whoever looks first.
    """
    if heard.ticket.version <= sla.ticket.version:
        return sla, []
    story = Story(sla, configurations, heard.at)
    ticket = heard.ticket.after(sla.ticket, heard.at if heard.kind == "answered" else None)
    story.breach_expired(heard.at, now, ticket.first_responded_at)
    answered = heard.kind == "answered" or ticket.first_responded_at != sla.ticket.first_responded_at
    story.sla = _taken(story.sla, ticket, heard, answered, story.at)
    reopened = ticket.open and not sla.ticket.open
    if ticket.open:
        policy = current.choose(ticket)
        anew = reopened or ticket.priority != sla.ticket.priority or not _same_name(story.policy, policy)
        if anew:
            story.sla = story.sla.under(policy, current)
        _bring_in_line(story, anew=anew, reopened=reopened)
    if answered:
        story.fulfil("first_response", ticket.first_responded_at or heard.at)
        story.fulfil("next_response", heard.at)
    if ticket.open:
        _wait(story)
    else:
        _end(story, heard.at)
    return story.sla, story.happened


def follow_configuration(
    sla: TicketSla, now: datetime, asked: SlaConfiguration, configurations: Configurations
) -> tuple[TicketSla, list[Happened]]:
    """The clocks of a ticket that is to go by this version of the configuration from `now` on, like by a changed policy.

    Nothing where it does by that or a newer one, is done with, or neither its policy nor that one's calendar was edited.
    """
    story = Story(sla, configurations, now)
    policy = asked.choose(sla.ticket)
    if not sla.ticket.open or sla.configuration_version >= asked.version:
        return sla, []
    if _same_terms(policy, asked, story.policy, configurations(sla.configuration_version)):
        return sla, []
    story.breach_expired(now, now)
    story.sla = story.sla.under(policy, asked)
    _bring_in_line(story, anew=True, reopened=False)
    _wait(story)
    return story.sla, story.happened


def _same_name(one: Policy | None, other: Policy | None) -> bool:
    return (one.name if one else None) == (other.name if other else None)


def _same_terms(one: Policy | None, its: SlaConfiguration, other: Policy | None, others: SlaConfiguration) -> bool:
    if one is None or other is None:
        return one is other
    return one == other and its.calendars[one.calendar].definition == others.calendars[other.calendar].definition


def _taken(sla: TicketSla, ticket: Ticket, heard: Heard, answered: bool, at: datetime) -> TicketSla:
    """The newer state of the ticket, with what of its history the state does not say."""
    following = sla.clock("next_response")
    # Kept by a release that did not say since when the customer waits.
    asked_at = sla.asked_at or (following.started_at if following is not None and following.active else None)
    if answered:
        asked_at = None
    elif heard.kind == "customer_replied":
        asked_at = asked_at or at
    moves = sla.moves or (Since(ticket.opened_at, "working"),)
    if moves[-1].mode != ticket.mode:
        moves = (*moves, Since(at, ticket.mode))
    return replace(sla, ticket=ticket, asked_at=asked_at, moves=moves)


def _bring_in_line(story: Story, *, anew: bool, reopened: bool) -> None:
    """Lets each clock run that something is waited for and promised for, and ends what nothing is promised for any more.

    `anew`: by another policy, priority or version than before, so that clocks that run already get their targets again.
    """
    policy, planned = story.policy, story.sla
    resumed: list[Clock] = []
    ended: list[Clock] = []
    started: list[Clock] = []
    for kind in KINDS:
        clock, since, target = planned.clock(kind), planned.waited_since(kind), story.target(kind)
        if since is None:
            continue
        if clock is None or clock.started_at != since:
            # Whoever waits for a first answer does not wait for another one beside it.
            if target is None or (kind == "next_response" and _is_active(planned, "first_response")):
                continue
            into, planned_clock = started, story.started(kind, target, since)
        elif target is None:
            if not clock.active and not (reopened and clock.cancelled_for not in ("no_target", "no_policy")):
                continue
            into, planned_clock = ended, story.cancelled(clock, "no_target" if policy else "no_policy")
        elif not clock.active:
            into, planned_clock = resumed if reopened else started, story.again(clock, target)
        elif anew and (aimed := story.aimed(clock, target)) != clock:
            into, planned_clock = started, aimed
        else:
            continue
        into.append(planned_clock)
        planned = planned.with_clock(planned_clock)
    _tell(story, resumed, ended, started, anew)


def _tell(story: Story, resumed: list[Clock], ended: list[Clock], started: list[Clock], anew: bool) -> None:
    policy, priority = f"Policy “{story.sla.policy}”", story.sla.ticket.priority
    story.put(resumed, lambda _: Resumed("The ticket was reopened; the time used before counts."))
    if story.policy is None:
        story.put(ended, lambda _: Paused("No policy is for the ticket any more: nothing is promised."))
    else:
        story.put(ended, lambda kinds: Paused(f"{policy} has no target for priority {priority}: {_words(kinds)}."))
    reason = f"{policy} for priority {priority}; the time used before counts." if anew else "The customer replied."
    story.put(started, lambda kinds: Started(kinds, reason))


def _is_active(sla: TicketSla, kind: ClockKind) -> bool:
    clock = sla.clock(kind)
    return clock is not None and clock.active


def _words(kinds: tuple[ClockKind, ...]) -> str:
    return ", ".join(kind.replace("_", " ") for kind in kinds)


def _wait(story: Story) -> None:
    """The resolution clock rests while the customer is asked, also one that is late: waiting is not lateness."""
    resolution, policy = story.sla.clock("resolution"), story.policy
    if resolution is None or not resolution.active or policy is None:
        return
    waiting = story.sla.ticket.mode == "waiting"
    if waiting and policy.pause_while_waiting:
        if resolution.ticks:
            story.set(clocks.pause(resolution, story.calendar_of(resolution), story.at))
            story.add(Paused("Waiting for the customer."))
    elif not resolution.ticks:
        story.set(clocks.run(resolution, story.timekeeping, story.at))
        story.add(Resumed(f"Policy “{policy.name}” goes on while the customer is asked." if waiting else "The customer answered."))


def _end(story: Story, at: datetime) -> None:
    """The ticket is done with: what nobody has answered or solved by now, nobody waits for any more."""
    resolved = story.sla.ticket.status == "resolved"
    if resolved:
        story.put(
            [story.cancelled(c, "unanswered") for c in story.sla.clocks if c.active and c.kind in RESPONSES],
            lambda _: Paused("The ticket was resolved without an answer. Nothing more is waited for."),
        )
        story.fulfil("resolution", at)
        return
    story.put(
        [story.cancelled(c, "unanswered" if c.kind in RESPONSES else "unsolved") for c in story.sla.clocks if c.active],
        lambda _: Paused("The ticket was closed. Nothing more is waited for."),
    )


def fire(
    sla: TicketSla, kind: ClockKind, what: Literal["warn", "breach"], now: datetime, configurations: Configurations
) -> list[Happened]:
    """A timer is due. Nothing, where the clock does not run any more or was set anew meanwhile."""
    story = Story(sla, configurations, now)
    clock = sla.clock(kind)
    if clock is None or clock.status != "running" or clock.due_at is None:
        return []
    if what == "warn" and clock.warned_at is None and clock.warn_at is not None and clock.warn_at <= now:
        story.set(replace(clock, warned_at=now))
        story.add(Warned(kind, clock.due_at, (now - clock.warn_at).total_seconds()))
    elif what == "breach" and clock.due_at <= now:
        story.breach(clock, now)
    return story.happened
