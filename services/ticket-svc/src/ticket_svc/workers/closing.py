"""Closes what was resolved long ago and nobody answered, and archives what was closed long ago."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from deskstream_chassis.run.clock import Clock
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.waiting import pause
from deskstream_chassis.store.database import Connection, Transactions
from deskstream_chassis.store.patience import may_pass, patiently_until
from deskstream_chassis.store.unit import OpenUnit
from deskstream_chassis.watch.tracing import Tracing
from deskstream_contracts.events.settings import Closing
from ticket_svc.handlers.archive_closed import ArchiveClosed
from ticket_svc.handlers.close_unanswered import CloseUnanswered
from ticket_svc.persistence import queries
from ticket_svc.persistence.unit import TicketUnit
from ticket_svc.workers.carrying_out import CarriesOut

_EVERY_SECONDS: Final = 30.0
_AT_ONCE: Final = 100


class ClosingWorker(CarriesOut):
    """Any number may run: what one has closed, another finds closed. The database's clock decides."""

    name = "closing"

    def __init__(
        self,
        engine: Transactions,
        open_unit: OpenUnit[TicketUnit],
        closing: Callable[[], Closing],
        clock: Clock,
        after_commit: Callable[[], None],
        tracing: Tracing,
    ) -> None:
        super().__init__(engine, open_unit, clock, after_commit, tracing)
        self._closing = closing

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            closed = await patiently_until(stop, "close what nobody answered", self.close_some, may_pass)
            archived = await patiently_until(stop, "archive what is closed", self.archive_some, may_pass)
            # What was found and left alone (an answer is held) is not looked at again at once.
            await pause(stop, 0.0 if _AT_ONCE in (closed, archived) else _EVERY_SECONDS)

    async def close_some(self) -> int:
        """Closes the next so many, each once, in one transaction. Returns how many."""
        return await self._some(self._closing().close_resolved_after_days, queries.resolved_before, CloseUnanswered)

    async def archive_some(self) -> int:
        """The same, for what is to be archived."""
        return await self._some(self._closing().archive_closed_after_days, queries.closed_before, ArchiveClosed)

    async def _some(
        self,
        days: int | None,
        find: Callable[[Connection, datetime, int], Awaitable[list[UUID]]],
        use: type[CloseUnanswered] | type[ArchiveClosed],
    ) -> int:
        if days is None:
            return 0
        now = self.clock.now()
        async with self.engine.begin() as connection:
            ids = await find(connection, now - timedelta(days=days), _AT_ONCE)
            if not ids:
                return 0
            changed = await self.carry_out(connection, now, use(ids, days), "close and archive")
        await failpoint("ticket.closed_by_itself")
        self.after_commit()
        return changed
