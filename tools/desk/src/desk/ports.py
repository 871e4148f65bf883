"""Ports: is each free, who has it, and where is a free block."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

from desk.errors import DeskError
from desk.paths import HIGHEST_PORT_OFFSET, HOST

# Above the registered ports that developers use, and below 32768, where Linux begins to hand out ephemeral ones.
_FIRST, _LAST, _STEP = 20000, 32700, 30
_HELD: list[int] = []


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def owner(port: int) -> str:
    """Who listens there, as far as this user may know: `name (pid N)` or `another program`."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            here = connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN
            if here and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return "another program"


def check_ports(wanted: Mapping[str, int]) -> None:
    """Raise DeskError for the first port that is taken: which, what for, by whom, and what to do."""
    for purpose, port in wanted.items():
        if not is_free(port):
            raise DeskError(
                f"port {port} (for {purpose}) is taken by {owner(port)}: stop it, "
                f"or choose other ports, for example DESK_PORT_BASE={free_port_base()}"
            )


def free_port_base() -> int:
    """The base of a block of free ports that no other process which asked here holds; held until this one ends."""
    folder = Path(tempfile.gettempdir()) / f"deskstream-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    bases = list(range(_FIRST, _LAST - HIGHEST_PORT_OFFSET, _STEP))
    random.shuffle(bases)
    for base in bases:
        descriptor = os.open(folder / str(base), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        if all(is_free(base + offset) for offset in range(HIGHEST_PORT_OFFSET + 1)):
            _HELD.append(descriptor)
            return base
        os.close(descriptor)
    raise DeskError("no block of free ports is left: stop some programs that listen on ports 20000 to 32700")
