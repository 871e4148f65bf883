"""Named places where a fault test may kill or hold a process. Unset, they cost one dictionary look-up."""

import asyncio
import os
import signal

_armed: dict[str, str] = {}


def arm(specification: str) -> None:
    """Arms from `name=kill,name=sleep:5`. Raises ValueError for what it does not understand."""
    _armed.clear()
    for item in filter(None, (part.strip() for part in specification.split(","))):
        name, _, action = item.partition("=")
        if action != "kill" and not action.startswith("sleep:"):
            raise ValueError(f"failpoint {item!r}: the action is kill or sleep:SECONDS")
        _armed[name] = action


async def failpoint(name: str) -> None:
    action = _armed.get(name)
    if action is None:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    await asyncio.sleep(float(action.removeprefix("sleep:")))
