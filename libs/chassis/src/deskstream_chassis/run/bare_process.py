"""Python processes that get nothing of ours: foreign text is worked on there, and may break or hold up nobody but them."""

import asyncio
import contextlib
import os
import sys
from typing import Final

_KEPT: Final = ("PATH", "LD_LIBRARY_PATH", "LANG", "VIRTUAL_ENV")
_READ_AHEAD: Final = 1024 * 1024


async def start(module: str, *arguments: str) -> asyncio.subprocess.Process:
    """Runs `python -m module arguments`, its input and output as pipes, without our environment, in a session of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # what foreign text makes a library say is not for our logs
        env=_environment(),
        start_new_session=True,
        limit=_READ_AHEAD,
    )


async def end(process: asyncio.subprocess.Process) -> None:
    """Kills it, whatever it is at."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _environment() -> dict[str, str]:
    # Nothing of ours that foreign text could get at: no database address, no secret.
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
