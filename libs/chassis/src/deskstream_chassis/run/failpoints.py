"""Named places where a fault test may kill, hold or block a process. Unset, they cost one dictionary look-up."""

import asyncio
import os
import signal
import time
from typing import Final

_ACTIONS: Final = ("kill", "sleep", "block")
_armed: dict[str, str] = {}


def arm(specification: str) -> None:
    """Arms from `name=kill,name=sleep:5,name=block:5` (seconds). `sleep` holds whoever comes there, each time; `block` holds the
    whole event loop, the first time. Raises ValueError for what it does not understand.
    """
    _armed.clear()
    for item in filter(None, (part.strip() for part in specification.split(","))):
        name, _, action = item.partition("=")
        kind, _, seconds = action.partition(":")
        if kind not in _ACTIONS or (kind == "kill") != (not seconds):
            raise ValueError(f"failpoint {item!r}: the action is kill, sleep:SECONDS or block:SECONDS")
        _armed[name] = action


async def failpoint(name: str) -> None:
    action = _armed.get(name)
    if action is None:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    kind, _, seconds = action.partition(":")
    if kind == "block":
        del _armed[name]
        time.sleep(float(seconds))  # noqa: ASYNC251  # as long work in the event loop would
    else:
        await asyncio.sleep(float(seconds))
