"""Events as the consumer reads them from Kafka."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aiokafka import ConsumerRecord

from deskstream_chassis.bus.messages import Received, read
from deskstream_contracts.wire import Event


def received(event: Event, **changes: Any) -> Received:
    """The event as the consumer would read it, under an id of its own. `changes` are fields of `Received`.

    The same `Received` given twice is the same message delivered twice.
    """
    value = event.model_dump_json(exclude_none=True).encode()
    headers = tuple((name, text.encode()) for name, text in _attributes(event).items())
    record: ConsumerRecord[bytes, bytes] = ConsumerRecord(
        event.topic.name, 0, 0, 0, 0, event.key().encode(), value, None, len(event.key()), len(value), headers
    )
    return replace(read(record), **changes)


def _attributes(event: Event) -> dict[str, str]:
    """The headers that the owner's relay would give it."""
    id_ = str(uuid4())
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": id_,
        "ce_type": event.type,
        "ce_source": f"/deskstream/{event.topic.owner}",
        "ce_subject": event.key(),
        "ce_time": datetime.now(UTC).isoformat(),
        "ce_correlationid": id_,
        "content-type": "application/json",
    }
    if (sequence := event.sequence()) is not None:
        attributes["ce_sequence"] = str(sequence)
    return attributes
