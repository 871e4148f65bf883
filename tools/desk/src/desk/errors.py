"""What can go wrong for a user of the stack: one line that says what it is, and what to do."""

from __future__ import annotations

from pathlib import Path

from desk.logtail import last_lines

_LINES = 15


class DeskError(Exception):
    """A failure that the user can act on.

    `log` names the file whose last lines say why, if there is one; they are its notes too, where a traceback is printed.
    """

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log
        for line in self.lines():
            self.add_note(line)

    def lines(self) -> list[str]:
        """The end of the log."""
        return [] if self.log is None else last_lines(self.log, _LINES)


class AlreadyRuns(DeskError):
    """Another process runs a stack on this home."""
