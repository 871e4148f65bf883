"""Sends what is held when it is due: claimed with its ticket, and recorded in the same transaction, exactly once."""

import asyncio
from collections.abc import Callable
from typing import Final

from sqlalchemy import text

from deskstream_chassis.run.clock import new_id
from deskstream_chassis.run.failpoints import failpoint
from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.store.patience import may_pass, patiently_until
from deskstream_chassis.store.unit import OpenUnit
from deskstream_chassis.watch.backlog import Waiting
from deskstream_chassis.watch.logs import logger
from ticket_svc import metrics
from ticket_svc.handlers.send_due import SendDue
from ticket_svc.persistence import held
from ticket_svc.persistence.unit import TicketUnit

_TICKETS: Final = 100
_LONGEST_SLEEP_SECONDS: Final = 5.0
_SHORTEST_SLEEP_SECONDS: Final = 0.02
_log = logger(__name__)
WAITING: Final = Waiting(
    text("""SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0)
        FROM held_messages WHERE due_at <= clock_timestamp()"""),
    (metrics.HELD_DUE, metrics.HELD_OVERDUE),
)


class HeldSender(Worker):
    """Any number may run: each takes the tickets that no other holds. The database's clock decides what is due.

    It looks often enough to see whatever is held for `hold_seconds` before it is due, whoever holds it.
    """

    name = "held"

    def __init__(
        self, engine: Transactions, open_unit: OpenUnit[TicketUnit], after_commit: Callable[[], None], hold_seconds: float
    ) -> None:
        super().__init__()
        self._engine = engine
        self._open_unit = open_unit
        self._after_commit = after_commit
        self._longest_sleep = min(_LONGEST_SLEEP_SECONDS, hold_seconds / 2) or _LONGEST_SLEEP_SECONDS

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            rest = await patiently_until(stop, "send what is held", self._turn, may_pass, self.progress)
            await pause(stop, rest or 0.0)

    async def _turn(self) -> float:
        """Sends what is due of some tickets. Returns how many seconds there are to rest after it."""
        if await self.send_due():
            return 0.0
        async with self._engine.connect() as connection:
            left = await held.until_next(connection)
        if left is None:
            return self._longest_sleep
        # What is due now and was not sent is held by somebody: not at once again.
        return min(max(left.total_seconds(), _SHORTEST_SLEEP_SECONDS), self._longest_sleep)

    async def send_due(self) -> bool:
        """Sends what is due of some tickets, each once, in one transaction. False where nothing is, or others have it."""
        try:
            return await self._transaction(_TICKETS)
        except Exception as error:
            if may_pass(error):
                raise
            _log.warning("what is held was refused; one ticket alone", error=repr(error)[:500])
        return await self._transaction(1)

    async def _transaction(self, tickets: int) -> bool:
        async with self._engine.begin() as connection:
            due, now = await held.lock_due(connection, tickets)
            if not due or now is None:
                return False
            unit, use_case = self._open_unit(connection, now), SendDue(due)
            unit.cause = Cause(str(new_id()), "")
            use_case.needs(unit)
            await unit.load()
            try:
                late = use_case.handle(unit)
            except Exception as error:
                if len(due) > 1 or may_pass(error):
                    raise
                # Alone, so that it is the culprit. What it has put into its unit was not written.
                _log.error("what is held cannot be sent", ticket=str(due[0]), error=repr(error)[:500])
                await held.refuse_due(connection, due[0], f"{type(error).__name__}: {error}"[:500])
                return True
            await unit.flush()
            await failpoint("held.before_commit")
        await failpoint("held.committed")
        self._after_commit()
        for seconds in late:
            metrics.HELD_LATE.observe(seconds)
        return True
