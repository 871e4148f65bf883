"""The unit of work of sla-svc: the clocks of tickets, their timers and outcomes, and the configuration they run by."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.aggregates import AggregateStore
from deskstream_chassis.store.database import Connection, insert_rows
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.unit import AppendedRows, UnitOfWork
from deskstream_chassis.watch.metrics import child
from deskstream_contracts.wire import Event
from sla_svc import metrics
from sla_svc.domain.policy import SlaConfiguration
from sla_svc.domain.sla import Breached, Fulfilled, SlaHappening, TicketSla, Told, timers_of
from sla_svc.persistence import tables
from sla_svc.persistence.configuration_cache import SLA, ConfigurationCache

_VERSION = text("SELECT max(version) FROM configurations")
_LOCK = text("LOCK TABLE configurations IN SHARE ROW EXCLUSIVE MODE")
_DROP_TIMERS = text("""DELETE FROM timers t USING unnest(CAST(:ids AS uuid[]), CAST(:clocks AS text[]), CAST(:kinds AS text[]))
    AS d(id, clock, kind) WHERE t.ticket_id = d.id AND t.clock = d.clock AND t.kind = d.kind""")
_SET_TIMERS = "ON CONFLICT (ticket_id, clock, kind) DO UPDATE SET due_at = excluded.due_at"
_SET_OUTCOMES = "ON CONFLICT (ticket_id, clock, started_at) DO UPDATE SET in_time = excluded.in_time, at = excluded.at"


class Configurations:
    """The newest configuration, and those that the loaded clocks run by. Stands behind the clocks in a unit."""

    def __init__(self, connection: Connection, known: ConfigurationCache, slas: AggregateStore[TicketSla]) -> None:
        self._connection = connection
        self._known = known
        self._slas = slas
        self._for_configuring = False
        self._new: dict[str, Any] | None = None
        self.version = 0

    def need(self) -> None:
        """The newest configuration is to be replaced: nobody else may do so meanwhile."""
        self._for_configuring = True

    async def load(self) -> None:
        if self._for_configuring:
            await self._connection.execute(_LOCK)
        self.version = (await self._connection.execute(_VERSION)).scalar_one()
        versions = {self.version}
        for sla in self._slas.all():
            versions.add(sla.configuration_version)
            versions.update(c.spans[-1].configuration_version for c in sla.clocks if c.spans)
        await self._known.read(self._connection, versions)

    @property
    def current(self) -> SlaConfiguration:
        return self._known.get(self.version)

    def of(self, version: int) -> SlaConfiguration:
        return self._known.get(version)

    def compiled(self, *arguments: Any) -> SlaConfiguration:
        return self._known.compiled(*arguments)

    def configure(self, **row: Any) -> None:
        self._new = row

    async def flush(self) -> None:
        if self._new is not None:
            row, self._new = self._new, None
            await insert_rows(self._connection, tables.configurations, [row])


class Timers:
    """The timers that follow from the clocks that changed. Written behind the clocks, whose locks guard them."""

    def __init__(self, connection: Connection, expect: Callable[[datetime], None]) -> None:
        self._connection = connection
        self._expect = expect
        self._before: dict[UUID, dict[Any, datetime]] = {}
        self._after: dict[UUID, dict[Any, datetime]] = {}
        self._gone: list[tuple[UUID, str, str]] = []

    def changed(self, before: TicketSla | None, after: TicketSla) -> None:
        self._before.setdefault(after.id, timers_of(before) if before else {})
        self._after[after.id] = timers_of(after)

    def forget(self, ticket_id: UUID, clock: str, kind: str) -> None:
        """A timer that found nothing to do goes, or it would be due for ever."""
        self._gone.append((ticket_id, clock, kind))

    async def load(self) -> None:
        return

    async def flush(self) -> None:
        gone, self._gone = self._gone, []
        rows: list[dict[str, Any]] = []
        for id_, after in sorted(self._after.items()):
            before = self._before[id_]
            gone += [(id_, *key) for key in before if key not in after]
            rows += [
                {"ticket_id": id_, "clock": key[0], "kind": key[1], "due_at": due}
                for key, due in after.items()
                if before.get(key) != due
            ]
        self._before.clear()
        self._after.clear()
        if gone:
            ids, names, kinds = zip(*gone, strict=True)
            await self._connection.execute(_DROP_TIMERS, {"ids": list(ids), "clocks": list(names), "kinds": list(kinds)})
        await insert_rows(self._connection, tables.timers, rows, _SET_TIMERS)
        if rows:
            self._expect(min(row["due_at"] for row in rows))


Publish = Callable[[SlaHappening, TicketSla, datetime], Event]


class SlaUnit(UnitOfWork):
    def __init__(
        self,
        connection: Connection,
        outbox: Outbox,
        now: datetime,
        *,
        known: ConfigurationCache,
        publish: Publish,
        expect: Callable[[datetime], None],
    ) -> None:
        super().__init__(connection, outbox, now)
        self._publish = publish
        self.slas = self.include(AggregateStore(connection, tables.slas, SLA))
        self.configurations = self.include(Configurations(connection, known, self.slas))
        self.timers = self.include(Timers(connection, expect))
        self._outcomes: dict[tuple[UUID, str, datetime], dict[str, Any]] = {}
        self.outcomes = self.include(AppendedRows(connection, tables.outcomes, _SET_OUTCOMES))

    def keep(self, sla: TicketSla, told: list[Told]) -> None:
        """Takes the clocks as they are now, and tells what happened to them on the way."""
        before = self.slas.get(sla.id)
        if sla == before:
            return
        self.timers.changed(before, sla)
        self.slas.put(sla)
        for happening, after in told:
            self.record(self._publish(happening, after, self.now))
            if isinstance(happening, Breached | Fulfilled):
                self._outcome(happening, after)
                # A clock that was breached has had its outcome; to be fulfilled late is no other.
                if isinstance(happening, Breached) or happening.in_time:
                    result = "breached" if isinstance(happening, Breached) else "in_time"
                    child(metrics.OUTCOMES, happening.clock, after.ticket.priority, result).inc()

    def _outcome(self, happening: Breached | Fulfilled, sla: TicketSla) -> None:
        clock = sla.clock(happening.clock)
        assert clock is not None
        ticket = sla.ticket
        self._outcomes[sla.id, clock.kind, clock.started_at] = {
            "ticket_id": sla.id,
            "clock": clock.kind,
            "started_at": clock.started_at,
            "in_time": isinstance(happening, Fulfilled) and happening.in_time,
            "at": self.now,
            "policy": sla.policy,
            "priority": ticket.priority,
            "team": ticket.team_name,
            "organization": ticket.organization_name,
            "customer_id": ticket.customer_id,
        }

    async def flush(self) -> None:
        # One row an outcome: a statement may not touch the same row twice.
        for row in self._outcomes.values():
            self.outcomes.add(**row)
        self._outcomes.clear()
        await super().flush()
