"""What can go wrong for a user of the stack: one line that says what it is, and what to do."""

from __future__ import annotations

from pathlib import Path


class DeskError(Exception):
    """A failure that the user can act on.

    `log` names the file whose last lines say why, if there is one.
    """

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log


class AlreadyRuns(DeskError):
    """Another process runs a stack on this home."""
