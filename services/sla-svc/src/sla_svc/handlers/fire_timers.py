"""Timers are due: each warns or breaches its clock, if that still runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from deskstream_chassis.store.outbox import Cause
from sla_svc.domain.happenings import Breached, Warned
from sla_svc.domain.sla import fire
from sla_svc.domain.timers import DueTimer
from sla_svc.persistence.unit import SlaUnit


@dataclass(frozen=True, slots=True)
class FireTimers:
    """In the order given. The events belong to the correlation of the ticket's opening."""

    due: Sequence[DueTimer]

    def needs(self, unit: SlaUnit) -> None:
        unit.slas.need(*(timer.ticket_id for timer in self.due))

    def handle(self, unit: SlaUnit) -> list[float]:
        """Returns how late each warning and breach is, in seconds."""
        late: list[float] = []
        traceparent = unit.cause.traceparent
        for timer in self.due:
            sla = unit.slas.get(timer.ticket_id)
            if sla is None:
                continue
            happened = fire(sla, timer.clock, timer.kind, unit.now, unit.configurations.of)
            unit.cause = Cause(sla.correlation_id, traceparent)
            if happened:
                unit.keep(happened[-1].sla, happened)
                late += [h.late_seconds for h, _ in happened if isinstance(h, Warned | Breached)]
            else:
                unit.timers.forget(timer)
        return late
