"""Keeps a stack running for the CLI: starts what dies again, bounds the logs, and stops all on a signal."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from rich.console import Console

from desk.errors import DeskError
from desk.files import replace_text
from desk.processes import bound_log
from desk.stack import Stack

POLL_SECONDS = 0.25
LOG_CHECK_SECONDS = 10.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
STEADY_SECONDS = 60.0
"""Who has run that long since its last start is not failing again and again: its wait begins anew."""


@dataclass(slots=True)
class Restarts:
    """When each process that died is to be started again. Times are of one monotonic clock, in seconds."""

    counts: dict[str, int] = field(default_factory=dict)
    _waits: dict[str, float] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _started: dict[str, float] = field(default_factory=dict)

    def died(self, name: str, now: float) -> float | None:
        """Note a death; returns the wait before its restart, in seconds, or None if it was noted before."""
        if name in self._due:
            return None
        steady = now - self._started.get(name, now) >= STEADY_SECONDS
        wait = FIRST_WAIT if steady or name not in self._waits else min(self._waits[name] * 2, LONGEST_WAIT)
        self._waits[name] = wait
        self._due[name] = now + wait
        return wait

    def due(self, now: float) -> list[str]:
        """Whose wait is over; they count as started now."""
        ready = [name for name, when in self._due.items() if when <= now]
        for name in ready:
            del self._due[name]
            self._started[name] = now
            self.counts[name] = self.counts.get(name, 0) + 1
        return ready


def supervise(stack: Stack, console: Console) -> None:
    """Watch a started stack until SIGINT, SIGTERM or SIGHUP raises KeyboardInterrupt."""
    restarts = Restarts()
    state = stack.home / "run" / "supervisor.json"
    _say(state, restarts)
    next_log_check = 0.0
    while True:
        now = time.monotonic()
        for name in stack.names:
            code = stack.exit_code(name)
            if code is not None:
                wait = restarts.died(name, now)
                if wait is not None:
                    how = f"signal {-code}" if code < 0 else f"exit code {code}"
                    console.print(f"[yellow]{name} ended ({how}); starting it again in {wait:g} s[/yellow]")
        for name in restarts.due(now):
            try:
                stack.restart(name)
                console.print(f"{name} started again (restart {restarts.counts[name]})")
            except DeskError as error:
                console.print(f"[red]{name}: {error}[/red]")
            _say(state, restarts)
        if now >= next_log_check:
            next_log_check = now + LOG_CHECK_SECONDS
            for log in (stack.home / "logs").glob("*.log"):
                bound_log(log)
        time.sleep(POLL_SECONDS)


def _say(state: Path, restarts: Restarts) -> None:
    replace_text(state, json.dumps({"pid": os.getpid(), "ready": True, "restarts": restarts.counts}))


class Interrupts:
    """SIGINT, SIGTERM and SIGHUP: the first ends the work as Ctrl-C does, a later one kills what does not stop."""

    def __init__(self, stack: Stack, console: Console) -> None:
        self._stack = stack
        self._console = console
        self._first: float | None = None
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, self._hear)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = now
            raise KeyboardInterrupt
        if now - self._first > 1:  # a terminal and a parent may both tell it, at once
            self._console.print("[yellow]killing what still runs[/yellow]")
            self._stack.kill_all()


def stop_patiently(stack: Stack, console: Console) -> None:
    """Stop the stack and say how long it took."""
    console.print("stopping …")
    began = time.monotonic()
    stack.stop()
    for name in ("supervisor.json", "phases.json"):
        (stack.home / "run" / name).unlink(missing_ok=True)
    console.print(f"stopped in {time.monotonic() - began:.1f} s; the data are kept in {stack.home}", highlight=False)
