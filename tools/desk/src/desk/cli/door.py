"""The stack on this home, for commands that ask its API: also when a part of it does not run."""

from __future__ import annotations

from desk.client import Desk
from desk.errors import DeskError
from desk.overview import look
from desk.paths import MARKER, desk_home


def door() -> Desk:
    """The doors of the stack on DESK_HOME. Raises DeskError where there never was one."""
    home = desk_home()
    if not (home / MARKER).exists():
        raise DeskError(f"there is no stack at {home}: ./desk up makes one")
    return Desk.at(home, look(home).port_base)
