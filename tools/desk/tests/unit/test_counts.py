"""What `bench mail --counts` makes of what the kernel, PostgreSQL and the broker say."""

import socket
import struct
import sys
from typing import Any

import pytest

from desk.errors import DeskError
from desk.traffic import broker_requests, segments
from desk.traffic.counts import Reading, counts
from desk.traffic.segments import Connections, Segments, received_segments


def test_a_mail_costs_what_was_counted_between_the_first_and_the_last() -> None:
    begun = Reading(at=100, commits=1000, messages=5000, produce=10, fetch=70, wal_bytes=1_000_000)
    ended = Reading(at=130, commits=0, messages=12500, produce=510, fetch=1070, wal_bytes=4_400_000)
    rested = Reading(at=141, commits=3840, messages=13050, produce=510, fetch=1290, wal_bytes=4_400_000)
    later = Reading(at=151, commits=4240, messages=13550, produce=510, fetch=1490, wal_bytes=4_400_000)
    found = counts(begun, ended, rested, later, mails=100)
    assert found.seconds == 30
    # 2840 until it had rested, 11 seconds of 40 of which came after the end.
    assert found.per_mail == {"commits": 24.0, "messages": 75.0, "produce": 5.0, "fetch": 10.0, "wal_bytes": 34000.0}
    assert found.idle_per_second == {"commits": 40.0, "messages": 50.0, "produce": 0.0, "fetch": 20.0, "wal_bytes": 0.0}


def test_no_mail_accepted_is_no_division_by_zero() -> None:
    one, other = (Reading(at, 0, 0, 0, 0, 0) for at in (1, 2))
    assert counts(one, one, one, other, mails=0).per_mail["commits"] == 0


def method(name: str, invocations: int) -> dict[str, Any]:
    return {"type": "jdk.MethodTiming", "values": {"method": {"name": name}, "invocations": invocations}}


def printed(*events: dict[str, Any]) -> dict[str, Any]:
    return {"recording": {"events": list(events)}}


def test_a_recording_of_several_parts_has_the_calls_since_its_beginning_in_the_last() -> None:
    parts = [method("handleFetchRequest", n) for n in (10, 30, 20)]
    assert broker_requests.parse(printed(method("handleProduceRequest", 0), *parts)) == {"produce": 0, "fetch": 30}


def test_a_method_that_was_not_counted_is_named() -> None:
    with pytest.raises(DeskError, match="handleProduceRequest"):
        broker_requests.parse(printed(method("handleFetchRequest", 1)))


def connection(own: int, cookie: int, data_segments: int) -> bytes:
    """One message of sock_diag, with an attribute before the one that counts."""
    ports = struct.pack("!HH", own, 40000)
    mark = struct.pack("=HHI", 8, 15, 0)
    info = bytes(152) + struct.pack("=I", data_segments) + bytes(100)
    body = bytes(4) + ports + bytes(36) + struct.pack("=Q", cookie) + bytes(20) + mark + struct.pack("=HH", 4 + len(info), 2) + info
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 1, 0) + body


DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)


def test_the_connections_of_one_port_are_picked_out_of_the_kernels_answer() -> None:
    reply = connection(5432, 7, 100) + connection(9092, 8, 5) + connection(5432, 9, 1)
    assert segments.parse(reply, 5432) == ({7: 100, 9: 1}, False)
    assert segments.parse(connection(5432, 7, 100) + DONE, 5432) == ({7: 100}, True)


def test_a_refusal_of_the_kernel_is_an_error() -> None:
    with pytest.raises(PermissionError):
        segments.parse(struct.pack("=IHHIIi", 36, 2, 0, 1, 0, -1) + bytes(16), 5432)


def test_a_connection_that_has_ended_keeps_its_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now: Connections = {1: 10, 2: 20}
    monkeypatch.setattr(segments, "received_segments", lambda port: dict(now))
    counted = Segments(5432)
    assert counted.total() == 30
    del now[1]
    now |= {2: 21, 3: 4}
    assert counted.total() == 35


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells")
def test_each_message_that_waits_for_its_answer_is_one_segment() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, server.accept()[0] as accepted, Segments(port) as counted:
            before = counted.total()
            for size in (1, 1000, 20000):
                client.sendall(bytes(size))
                while size:
                    size -= len(accepted.recv(size))
                accepted.sendall(b"answer")
                client.recv(100)
            assert counted.total() - before == 3
            assert len(received_segments(port)) == 1
