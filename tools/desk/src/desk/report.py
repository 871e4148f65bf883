"""How a stack tells what it is doing while it starts."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from desk.files import replace_text


class Report(Protocol):
    """Hears of the phases of a start."""

    def phase(self, text: str) -> None:
        """A new phase begins."""

    def download(self, what: str, done: int, total: int) -> None:
        """So many bytes of so many have come."""


class Silent:
    """Says nothing; for tests."""

    def phase(self, text: str) -> None:
        """Say nothing."""

    def download(self, what: str, done: int, total: int) -> None:
        """Say nothing."""


class Spoken:
    """Writes a line a phase, with its seconds, and bars for downloads."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started: float | None = None
        self._bar: Progress | None = None

    def phase(self, text: str) -> None:
        """End the line of the last phase and begin one; an empty text only ends."""
        self._end_bar()
        now = time.monotonic()
        if self._started is not None:
            self._console.print(f"[dim] {now - self._started:.1f} s[/dim]")
        self._started = now if text else None
        if text:
            self._console.print(f"• {text} …", end="", highlight=False)

    def download(self, what: str, done: int, total: int) -> None:
        """Draw the bar (on a terminal)."""
        if not self._console.is_terminal:
            return
        if self._bar is None:
            columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
            self._console.print()
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._bar.add_task(what, total=total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class Written:
    """Writes the phase to a file that `up --detach` reads from outside."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._phases: list[str] = []

    def phase(self, text: str) -> None:
        """Append the phase."""
        if text:
            self._phases.append(text)
            replace_text(self._path, json.dumps(self._phases))

    def download(self, what: str, done: int, total: int) -> None:
        """Nothing: what `up --detach` downloads it downloads before it detaches."""
