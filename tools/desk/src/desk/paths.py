"""Where things are: the checkout, the state of a stack, the cache of this user."""

from __future__ import annotations

import os
from pathlib import Path

from desk.errors import DeskError
from desk.files import replace_text

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[4]
DEFAULT_PORT_BASE = 8400
HIGHEST_PORT_OFFSET = 22
MARKER = ".deskstream-state"
_STATE = "State of a local Deskstream stack, layout 2. `./desk reset` deletes it.\n"
"""What the marker says. The layout is counted up where a release cannot go on with what an older one has left (ADR 13)."""


def desk_home() -> Path:
    """The folder that holds the state of the stack: DESK_HOME, or `.desk` in the root."""
    return Path(os.environ.get("DESK_HOME") or ROOT / ".desk").expanduser().absolute()


def desk_port_base() -> int:
    """The first port of the stack: DESK_PORT_BASE, or 8400. Raises DeskError if it cannot be one."""
    text = os.environ.get("DESK_PORT_BASE", "")
    if not text:
        return DEFAULT_PORT_BASE
    highest = 65535 - HIGHEST_PORT_OFFSET
    if not (text.isascii() and text.isdigit() and 1024 <= int(text) <= highest):
        raise DeskError(f"DESK_PORT_BASE is {text!r}: set it to a number from 1024 to {highest}, or unset it")
    return int(text)


def cache_folder() -> Path:
    """What all stacks of this user share (the jars of Kafka); safe to delete while none runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser().absolute() / "deskstream"


def source_folders() -> list[Path]:
    """The `src` folder of every library, service and tool of the checkout."""
    return sorted(path for part in ("libs", "services", "tools") for path in ROOT.glob(f"{part}/*/src"))


def claim_home(home: Path) -> None:
    """Make the folder of a stack. Refuses one that holds something else (so that `reset` never deletes it), or an older layout."""
    marker = home / MARKER
    if marker.exists():
        if marker.read_text() != _STATE:
            raise DeskError(
                f"{home} was made by another release, which this one cannot go on with: ./desk reset, or another DESK_HOME"
            )
    else:
        if home.exists() and (not home.is_dir() or any(home.iterdir())):
            raise DeskError(f"{home} holds other files: point DESK_HOME to an empty or a new folder")
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_text(marker, _STATE)
    for name in ("logs", "run"):
        (home / name).mkdir(mode=0o700, exist_ok=True)
