"""The unit of work of sla-svc: the clocks of tickets, their timers and outcomes, and the configuration they run by."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from deskstream_chassis.store.aggregates import AggregateStore
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.unit import AppendedRows, UnitOfWork
from deskstream_chassis.watch.metrics import child
from deskstream_contracts.wire import Actor
from sla_svc import metrics
from sla_svc.domain.clocks import Clock, Kept
from sla_svc.domain.configuring import Compiler
from sla_svc.domain.policy import SlaConfiguration
from sla_svc.domain.story import Happened
from sla_svc.domain.ticket_sla import TicketSla
from sla_svc.messaging.published import told
from sla_svc.persistence import tables
from sla_svc.persistence.configuration_cache import CALENDARS, POLICIES, SLA, ConfigurationCache
from sla_svc.persistence.configurations import Configurations
from sla_svc.persistence.timers import Timers

_SET_OUTCOMES: Final = "ON CONFLICT (ticket_id, clock, started_at) DO UPDATE SET in_time = excluded.in_time, at = excluded.at"


class SlaUnit(UnitOfWork):
    """`expect` is called with the earliest timer that the transaction sets."""

    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        now: datetime,
        *,
        cache: ConfigurationCache,
        expect: Callable[[datetime], None],
    ) -> None:
        super().__init__(connection, outbox, now)
        self.compiler: Compiler = cache
        self.slas = self.include(AggregateStore(connection, tables.slas, SLA))
        self.configurations = self.include(Configurations(connection, cache, self.slas))
        self.timers = self.include(Timers(connection, expect))
        self._outcomes = self.include(AppendedRows(connection, tables.outcomes, _SET_OUTCOMES))
        self._new_outcomes: dict[tuple[UUID, str, datetime], dict[str, Any]] = {}

    def keep(self, sla: TicketSla, happened: Sequence[Happened]) -> None:
        """Takes the clocks as they are now. What of it can be seen is told, with what happened to them on the way."""
        before = self.slas.get(sla.id)
        if sla == before:
            return
        kept, events = told(before, happened, sla, self.now)
        self.timers.changed(before, kept)
        self.slas.put(kept)
        self.record(*events)
        for clock in kept.clocks:
            was = before.clock(clock.kind) if before else None
            known = was.kept if was is not None and was.started_at == clock.started_at else None
            if clock.kept is not None and clock.kept != known:
                self._keep_outcome(kept, clock, clock.kept)

    def _keep_outcome(self, sla: TicketSla, clock: Clock, result: Kept) -> None:
        """A clock that was breached has had its outcome: to be fulfilled late is no other."""
        ticket = sla.ticket
        self._new_outcomes[sla.id, clock.kind, clock.started_at] = {
            "ticket_id": sla.id,
            "clock": clock.kind,
            "started_at": clock.started_at,
            "in_time": None if result == "unanswered" else result == "in_time",
            "at": self.now,
            "policy": sla.policy,
            "priority": ticket.priority,
            "team": ticket.team_name,
            "organization": ticket.organization_name,
            "customer_id": ticket.customer_id,
        }
        child(metrics.OUTCOMES, clock.kind, ticket.priority, result).inc()

    def put_in_force(self, configuration: SlaConfiguration, note: str, by: Actor) -> None:
        """Keeps a new version of the configuration, by which clocks run that start from now on."""
        self.configurations.put_in_force(
            version=configuration.version,
            policies=POLICIES.dump_json(configuration.policies).decode(),
            calendars=CALENDARS.dump_json(configuration.definitions).decode(),
            note=note,
            by_id=by.id,
            by_name=by.name or "",
            at=self.now,
        )

    async def flush(self) -> None:
        # One row an outcome: a statement may not touch the same row twice.
        for row in self._new_outcomes.values():
            self._outcomes.add(**row)
        self._new_outcomes.clear()
        await super().flush()
