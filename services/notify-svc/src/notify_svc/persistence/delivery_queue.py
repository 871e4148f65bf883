"""The queue of deliveries in the database: claimed in batches, and each recorded with its event in one transaction."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Row, text

from deskstream_chassis.run.chassis_tables import ChassisTables
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.watch.backlog import Waiting
from deskstream_contracts.events.notifications import NotificationFailedV1, NotificationSentV1, NotificationState
from notify_svc import metrics

_COLUMNS = """id, ticket_id, ticket_number, kind, recipient, language, rfc_message_id, envelope_from, content, attempts,
    correlation_id, traceparent, extract(epoch FROM expires_at - now())::float8 AS expires, began_at"""
_LEASE_SECONDS = 600.0  # longer than any attempt may take
_CLAIM = text(f"""
    UPDATE deliveries SET status = 'sending', attempts = attempts + 1, claimed_by = :me,
        claimed_until = now() + make_interval(secs => {_LEASE_SECONDS})
    WHERE id IN (SELECT id FROM deliveries WHERE status = 'queued' AND next_attempt_at <= now()
                 ORDER BY next_attempt_at LIMIT :n FOR UPDATE SKIP LOCKED)
    RETURNING {_COLUMNS}""")
_OF_A_FORMER_LIFE = text(f"SELECT {_COLUMNS} FROM deliveries WHERE status = 'sending' AND claimed_by = :me FOR UPDATE")
_NEVER_HEARD_OF = text("""
    UPDATE deliveries SET status = 'queued', next_attempt_at = now(), claimed_by = NULL, attempts = attempts - 1
    WHERE status = 'sending' AND claimed_by = :me AND id <> ALL(CAST(:held AS uuid[]))""")
_UNSURE = """UPDATE deliveries SET status = 'queued', next_attempt_at = now(), claimed_by = NULL,
    detail = 'the process ended during an attempt; whether the server took it is not known' """
_REQUEUE = text(_UNSURE + "WHERE id = ANY(CAST(:ids AS uuid[]))")
_REQUEUE_EXPIRED = text(_UNSURE + "WHERE status = 'sending' AND claimed_until < now()")
# Two parts, as each has an index of its own.
WAITING = Waiting(
    text("""SELECT count(*), coalesce(extract(epoch FROM now() - min(queued_at)), 0) FROM (
        SELECT queued_at FROM deliveries WHERE status = 'queued'
        UNION ALL SELECT queued_at FROM deliveries WHERE status = 'sending') AS waiting"""),
    (metrics.QUEUED, metrics.OLDEST_QUEUED),
)
_RECORD = text("""
    UPDATE deliveries AS t SET status = d.status, detail = d.detail, claimed_by = NULL,
        next_attempt_at = now() + make_interval(secs => d.delay),
        finished_at = CASE WHEN d.status IN ('sent', 'failed') THEN now() END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:details AS text[]), CAST(:delays AS float8[]))
        AS d(id, status, detail, delay)
    WHERE t.id = d.id AND t.status = 'sending'""")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be sent. `expires` and `claimed_until` are seconds of this process's monotonic clock, so that the database's clock
    decides, however wrong this host's is."""

    id: UUID
    ticket_id: UUID
    ticket_number: int
    kind: Literal["confirmation", "agent_reply", "resolution", "escalation"]
    recipient: str
    language: str
    rfc_message_id: str
    envelope_from: str
    content: bytes
    attempts: int
    correlation_id: str
    traceparent: str
    expires: float
    claimed_until: float
    began_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt. `retry` waits `delay_seconds`."""

    delivery: Delivery
    status: Literal["sent", "failed", "retry"]
    detail: str
    delay_seconds: float = 0.0
    failed_because: Literal["refused", "expired"] = "refused"


class DeliveryQueue:
    def __init__(self, engine: Transactions, chassis_tables: ChassisTables, instance: str) -> None:
        self._engine = engine
        self._chassis_tables = chassis_tables
        self._me = instance

    async def claim(self, limit: int) -> list[Delivery]:
        """Takes what is due, for this process; nobody else will send it as long as the lease lasts."""
        asked = time.monotonic()
        async with self._engine.begin() as connection:
            rows = (await connection.execute(_CLAIM, {"me": self._me, "n": limit})).all()
        return [_delivery(row, asked) for row in rows]

    async def give_back(self, held: set[UUID]) -> int:
        """Gives back what this process has claimed and never heard of, as the answer to its claim was lost. Returns how many."""
        async with self._engine.begin() as connection:
            return int((await connection.execute(_NEVER_HEARD_OF, {"me": self._me, "held": list(held)})).rowcount)

    async def recover(self, taken: set[UUID]) -> tuple[list[Delivery], int]:
        """After a crash: those in `taken` are gone and only to be recorded; the others are queued again. Returns both."""
        asked = time.monotonic()
        async with self._engine.begin() as connection:
            rows = (await connection.execute(_OF_A_FORMER_LIFE, {"me": self._me})).all()
            unsure = [row.id for row in rows if row.id not in taken]
            if unsure:
                await connection.execute(_REQUEUE, {"ids": unsure})
        return [_delivery(row, asked) for row in rows if row.id in taken], len(unsure)

    async def requeue_expired(self) -> int:
        """Takes over what another process claimed and never finished. Returns how many."""
        async with self._engine.begin() as connection:
            return int((await connection.execute(_REQUEUE_EXPIRED)).rowcount)

    async def record(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Writes what became of deliveries, with the event of each that has ended."""
        async with self._engine.begin() as connection:
            values = {
                "ids": [o.delivery.id for o in outcomes],
                "statuses": ["queued" if o.status == "retry" else o.status for o in outcomes],
                "details": [o.detail[:1000] for o in outcomes],
                "delays": [o.delay_seconds for o in outcomes],
            }
            await connection.execute(_RECORD, values)
            outbox = self._chassis_tables.outbox_for(connection)
            for outcome in outcomes:
                d = outcome.delivery
                state = NotificationState(
                    id=d.id,
                    ticket_id=d.ticket_id,
                    ticket_number=d.ticket_number,
                    kind=d.kind,
                    recipient=d.recipient,
                    language=d.language,
                    rfc_message_id=d.rfc_message_id,
                    attempts=d.attempts,
                )
                cause = Cause(d.correlation_id, d.traceparent)
                if outcome.status == "sent":
                    outbox.record(NotificationSentV1(notification=state, at=now, response=outcome.detail), cause, now)
                elif outcome.status == "failed":
                    reason, detail = outcome.failed_because, outcome.detail
                    outbox.record(NotificationFailedV1(notification=state, at=now, reason=reason, detail=detail), cause, now)
            await outbox.flush()


def _delivery(row: "Row[tuple[object, ...]]", asked: float) -> Delivery:
    values = dict(row._mapping)
    return Delivery(**values | {"expires": asked + values["expires"], "claimed_until": asked + _LEASE_SECONDS})
