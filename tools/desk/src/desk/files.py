"""Writing files, and who may read them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

OWNER_ONLY = 0o077
"""The umask of all that writes below a home or into a backup: mails, passwords and keys are in it."""


def replace_text(path: Path, text: str, mode: int = 0o600, *, durable: bool = False) -> None:
    """Write a file, by default for its owner only, so that a reader never meets half of it; a durable one outlives a power cut."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    draft.replace(path)


def close_to_others(folder: Path) -> None:
    """Take the rights of group and others away from a folder and all that is in it (of one made by an earlier release).

    Where somebody else owns something in it (PostgreSQL, where root starts it), others may still pass through the folder itself.
    """
    passing = False
    for place, folders, files in os.walk(folder):
        for path in (Path(place), *(Path(place, name) for name in (*folders, *files))):
            try:
                known = path.lstat()
                passing = passing or known.st_uid != os.getuid()
                if not stat.S_ISLNK(known.st_mode) and known.st_mode & OWNER_ONLY:
                    path.chmod(stat.S_IMODE(known.st_mode) & ~OWNER_ONLY)
            except FileNotFoundError:  # it goes on living meanwhile
                continue
    if passing:
        folder.chmod(0o711)
