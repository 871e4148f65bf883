"""How many messages the clients of a server on this machine have sent to it, as the kernel counts them (Linux).

The kernel keeps for every TCP connection how many segments with data have come in (`tcpi_data_segs_in` of RFC 4898's kind,
in `struct tcp_info` of linux/tcp.h), and tells it to anybody of the same network namespace over netlink (sock_diag(7)): what
`ss -ti` shows. Nothing stands between client and server, neither of them is told, and the counting costs them nothing.

For PostgreSQL one segment is one round trip: asyncpg, alone and below SQLAlchemy, writes everything up to a Sync (Parse and
Describe; Bind and Execute) or a simple query (BEGIN, COMMIT) at once and then waits for the answer, with Nagle's algorithm off,
and over loopback 32 KiB of it are one segment (64 once the windows are open). A larger message counts once for each of those.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Iterator

from desk.errors import DeskError

_SAMPLE_SECONDS = 0.25

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h: the numbers are part of the kernel's stable interface.
_SOCK_DIAG = 4
_BY_FAMILY = 20
_REQUEST_DUMP = 0x301
_ERROR, _DONE = 2, 3
_INFO = 2
_ESTABLISHED = 1 << 1
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_ASKED = struct.Struct("=BBBBI48s")  # struct inet_diag_req_v2: family, protocol, extensions, padding, states, socket
_PORT_AT = 4  # in struct inet_diag_msg: its id.idiag_sport, in network order
_COOKIE_AT = 44  # its id.idiag_cookie, which no other connection ever has
_ATTRIBUTES_AT = 72  # its size
_DATA_SEGMENTS_IN_AT = 152  # in struct tcp_info

Connections = dict[int, int]
"""Segments with data received, by connection (its cookie)."""


def received_segments(port: int) -> Connections:
    """The connections that a server on this port has now (IPv4), and how many segments with data each has received.

    Raises DeskError where the kernel cannot tell.
    """
    if not sys.platform.startswith("linux"):
        raise DeskError("messages can be counted on Linux only, where the kernel tells how many a connection has received")
    asked = _ASKED.pack(socket.AF_INET, socket.IPPROTO_TCP, 1 << (_INFO - 1), 0, _ESTABLISHED, b"")
    found: Connections = {}
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(5)
            kernel.send(_HEADER.pack(_HEADER.size + len(asked), _BY_FAMILY, _REQUEST_DUMP, 1, 0) + asked)
            ended = False
            while not ended:
                some, ended = parse(kernel.recv(1 << 18), port)
                found |= some
    except OSError as error:
        raise DeskError(f"the kernel does not tell how many messages a connection has received: {error}") from error
    return found


def parse(reply: bytes, port: int) -> tuple[Connections, bool]:
    """One datagram of the kernel's answer: the connections of a server on this port, and whether it was the last one."""
    found: Connections = {}
    at = 0
    while at + _HEADER.size <= len(reply):
        length, kind, *_ = _HEADER.unpack_from(reply, at)
        body = reply[at + _HEADER.size : at + length]
        if kind == _DONE:
            return found, True
        if kind == _ERROR:
            (number,) = struct.unpack_from("=i", body)
            raise OSError(-number, "sock_diag refused")
        (own,) = struct.unpack_from("!H", body, _PORT_AT)
        if own == port:
            (cookie,) = struct.unpack_from("=Q", body, _COOKIE_AT)
            for segments in _data_segments_in(body):
                found[cookie] = segments
        at += _aligned(length)
    return found, False


def _data_segments_in(body: bytes) -> Iterator[int]:
    at = _ATTRIBUTES_AT
    while at + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, at)
        if kind == _INFO and length >= 4 + _DATA_SEGMENTS_IN_AT + 4:
            yield struct.unpack_from("=I", body, at + 4 + _DATA_SEGMENTS_IN_AT)[0]
        at += _aligned(max(length, 4))


def _aligned(length: int) -> int:
    return (length + 3) & ~3


class Segments:
    """A count over all connections of a server while this is open, those included that come and go meanwhile.

    A connection that ends is counted up to the last sample before its end, a quarter of a second earlier at most.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._seen: Connections = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample, name="segments", daemon=True)

    def __enter__(self) -> Segments:
        self.total()
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._sampler.join()

    def total(self) -> int:
        """Segments so far, those before this was opened included: only differences mean something. Raises DeskError."""
        now = received_segments(self._port)
        with self._lock:
            self._seen |= now
            return sum(self._seen.values())

    def _sample(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            with contextlib.suppress(DeskError):  # what stays so, `total` says
                self.total()
