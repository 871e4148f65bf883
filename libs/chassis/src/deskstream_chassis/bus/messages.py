"""A Kafka record as a service sees it: the CloudEvents attributes read, the data still raw. Never raises."""

from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from aiokafka import ConsumerRecord

from deskstream_chassis.digits import whole_number

_READ = frozenset(("ce_id", "ce_type", "ce_time", "ce_sequence", "ce_correlationid", "traceparent"))


@dataclass(slots=True)
class Received:
    """One record. `fault` says what is wrong with its envelope; such a record is poison."""

    topic: str
    partition: int
    offset: int
    key: str
    event_id: UUID
    event_type: str
    time: datetime | None
    sequence: int | None
    correlation_id: str
    traceparent: str | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    fault: str | None = None


def read(record: "ConsumerRecord[bytes, bytes]") -> Received:
    headers = record.headers
    fault: str | None = None
    attributes: dict[str, str] = {}
    for name, value in headers:
        if name in _READ:
            try:
                attributes[name] = value.decode()
            except (UnicodeDecodeError, AttributeError):
                fault = f"header {name!r} is not UTF-8"
    raw_key = record.key or b""
    try:
        key = raw_key.decode()
    except UnicodeDecodeError:
        # The raw bytes still name one key, and only that key is to be held up.
        key, fault = "hex:" + raw_key.hex(), "the key is not UTF-8"
    event_id = _uuid(attributes.get("ce_id"))
    event_type = attributes.get("ce_type", "")
    if fault is None and event_id is None:
        fault = "ce_id is missing or not a UUID"
    if fault is None and not event_type:
        fault = "ce_type is missing"
    if record.value is None:
        # A tombstone only tells compaction to forget the key; there is nothing to handle.
        fault, event_type = None, ""
    return Received(
        record.topic,
        record.partition,
        record.offset,
        key,
        event_id or uuid5(NAMESPACE_URL, f"kafka:{record.topic}/{record.partition}/{record.offset}"),
        event_type,
        _time(attributes.get("ce_time")),
        whole_number(attributes.get("ce_sequence", "")),
        attributes.get("ce_correlationid", ""),
        attributes.get("traceparent"),
        record.value or b"",
        headers,
        fault,
    )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
