"""The queue of deliveries in the database: claimed in batches, and each recorded with its event in one transaction."""

import json
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Transactions
from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.store.rows import Query, fetch
from deskstream_chassis.store.unit import OpenUnit
from deskstream_chassis.watch.backlog import Waiting
from deskstream_contracts.events.notifications import NotificationKind
from notify_svc import metrics
from notify_svc.domain.deliveries import Delivery, Outcome
from notify_svc.messaging.published import ended
from notify_svc.persistence.unit import FILES, NotifyUnit

_COLUMNS: Final = """id, ticket_id, ticket_number, kind, recipient, language, rfc_message_id, envelope_from, content, attempts,
    correlation_id, traceparent, extract(epoch FROM expires_at - now())::float8 AS expires, began_at,
    CAST(files AS text) AS files"""
_ANSWERS_KEPT: Final = 20
_NEVER_HEARD_OF = text("""
    UPDATE deliveries SET status = 'queued', next_attempt_at = now(), claimed_by = NULL, attempts = attempts - 1
    WHERE status = 'sending' AND claimed_by = :me AND id <> ALL(CAST(:held AS uuid[]))""")
_UNSURE = """UPDATE deliveries SET status = 'queued', next_attempt_at = now(), claimed_by = NULL,
    detail = 'the process ended during an attempt; whether the server took it is not known' """
_REQUEUE = text(_UNSURE + "WHERE id = ANY(CAST(:ids AS uuid[]))")
_REQUEUE_EXPIRED = text(_UNSURE + "WHERE status = 'sending' AND claimed_until < now()")
# Two parts, as each has an index of its own.
WAITING = Waiting(
    text("""SELECT count(*), coalesce(extract(epoch FROM now() - min(queued_at)), 0), count(*) FILTER (WHERE tried) FROM (
        SELECT queued_at, attempts > 0 AS tried FROM deliveries WHERE status = 'queued'
        UNION ALL SELECT queued_at, false FROM deliveries WHERE status = 'sending') AS waiting"""),
    (metrics.QUEUED, metrics.OLDEST_QUEUED, metrics.REFUSED_FOR_NOW),
)
# What was withheld by a decision of ours was never tried.
FAILED = Waiting(
    text("SELECT count(*) FROM deliveries WHERE status = 'failed' AND finished_at > now() - interval '1 hour' AND attempts > 0"),
    (metrics.FAILED_LATELY,),
)
_RECORD = text(f"""
    UPDATE deliveries AS t SET status = d.status, claimed_by = NULL, attempts = t.attempts - d.uncounted,
        detail = coalesce(d.detail, t.detail),
        answers = CASE WHEN d.answer IS NULL THEN t.answers
            WHEN jsonb_array_length(t.answers) >= {_ANSWERS_KEPT} THEN (t.answers - 0) || d.answer::jsonb
            ELSE t.answers || d.answer::jsonb END,
        next_attempt_at = now() + make_interval(secs => d.delay),
        finished_at = CASE WHEN d.status IN ('sent', 'failed') THEN now() END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:details AS text[]), CAST(:delays AS float8[]),
            CAST(:uncounted AS integer[]), CAST(:answers AS text[])) AS d(id, status, detail, delay, uncounted, answer)
    WHERE t.id = d.id AND t.status = 'sending'""")
_EXPLAIN = text("""
    UPDATE deliveries SET detail = :words WHERE status = 'queued' AND next_attempt_at <= now() AND detail <> :words""")


class _Row(NamedTuple):
    """`expires`: seconds from now."""

    id: UUID
    ticket_id: UUID
    ticket_number: int
    kind: NotificationKind
    recipient: str
    language: str
    rfc_message_id: str
    envelope_from: str
    content: bytes
    attempts: int
    correlation_id: str
    traceparent: str
    expires: float
    began_at: datetime | None
    files: str


def _claiming(which: str) -> Query[_Row]:
    return Query(
        text(f"""
            UPDATE deliveries SET status = 'sending', attempts = attempts + 1, claimed_by = :me,
                claimed_until = now() + make_interval(secs => :lease)
            WHERE id IN (SELECT id FROM deliveries WHERE status = 'queued' AND {which} <= now()
                         ORDER BY {which} LIMIT :n FOR UPDATE SKIP LOCKED)
            RETURNING {_COLUMNS}"""),
        _Row,
    )


_CLAIM: Final = _claiming("next_attempt_at")
_CLAIM_EXPIRED: Final = _claiming("expires_at")
_OF_A_FORMER_LIFE: Final = Query(
    text(f"SELECT {_COLUMNS} FROM deliveries WHERE status = 'sending' AND claimed_by = :me FOR UPDATE"), _Row
)


class DeliveryQueue:
    """The queue as one process sees it: what `instance` has claimed is sent by nobody else for `lease_seconds`."""

    def __init__(self, engine: Transactions, open_unit: OpenUnit[NotifyUnit], instance: str, lease_seconds: float) -> None:
        self._engine = engine
        self._open_unit = open_unit
        self._me = instance
        self._lease_seconds = lease_seconds

    async def claim(self, limit: int) -> list[Delivery]:
        """Takes what is due, for this process; nobody else will send it as long as the lease lasts."""
        return await self._claimed(_CLAIM, limit)

    async def claim_expired(self, limit: int) -> list[Delivery]:
        """Takes what is to be given up, due or not."""
        return await self._claimed(_CLAIM_EXPIRED, limit)

    async def _claimed(self, query: Query[_Row], limit: int) -> list[Delivery]:
        asked = time.monotonic()
        async with self._engine.begin() as connection:
            rows = await fetch(connection, query, {"me": self._me, "n": limit, "lease": self._lease_seconds})
        return [self._delivery(row, asked) for row in rows]

    async def explain(self, words: str) -> None:
        """Says with all that is due why it waits."""
        async with self._engine.begin() as connection:
            await connection.execute(_EXPLAIN, {"words": words})

    async def give_back(self, held: set[UUID]) -> int:
        """Gives back what this process has claimed and never heard of, as the answer to its claim was lost. Returns how many."""
        async with self._engine.begin() as connection:
            return int((await connection.execute(_NEVER_HEARD_OF, {"me": self._me, "held": list(held)})).rowcount)

    async def recover(self, taken: set[UUID]) -> tuple[list[Delivery], int]:
        """After a crash: those in `taken` are gone and only to be recorded; the others are queued again. Returns both."""
        asked = time.monotonic()
        async with self._engine.begin() as connection:
            rows = await fetch(connection, _OF_A_FORMER_LIFE, {"me": self._me})
            unsure = [row.id for row in rows if row.id not in taken]
            if unsure:
                await connection.execute(_REQUEUE, {"ids": unsure})
        return [self._delivery(row, asked) for row in rows if row.id in taken], len(unsure)

    async def requeue_expired(self) -> int:
        """Takes over what another process claimed and never finished. Returns how many."""
        async with self._engine.begin() as connection:
            return int((await connection.execute(_REQUEUE_EXPIRED)).rowcount)

    async def record(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Writes what became of deliveries, with the event of each that has ended."""
        async with self._engine.begin() as connection:
            values = {
                "ids": [o.delivery.id for o in outcomes],
                "statuses": ["queued" if o.status in ("retry", "waiting") else o.status for o in outcomes],
                "details": [o.detail[:1000] or None for o in outcomes],
                "delays": [o.delay_seconds for o in outcomes],
                "uncounted": [int(o.status == "waiting") for o in outcomes],
                "answers": [_answer(o, now) for o in outcomes],
            }
            await connection.execute(_RECORD, values)
            unit = self._open_unit(connection, now)
            for outcome in outcomes:
                event = ended(outcome, now)
                if event is not None:
                    unit.cause = Cause(outcome.delivery.correlation_id, outcome.delivery.traceparent)
                    unit.record(event)
            await unit.flush()

    def _delivery(self, row: _Row, asked: float) -> Delivery:
        return Delivery(
            id=row.id,
            ticket_id=row.ticket_id,
            ticket_number=row.ticket_number,
            kind=row.kind,
            recipient=row.recipient,
            language=row.language,
            rfc_message_id=row.rfc_message_id,
            envelope_from=row.envelope_from,
            content=row.content,
            attempts=row.attempts,
            correlation_id=row.correlation_id,
            traceparent=row.traceparent,
            expires=asked + row.expires,
            claimed_until=asked + self._lease_seconds,
            began_at=row.began_at,
            files=tuple(FILES.validate_json(row.files)),
        )


def _answer(outcome: Outcome, now: datetime) -> str | None:
    answer = outcome.answer
    if answer is None:
        return None
    return json.dumps({"at": now.isoformat(), "outcome": outcome.status, "answer": str(answer), "status_code": answer.enhanced})
