"""The outbox: events are rows of the same transaction as the state they tell of; only the relay talks to the broker."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, MetaData, Table, Text, func

from deskstream_chassis.run.clock import new_id
from deskstream_chassis.store.database import Connection, insert_rows
from deskstream_chassis.watch.metrics import EVENTS, child
from deskstream_contracts.wire import Event


def outbox_table(metadata: MetaData) -> Table:
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("headers", Text, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


_TABLE = outbox_table(MetaData())


@dataclass(frozen=True, slots=True)
class Cause:
    """What made the present change: the message or the request being handled."""

    correlation_id: str
    traceparent: str
    event_id: UUID | None = None


class Outbox:
    """Collects the events of one transaction and writes them in one statement, in the order they were recorded.

    `source`: the CloudEvents source, `/deskstream/<service>`.
    """

    def __init__(self, connection: Connection, source: str) -> None:
        self._connection = connection
        self._source = source
        self._rows: list[dict[str, object]] = []
        self._types: list[str] = []

    def record(self, event: Event, cause: Cause, now: datetime) -> UUID:
        """Adds an event; it is published after the transaction has committed. Returns its id (`ce_id`)."""
        id_ = new_id()
        sequence = event.sequence()
        key = event.key()
        headers = {
            "ce_specversion": "1.0",
            "ce_id": str(id_),
            "ce_type": event.type,
            "ce_source": self._source,
            "ce_subject": key,
            "ce_time": now.isoformat(),
            "ce_dataschema": f"deskstream:{event.type}",
            "ce_correlationid": cause.correlation_id,
            "traceparent": cause.traceparent,
            "content-type": "application/json",
        }
        if sequence is not None:
            headers["ce_sequence"] = str(sequence)
        if cause.event_id is not None:
            headers["ce_causationid"] = str(cause.event_id)
        value = event.model_dump_json(exclude_none=True).encode()
        self._rows.append({"topic": event.topic.name, "key": key, "headers": orjson.dumps(headers).decode(), "value": value})
        self._types.append(event.type)
        return id_

    async def flush(self) -> None:
        rows, self._rows = self._rows, []
        await insert_rows(self._connection, _TABLE, rows)
        types, self._types = self._types, []
        for type_ in types:
            child(EVENTS, type_).inc()
