"""Timers are due: each warns or breaches its clock, if that still runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from deskstream_chassis.store.outbox import Cause
from sla_svc.domain.policy import ClockKind
from sla_svc.domain.sla import Breached, Warned, fire
from sla_svc.persistence.unit import SlaUnit


@dataclass(frozen=True, slots=True)
class Due:
    ticket_id: UUID
    clock: ClockKind
    kind: Literal["warn", "breach"]


def fire_timers(unit: SlaUnit, due: Sequence[Due]) -> list[float]:
    """In the order given. The events belong to the correlation of the ticket's opening. Returns how late each was, in seconds."""
    late: list[float] = []
    traceparent = unit.cause.traceparent
    for one in due:
        sla = unit.slas.get(one.ticket_id)
        if sla is None:
            continue
        told = fire(sla, one.clock, one.kind, unit.now, unit.configurations.of)
        unit.cause = Cause(sla.correlation_id, traceparent)
        if told:
            unit.keep(told[-1][1], told)
            late += [h.late_seconds for h, _ in told if isinstance(h, Warned | Breached)]
        else:
            unit.timers.forget(one.ticket_id, one.clock, one.kind)
    return late
