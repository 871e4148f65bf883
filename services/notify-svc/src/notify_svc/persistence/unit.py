"""The unit of work of notify-svc: addresses, people, and deliveries to be made."""

from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import text

from deskstream_chassis.store.aggregates import AggregateStore
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.unit import AppendedRows, UnitOfWork
from notify_svc.domain.addresses import Address
from notify_svc.domain.people import Person
from notify_svc.persistence.tables import addresses, deliveries, people

_ADDRESS = TypeAdapter(Address)
_PERSON = TypeAdapter(Person)


_SENT_TO = text("SELECT rfc_message_id, recipient FROM deliveries WHERE rfc_message_id = ANY(CAST(:ids AS text[]))")


class SentMessages:
    """Which of the Message-IDs that others speak of are ours, and whom each was sent to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._needed: set[str] = set()
        self._known: set[tuple[str, str]] = set()

    def need(self, rfc_message_id: str) -> None:
        self._needed.add(rfc_message_id)

    def was_sent(self, rfc_message_id: str, recipient: str) -> bool:
        return (rfc_message_id, recipient.lower()) in self._known

    async def load(self) -> None:
        wanted, self._needed = self._needed, set()
        if wanted:
            self._known.update((i, r) for i, r in await self._connection.execute(_SENT_TO, {"ids": sorted(wanted)}))

    async def flush(self) -> None:
        return


class NotifyUnit(UnitOfWork):
    def __init__(self, connection: Connection, outbox: Outbox, now: datetime) -> None:
        super().__init__(connection, outbox, now)
        self.addresses = self.include(AggregateStore(connection, addresses, _ADDRESS, {"email": lambda a: a.email}))
        self.people = self.include(AggregateStore(connection, people, _PERSON))
        self.sent = self.include(SentMessages(connection))
        # A notification's id follows from its cause: whatever brings the same cause again adds nothing.
        self.deliveries = self.include(AppendedRows(connection, deliveries, "ON CONFLICT (id) DO NOTHING"))
