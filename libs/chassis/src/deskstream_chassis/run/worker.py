"""What runs beside the API until it is told to stop, with the same signs of life for all."""

import asyncio
import time
from abc import ABC, abstractmethod
from typing import ClassVar


class Worker(ABC):
    """Liveness is progress: a worker calls `progress` each time it comes round, and waiting for work is coming round.

    One that is to come round by itself keeps `comes_round`; one that waits for others, or that nobody depends on, sets it False.
    """

    name: ClassVar[str]
    comes_round: ClassVar[bool] = True

    def __init__(self) -> None:
        self.failure: str | None = None
        self._came_round_at = time.monotonic()

    @abstractmethod
    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set. What it raises ends the process."""

    def progress(self) -> None:
        """Says that it has come round."""
        self._came_round_at = time.monotonic()

    @property
    def ready(self) -> bool:
        """Whether it does its work: readiness of the process asks."""
        return self.failure is None

    def stalled(self, after_seconds: float) -> str | None:
        """Why the process is to be restarted, or None: liveness asks."""
        idle = time.monotonic() - self._came_round_at
        return f"{self.name} has not come round for {idle:.0f} s" if self.comes_round and idle > after_seconds else None
