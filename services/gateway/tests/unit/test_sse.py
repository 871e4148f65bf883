"""Framing of the live stream."""

import json
from dataclasses import replace
from uuid import UUID

from deskstream_chassis.bus.messages import Received
from gateway.messaging.sse import frame

ID = UUID(int=1)
MESSAGE = Received(
    "deskstream.tickets.v1", 0, 0, "key", ID, "ticket.noted.v1", None, 3, "c", "00-1-2-01", '{"text": "a\\nb\u2028c"}'.encode(),
    (("ce_id", str(ID).encode()), ("ce_type", b"ticket.noted.v1"), ("ce_source", b"/deskstream/ticket-svc"), ("other", b"\xff")),
)  # fmt: skip


def test_a_frame_has_the_events_id_its_type_and_the_cloud_event_in_one_line() -> None:
    found = frame(MESSAGE)
    assert found is not None
    head, data = found.wire.decode().split("data: ")
    assert head == f"id: {ID}\nevent: ticket.noted.v1\n"
    assert data.endswith("\n\n")
    assert "\n" not in data[:-2]
    event = json.loads(data)
    assert event["data"] == {"text": "a\nb\u2028c"}
    assert (event["specversion"], event["id"], event["source"], event["traceparent"]) == (
        "1.0", str(ID), "/deskstream/ticket-svc", "00-1-2-01",
    )  # fmt: skip


def test_what_cannot_be_read_is_passed_by() -> None:
    assert frame(replace(MESSAGE, value=b"no json")) is None
    assert frame(replace(MESSAGE, fault="ce_id is missing or not a UUID")) is None
    assert frame(replace(MESSAGE, event_type="", value=b"")) is None


def test_a_line_end_in_an_id_cannot_make_a_second_field() -> None:
    found = frame(replace(MESSAGE, headers=(("ce_id", b"1\nevent: forged"), ("ce_type", b"ticket.noted.v1"))))
    assert found is not None
    assert found.wire.count(b"\nevent:") == 1
