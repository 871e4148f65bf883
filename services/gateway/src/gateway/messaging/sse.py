"""Framing of the live stream: Server-Sent Events (WHATWG HTML §9.2) with CloudEvents 1.0 in JSON format as their data."""

from dataclasses import dataclass
from typing import Any, Final

import orjson

from deskstream_chassis.bus.messages import Received

LISTENING: Final = b": listening\n\n"
HEARTBEAT: Final = b": alive\n\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, ready to be sent, and what a client's filter and sight asked about it."""

    type: str
    ticket_id: str | None
    wire: bytes


def frame(message: Received) -> Frame | None:
    """None for what is no readable event; nobody waits for it here, and the read model parks it."""
    if message.fault or not message.event_type:
        return None
    event: dict[str, Any] = {}
    for name, value in message.headers:
        if name.startswith("ce_"):
            event[name[3:]] = value.decode()
    if message.traceparent:
        event["traceparent"] = message.traceparent
    try:
        data = orjson.loads(message.value)
    except orjson.JSONDecodeError:
        return None
    event |= {"specversion": "1.0", "datacontenttype": "application/json", "data": data}
    # One line: JSON has its line ends escaped, and a type or an id with one is no header value that Kafka's writers make.
    head = f"id: {_line(event['id'])}\nevent: {_line(message.event_type)}\ndata: ".encode()
    return Frame(message.event_type, message.key or None, head + orjson.dumps(event) + b"\n\n")


def _line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")
