"""What the SMTP server has taken, noted in a file before anything else happens.

Between the server's 250 and the commit that records it lies the moment in which a killed process would forget that a mail is gone.
A write to a file survives the process (not the machine), and takes microseconds.
"""

import os
from pathlib import Path
from uuid import UUID


class Journal:
    """An append-only file of 16-byte delivery ids."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, delivery: UUID) -> None:
        """Written before it returns. Raises OSError, as where the disk is full."""
        os.write(self._file, delivery.bytes)

    def entries(self) -> set[UUID]:
        """All that was noted since the last `clear`; an entry that was cut off at the end is left out."""
        size = os.fstat(self._file).st_size
        raw = os.pread(self._file, size, 0)
        return {UUID(bytes=raw[i : i + 16]) for i in range(0, size - 15, 16)}

    def clear(self) -> None:
        """Forgets everything; only right while nothing that is noted is still to be recorded."""
        os.ftruncate(self._file, 0)

    @property
    def size(self) -> int:
        """How many entries there are."""
        return os.fstat(self._file).st_size // 16

    def close(self) -> None:
        """The file stays, for the next process."""
        os.close(self._file)
