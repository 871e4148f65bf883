"""Is this still the process that a pid file speaks of? A pid alone is used again after a crash or a reboot."""

from __future__ import annotations

import contextlib
import os
import signal
from functools import cache
from pathlib import Path

import psutil

STACK_VARIABLE = "DESK_STACK"
"""Every process of a stack carries its home in this variable; by it the children of a dead leader are found."""


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def identity(pid: int) -> str | None:
    """What tells this process from every other that had or will have its pid; None if it is gone or a zombie.

    On Linux: the boot and the start time in clock ticks, which (unlike a wall-clock time) no clock change moves.
    """
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else f"{_boot()}:{fields[19]}"
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.NoSuchProcess:
        return None


def group_survivors(group: int, home: Path) -> list[int]:
    """The processes of this stack that are left in a process group whose leader is gone."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == group and process.environ().get(STACK_VARIABLE) == str(home):
                found.append(process.pid)
    return found


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group that may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def signal_process(pid: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
