"""How close together batches may begin: what a transaction costs is shared by all that are in it, so load gathers."""

import asyncio
import time
from typing import Final

_RATIO: Final = 4.0
_BUSY: Final = 100.0
_WINDOW_SECONDS: Final = 0.5


class Linger:
    """Rests between batches for some times as long as the last one took, never longer than `most_seconds`, and only under load.

    With fewer than a hundred messages a second there is nothing to gain, and every message is taken at once. The busier the
    machine, the longer a batch takes, the more gathers for the next, and the less each message costs.
    """

    def __init__(self, most_seconds: float) -> None:
        self._most_seconds = most_seconds
        self._began = 0.0
        self._ready_at = 0.0
        self._window_began = 0.0
        self._in_window = 0
        self._rate = 0.0

    def begin(self) -> None:
        """A batch with something in it begins."""
        self._began = time.monotonic()

    def end(self, messages: int) -> None:
        """It has ended, and had so many messages: the next one is not to begin too soon."""
        now = time.monotonic()
        self._in_window += messages
        if now - self._window_began >= _WINDOW_SECONDS:
            self._rate = self._in_window / (now - self._window_began)
            self._window_began, self._in_window = now, 0
        if self._rate >= _BUSY:
            self._ready_at = now + min(self._most_seconds, _RATIO * (now - self._began))

    async def rest(self) -> None:
        """Returns when the next batch may begin."""
        early = self._ready_at - time.monotonic()
        if early > 0:
            await asyncio.sleep(early)
