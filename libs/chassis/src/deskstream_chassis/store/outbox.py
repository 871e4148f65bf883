"""The outbox: events are rows of the same transaction as the state they tell of; only the relay talks to the broker."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, Column, DateTime, Identity, LargeBinary, MetaData, Table, Text, func

from deskstream_chassis.refusals import Invalid
from deskstream_chassis.run.clock import new_id
from deskstream_chassis.store.database import Connection, insert_rows
from deskstream_chassis.watch.metrics import EVENTS, child
from deskstream_contracts.wire import MAX_EVENT_BYTES, Event

# A control character in JSON, as pydantic writes it: an escape that does not itself stand behind a backslash, or the bytes of DEL
# and of C1 in UTF-8. Tabs and line feeds are all that a text may have of them.
_CONTROL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\(?:u00[01]|[bfr])|\x7f|\xc2[\x80-\x9f]")


class Unpublishable(Invalid):
    """What somebody behind could not store, send or show; refused before it is committed."""


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
        """Adds an event; it is published after the transaction has committed. Returns its id (`ce_id`).

        Raises Unpublishable for one that is too large, or has control characters.
        """
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
        value = _data(event)
        self._rows.append({"topic": event.topic.name, "key": key, "headers": orjson.dumps(headers).decode(), "value": value})
        self._types.append(event.type)
        return id_

    def check(self, event: Event) -> None:
        """Raises Unpublishable for an event that `record` would refuse."""
        _data(event)

    async def flush(self) -> None:
        rows, self._rows = self._rows, []
        await insert_rows(self._connection, _TABLE, rows)
        types, self._types = self._types, []
        for type_ in types:
            child(EVENTS, type_).inc()


def _data(event: Event) -> bytes:
    # The types of the contract bound every field; this holds also for what was made around them.
    value = event.model_dump_json(exclude_none=True).encode()
    if len(value) > MAX_EVENT_BYTES:
        raise Unpublishable(f"This would make an event of {len(value)} bytes; at most {MAX_EVENT_BYTES} are taken.")
    if _CONTROL.search(value) is not None:
        raise Unpublishable("There is a control character in it, which cannot be kept.")
    return value
