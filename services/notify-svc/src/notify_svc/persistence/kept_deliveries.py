"""Deliveries that a command looks at: to be sent again, or at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.rows import Query, fetch, fetch_one
from deskstream_contracts.events.notifications import NotificationKind
from notify_svc.domain.deliveries import KeptDelivery

COLUMNS: Final = "id, ticket_id, ticket_number, kind, recipient, language, rfc_message_id, attempts, status, has_content"


class KeptDeliveryRow(NamedTuple):
    """`COLUMNS` of a delivery: what a KeptDelivery is made of, in its order."""

    id: UUID
    ticket_id: UUID
    ticket_number: int
    kind: NotificationKind
    recipient: str
    language: str
    rfc_message_id: str
    attempts: int
    status: str
    has_content: bool


class _Count(NamedTuple):
    waiting: int


_BY_ID: Final = Query(text(f"SELECT {COLUMNS} FROM deliveries WHERE id = :id FOR UPDATE"), KeptDeliveryRow)
# What was withheld was never tried: that was a decision, and each is to be looked at by itself.
_FAILED: Final = Query(
    text(f"""
        SELECT {COLUMNS} FROM deliveries
        WHERE status = 'failed' AND attempts > 0 AND id > coalesce(CAST(:after AS uuid), CAST(:none AS uuid))
            AND (CAST(:since AS timestamptz) IS NULL OR finished_at >= :since)
            AND (CAST(:answer AS text) IS NULL OR position(lower(:answer) IN lower(detail)) > 0)
        ORDER BY id LIMIT :n FOR UPDATE"""),
    KeptDeliveryRow,
)
_REQUEUE: Final = text("""
    UPDATE deliveries SET status = 'queued', next_attempt_at = :now, expires_at = :expires, finished_at = NULL, claimed_by = NULL
    WHERE id = ANY(CAST(:ids AS uuid[]))""")
_LATER: Final = "status = 'queued' AND next_attempt_at > now()"
_COUNT_LATER: Final = Query(text(f"SELECT count(*) AS waiting FROM deliveries WHERE {_LATER}"), _Count)
_HURRY: Final = text(f"UPDATE deliveries SET next_attempt_at = now() WHERE {_LATER}")


@dataclass(frozen=True, slots=True)
class FailedFilter:
    """Deliveries that failed at or after `since`, with `answer` in what the server said (any case); of both, where given."""

    since: datetime | None
    answer: str | None
    after: UUID | None
    limit: int


class KeptDeliveries:
    """What the next `load` brings, locked, so that no sender has it meanwhile."""

    def __init__(self, connection: Connection, now: datetime, give_up_after: timedelta) -> None:
        self._connection = connection
        self._now = now
        self._expires = now + give_up_after
        self._needed: set[UUID] = set()
        self._filter: FailedFilter | None = None
        self._counts = False
        self._hurries = False
        self._requeued: list[UUID] = []
        self._loaded: dict[UUID, KeptDelivery] = {}
        self.waiting = 0

    def need(self, id_: UUID) -> None:
        """Says that a delivery is to be loaded."""
        self._needed.add(id_)

    def need_failed(self, which: FailedFilter) -> None:
        """The same of those that failed, in the order of their ids."""
        self._filter = which

    def need_waiting(self) -> None:
        """Says that those are to be counted that wait for a later attempt."""
        self._counts = True

    def get(self, id_: UUID) -> KeptDelivery | None:
        return self._loaded.get(id_)

    def all(self) -> Iterable[KeptDelivery]:
        """All that are loaded."""
        return self._loaded.values()

    def requeue(self, id_: UUID) -> None:
        """It is due now, and given up as late as if it were new."""
        self._requeued.append(id_)

    def hurry(self) -> None:
        """Whatever waits for a later attempt is due now."""
        self._hurries = True

    async def load(self) -> None:
        needed, self._needed = self._needed, set()
        for id_ in sorted(needed):
            self._keep(await fetch(self._connection, _BY_ID, {"id": id_}))
        if (which := self._filter) is not None:
            self._filter = None
            values = {"after": which.after, "none": UUID(int=0), "since": which.since, "answer": which.answer, "n": which.limit}
            self._keep(await fetch(self._connection, _FAILED, values))
        if self._counts:
            self.waiting = (await fetch_one(self._connection, _COUNT_LATER)).waiting

    def _keep(self, rows: Iterable[KeptDeliveryRow]) -> None:
        for row in rows:
            self._loaded[row.id] = KeptDelivery(*row)

    async def flush(self) -> None:
        requeued, self._requeued = self._requeued, []
        if requeued:
            await self._connection.execute(_REQUEUE, {"ids": requeued, "now": self._now, "expires": self._expires})
        if self._hurries:
            self._hurries = False
            await self._connection.execute(_HURRY)
