"""A unit of work of notify-svc without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from deskstream_chassis.store.outbox import Cause
from deskstream_chassis.testing import KeptOutbox, Nowhere
from deskstream_contracts.events.notifications import NotificationFailedV1
from deskstream_contracts.events.tickets import TicketEvent
from notify_svc.adapters.templates import JinjaWords
from notify_svc.domain.addresses import Address
from notify_svc.domain.mail import Desk
from notify_svc.domain.policy import NotifyPolicy
from notify_svc.handlers.notify import Notify
from notify_svc.messaging.heard import KINDS
from notify_svc.persistence.unit import NotifyUnit

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DESK = Desk("Deskstream Support", "desk.example", "support", b"secret")
POLICY = NotifyPolicy(DESK, JinjaWords(KINDS, "en"), automatic_per_hour=2, give_up_after=timedelta(days=2))


class Queue:
    """Keeps the deliveries that are to be made."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, **row: Any) -> None:
        self.rows.append(row)

    def has(self, id_: UUID) -> bool:
        return any(row["id"] == id_ for row in self.rows)


class Working:
    """A unit of work, and what has come of it."""

    def __init__(self) -> None:
        self.published, self.queue = KeptOutbox(), Queue()
        self.made_due = 0
        self.unit = NotifyUnit(Nowhere(), self.published, NOW, policy=POLICY, expect=self._expect)
        self.unit._deliveries = self.queue  # type: ignore[assignment]
        self.completed = self.unit._completed._completed

    def _expect(self) -> None:
        self.made_due += 1

    def hear(self, event: TicketEvent) -> None:
        self.unit.cause = Cause("c", "t", uuid4())
        Notify(event).handle(self.unit)

    @property
    def outcomes(self) -> list[str]:
        """Of each delivery: that it is queued, or why it was withheld."""
        reasons = iter([e.reason for e in self.published.events if isinstance(e, NotificationFailedV1)])
        return [row["status"] if row["status"] == "queued" else next(reasons) for row in self.queue.rows]

    def address(self, email: str) -> Address | None:
        """What is stored of an address."""
        return self.unit.addresses.find("email", email)
