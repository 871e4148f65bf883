"""What happened to clocks, as the contract has it: the translation on the way out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

from deskstream_contracts.events import slas as wire
from sla_svc.domain import happenings as domain
from sla_svc.domain.clocks import Clock
from sla_svc.domain.happenings import SlaHappening
from sla_svc.domain.story import Happened
from sla_svc.domain.ticket_sla import TicketSla


def state(sla: TicketSla, at: datetime) -> wire.SlaState:
    """The public state of a ticket's clocks, as of `at`."""
    ticket = sla.ticket
    return wire.SlaState(
        ticket_id=sla.id,
        ticket_number=ticket.number,
        version=sla.version,
        policy=sla.policy,
        policy_version=sla.policy_version,
        calendar=sla.calendar,
        priority=ticket.priority,
        team_id=ticket.team_id,
        agent_id=ticket.agent_id,
        clocks=[clock_state(c) for c in sla.clocks],
        updated_at=at,
    )


def clock_state(clock: Clock) -> wire.ClockState:
    """One clock; durations in whole business seconds."""
    ended = clock.status in ("fulfilled", "breached", "cancelled")
    elapsed = max(clock.elapsed, clock.target) if clock.status == "breached" else clock.elapsed
    return wire.ClockState(
        kind=clock.kind,
        status=clock.status,
        target_seconds=int(clock.target.total_seconds()),
        started_at=clock.started_at,
        due_at=clock.due_at,
        warn_at=clock.warn_at,
        remaining_seconds=max(0, int((clock.target - clock.elapsed).total_seconds())) if clock.status == "paused" else None,
        warned_at=clock.warned_at,
        breached_at=clock.breached_at,
        fulfilled_at=clock.fulfilled_at,
        elapsed_seconds=int(elapsed.total_seconds()) if ended else None,
        outcome=clock.outcome,
        paused=clock.active and not clock.ticks,
    )


def told(
    before: TicketSla | None, happened: Sequence[Happened], after: TicketSla, at: datetime
) -> tuple[TicketSla, list[wire.SlaEvent]]:
    """The clocks with their version, and an event for each version since `before`.

    Whoever subscribes has seen the newest of these states. So whether something has changed is asked of the states, and not of who
    changed it: each that differs from the one before has a version and an event, and what cannot be seen has neither.
    """
    version = before.version if before else 0
    seen = state(before, at) if before and version else None
    events: list[wire.SlaEvent] = []
    # Nothing can be seen of a ticket for which nothing has been promised yet.
    shown = version > 0 or bool(happened)
    left = shown and not (happened and happened[-1].sla is after)
    for happening, sla in [*happened, Happened(domain.Updated(), after)] if left else happened:
        reached = state(replace(sla, version=version + 1), at)
        changed = sorted(field for field, value in reached if seen is None or getattr(seen, field) != value)
        if set(changed) <= {"version", "updated_at"}:
            continue
        events.append(published(happening, reached, [field for field in changed if field not in ("version", "updated_at")]))
        seen, version = reached, version + 1
    return replace(after, version=version), events


def published(happening: SlaHappening, reached: wire.SlaState, changed: list[str]) -> wire.SlaEvent:
    """What happened, with the state of all the ticket's clocks after it; `changed` names its fields that differ."""
    common: dict[str, Any] = {"sla": reached, "at": reached.updated_at}
    match happening:
        case domain.Started():
            return wire.SlaClockStartedV1(**common, clocks=list(happening.clocks), reason=happening.reason)
        case domain.Paused():
            return wire.SlaPausedV1(**common, reason=happening.reason)
        case domain.Resumed():
            return wire.SlaResumedV1(**common, reason=happening.reason)
        case domain.Fulfilled():
            return wire.SlaFulfilledV1(**common, clock=happening.clock, in_time=happening.in_time)
        case domain.Warned():
            due, late = happening.due_at, happening.late_seconds
            return wire.SlaWarnedV1(**common, clock=happening.clock, due_at=due, late_seconds=late)
        case domain.Breached():
            due, late = happening.due_at, happening.late_seconds
            return wire.SlaBreachedV1(**common, clock=happening.clock, due_at=due, late_seconds=late)
        case domain.Updated():
            return wire.SlaUpdatedV1(**common, changed=changed)
        case _:
            assert_never(happening)
