"""Whose home is it: the lock of the process that runs a stack, and what an earlier one left behind."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from desk.errors import AlreadyRuns
from desk.identity import group_survivors, identity, signal_group, signal_process

STOP_ORDER = ("mailbox", "kafka", "postgres")
"""What stops after the services, in this order."""
_KILLED_SECONDS = 5.0


def take_lock(home: Path) -> int:
    """The lock that says "this process runs the stack on this home"; it goes when the process goes.

    Raises AlreadyRuns.
    """
    descriptor = os.open(home / "run" / "stack.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRuns(f"the stack on {home} runs already: see ./desk status, or stop it with ./desk down") from None
    return descriptor


def in_stop_order(found: Sequence[Leftover]) -> list[Leftover]:
    """Services first, PostgreSQL last."""
    return sorted(found, key=lambda leftover: STOP_ORDER.index(leftover.name) + 1 if leftover.name in STOP_ORDER else 0)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A process of an earlier run that still lives, found by its pid file."""

    name: str
    pid: int
    signal: int
    leads: bool
    path: Path
    home: Path

    def alive(self) -> bool:
        """Whether anything of it is left."""
        return bool(identity(self.pid)) if self.leads else bool(group_survivors(self.pid, self.home))

    def stop(self, seconds: float) -> None:
        """Ask its leader to stop, then kill what is left of its group."""
        if self.leads:
            signal_process(self.pid, self.signal)
            signal_group(self.pid, signal.SIGCONT)
            deadline = time.monotonic() + seconds
            while identity(self.pid) and time.monotonic() < deadline:
                time.sleep(0.05)
            if identity(self.pid):
                signal_group(self.pid, signal.SIGKILL)
        survivors = group_survivors(self.pid, self.home)
        for pid in survivors:
            signal_process(pid)
        deadline = time.monotonic() + _KILLED_SECONDS
        watched = [self.pid, *survivors] if self.leads else survivors
        while any(identity(pid) for pid in watched) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.path.unlink(missing_ok=True)


def read_pid_file(path: Path, home: Path) -> Leftover | None:
    """The process that a pid file speaks of, if it (or its group) still lives; a stale file is deleted."""
    try:
        note = json.loads(path.read_text())
        pid, known, number = int(note["pid"]), note["identity"], int(note["signal"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        path.unlink(missing_ok=True)
        return None
    leads = known is not None and identity(pid) == known
    if leads or group_survivors(pid, home):
        return Leftover(path.stem, pid, number, leads, path, home)
    path.unlink(missing_ok=True)
    return None


def stale_processes(home: Path) -> list[Leftover]:
    """The processes of an earlier run on this home that still live."""
    found = (read_pid_file(path, home) for path in sorted((home / "run").glob("*.pid")))
    return [leftover for leftover in found if leftover is not None]
