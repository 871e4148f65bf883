"""The end of a log, and what is added to it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

_BLOCK = 256 * 1024


def last_lines(log: Path, count: int) -> list[str]:
    """The last lines of a log (of its last 256 KiB)."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _BLOCK))
        return file.read().decode(errors="replace").splitlines()[-count:]


def follow(logs: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    """Every line that is added to any of the logs from now on, with the log's name; outlives rotation. Never ends."""
    places = {name: _where(path) for name, path in logs.items()}
    rests = dict.fromkeys(logs, "")
    while True:
        quiet = True
        for name, path in logs.items():
            inode, size = _where(path)
            known, offset = places[name]
            if inode != known or size < offset:
                offset, rests[name] = 0, ""
            if size > offset:
                quiet = False
                with path.open("rb") as file:
                    file.seek(offset)
                    text = rests[name] + file.read(size - offset).decode(errors="replace")
                *lines, rests[name] = text.split("\n")
                yield from ((name, line) for line in lines)
            places[name] = (inode, max(size, 0))
        if quiet:
            time.sleep(0.2)


def _where(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (stat.st_ino, stat.st_size)
