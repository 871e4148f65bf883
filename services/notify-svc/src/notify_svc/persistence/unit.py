"""The unit of work of notify-svc: addresses, people, which messages were ours, and mails to be sent."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import text

from deskstream_chassis.store.aggregates import AggregateStore
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.keys import Key, Unique
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.rows import Query, fetch
from deskstream_chassis.store.unit import AppendedRows, UnitOfWork
from deskstream_chassis.watch.metrics import child
from deskstream_contracts.wire import Actor, File
from notify_svc import metrics
from notify_svc.domain import addresses
from notify_svc.domain.addresses import Address, address_id
from notify_svc.domain.deliveries import KeptDelivery
from notify_svc.domain.email_address import spelling
from notify_svc.domain.notices import Notification
from notify_svc.domain.people import Person
from notify_svc.domain.policy import NotifyPolicy
from notify_svc.messaging.published import came_back, requeued, withheld
from notify_svc.persistence import tables
from notify_svc.persistence.kept_deliveries import COLUMNS, KeptDeliveries, KeptDeliveryRow

FILES: Final = TypeAdapter(list[File])
"""The files of a delivery, as its row has them."""
_ADDRESS: Final = TypeAdapter(Address)
_PERSON: Final = TypeAdapter(Person)
_ADDRESS_KEYS: Final[Mapping[str, Key[Address]]] = {"email": Unique(lambda address: address.email)}
_SENT_TO: Final = Query(text(f"SELECT {COLUMNS} FROM deliveries WHERE rfc_message_id = ANY(CAST(:ids AS text[]))"), KeptDeliveryRow)
_RETURN: Final = text("""
    UPDATE deliveries AS t SET status = 'failed', detail = d.detail, finished_at = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:details AS text[])) AS d(id, detail) WHERE t.id = d.id AND t.status = 'sent'""")

_COMPLETE: Final = text("""
    UPDATE deliveries AS t SET content = d.content, language = d.language, next_attempt_at = least(t.next_attempt_at, :now)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:languages AS text[]), CAST(:contents AS bytea[])) AS d(id, language, content)
    WHERE t.id = d.id AND t.status = 'queued' AND t.attempts = 0""")


class SentMessages:
    """Which of the Message-IDs that others speak of are ours, whom each was sent to, and which came back."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._needed: set[str] = set()
        self._sent: dict[tuple[str, str], KeptDelivery | None] = {}
        self._returned: dict[UUID, str] = {}

    def need(self, rfc_message_id: str) -> None:
        """Says that the next `load` is to find out about a Message-ID."""
        self._needed.add(rfc_message_id)

    def put(self, rfc_message_id: str, recipient: str, delivery: KeptDelivery | None = None) -> None:
        """A message was sent to an address."""
        self._sent[rfc_message_id, spelling(recipient)] = delivery

    def was_sent(self, rfc_message_id: str, recipient: str) -> bool:
        """Whether we sent a message of this id to an address, in its one spelling."""
        return (rfc_message_id, recipient) in self._sent

    def find(self, rfc_message_id: str, recipient: str) -> KeptDelivery | None:
        """The delivery of a message to an address, in its one spelling; None where it has come back already, or is none of ours."""
        found = self._sent.get((rfc_message_id, recipient))
        return None if found is None or found.id in self._returned else found

    def came_back(self, delivery: KeptDelivery, detail: str) -> None:
        """It counts as failed, with what the report says."""
        self._returned[delivery.id] = detail

    async def load(self) -> None:
        needed, self._needed = self._needed, set()
        if needed:
            for row in await fetch(self._connection, _SENT_TO, {"ids": sorted(needed)}):
                found = KeptDelivery(*row)
                self.put(found.rfc_message_id, found.recipient, found)

    async def flush(self) -> None:
        returned = sorted(self._returned.items())
        self._returned.clear()
        if returned:
            ids, details = zip(*returned, strict=True)
            await self._connection.execute(_RETURN, {"ids": list(ids), "details": list(details), "now": self._now})


class CompletedMails:
    """Mails that await something, in the words that they have now that it has come; one that was tried stays as it is."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._completed: dict[UUID, Notification] = {}

    def put(self, notification: Notification) -> None:
        """It waits no longer."""
        self._completed[notification.id] = notification

    async def load(self) -> None:
        return

    async def flush(self) -> None:
        completed = [notification for _, notification in sorted(self._completed.items())]
        self._completed.clear()
        if completed:
            values = {
                "ids": [n.id for n in completed],
                "languages": [n.language for n in completed],
                "contents": [n.content for n in completed],
            }
            await self._connection.execute(_COMPLETE, {**values, "now": self._now})


class NotifyUnit(UnitOfWork):
    """`expect` is called when the transaction makes a mail due."""

    def __init__(
        self, connection: Connection, outbox: Outbox, now: datetime, *, policy: NotifyPolicy, expect: Callable[[], None]
    ) -> None:
        super().__init__(connection, outbox, now)
        self.policy = policy
        self._expect = expect
        self.kept = self.include(KeptDeliveries(connection, now, policy.give_up_after))
        self.addresses = self.include(AggregateStore(connection, tables.addresses, _ADDRESS, _ADDRESS_KEYS, also=self._written_to))
        self.people = self.include(AggregateStore(connection, tables.people, _PERSON))
        self.sent = self.include(SentMessages(connection, now))
        # A notification's id follows from what it tells of: whatever tells that again adds nothing.
        self._deliveries = self.include(AppendedRows(connection, tables.deliveries, "ON CONFLICT (id) DO NOTHING"))
        self._completed = self.include(CompletedMails(connection, now))

    def _written_to(self) -> Iterable[UUID]:
        return (address_id(kept.recipient) for kept in self.kept.all())

    def requeue(self, kept: KeptDelivery, by: Actor) -> None:
        """Queues a delivery again, and says so."""
        self.kept.requeue(kept.id)
        self._expect()
        self.record(requeued(kept, by, self.now))

    def hear_from(self, email: str, *, proven: bool, at: datetime) -> Address:
        """The address after a mail from it, received at that moment. It was needed."""
        address = self.address(email)
        after = addresses.wrote(address, proven, at)
        if after != address:
            self.addresses.put(after)
        return after

    def return_mail(self, sent: KeptDelivery, detail: str) -> None:
        """What a mail server had taken came back: it was not delivered, and that is said of its ticket."""
        self.sent.came_back(sent, detail)
        self.record(came_back(sent, detail, self.now))

    def hurry(self) -> None:
        """Whatever waits for a later attempt is due now."""
        self.kept.hurry()
        self._expect()

    def address(self, email: str) -> Address:
        """What is known of an address; of most nothing is."""
        return self.addresses.get(address_id(email)) or addresses.fresh(email, self.now)

    def need_notified(self, notification_id: UUID) -> None:
        """Says that it is to be known whether this notification was made before."""
        self._deliveries.need(notification_id)

    def has_notified(self, notification_id: UUID) -> bool:
        """Whether a notification, which was needed, has been made."""
        return self._deliveries.has(notification_id)

    def complete(self, notification: Notification) -> None:
        """A mail that waits, and was needed, goes now and in these words."""
        self._completed.put(notification)
        self._expect()

    def keep(self, notification: Notification) -> None:
        """Queues the mail, for later where it awaits something; or keeps it as failed, and says so, where it is withheld."""
        why = notification.withheld
        later = notification.awaits and self.policy.wait_at_most > timedelta(0)
        if why is None and not later:
            self._expect()
        self._deliveries.add(
            id=notification.id,
            ticket_id=notification.ticket_id,
            ticket_number=notification.ticket_number,
            kind=notification.kind,
            recipient=notification.recipient,
            language=notification.language,
            rfc_message_id=notification.rfc_message_id,
            envelope_from=notification.envelope_from,
            content=notification.content,
            files=FILES.dump_json(list(notification.files)).decode(),
            status="failed" if why else "queued",
            detail=why.detail if why else "",
            began_at=notification.since,
            queued_at=self.now,
            next_attempt_at=self.now + self.policy.wait_at_most if later else self.now,
            expires_at=self.now + self.policy.give_up_after,
            finished_at=self.now if why else None,
            correlation_id=self.cause.correlation_id,
            traceparent=self.cause.traceparent,
        )
        if why is not None:
            child(metrics.WITHHELD, why.reason).inc()
            self.record(withheld(notification, why, self.now))
