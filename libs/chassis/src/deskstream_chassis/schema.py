"""The tables that the mechanics keep in every service's database, defined once."""

from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from deskstream_chassis.database import Connection
from deskstream_chassis.idempotency import idempotency_table
from deskstream_chassis.inbox import inbox_table
from deskstream_chassis.outbox import Outbox, outbox_table
from deskstream_chassis.parking import parked_table


@dataclass(frozen=True, slots=True)
class Mechanics:
    """The chassis's tables in one service's metadata, and the outbox's CloudEvents source."""

    source: str
    outbox: Table
    inbox: Table
    parked: Table
    idempotency: Table

    @staticmethod
    def define(source: str, metadata: MetaData) -> "Mechanics":
        return Mechanics(source, outbox_table(metadata), inbox_table(metadata), parked_table(metadata), idempotency_table(metadata))

    def outbox_for(self, connection: Connection) -> Outbox:
        return Outbox(connection, self.outbox, self.source)
