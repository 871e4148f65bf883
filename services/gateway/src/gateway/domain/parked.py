"""What waits of a ticket, or of a thread that is to become one, because some service could not take it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ParkedNotice:
    """Messages that wait in a service until somebody replays or discards them; `error`: what was wrong with the first."""

    service: str
    messages: int
    since: datetime
    event_type: str
    error: str


class Parked(Protocol):
    """Knows what is parked."""

    def of(self, *keys: object) -> list[ParkedNotice]:
        """What is parked under any of these keys: ticket ids, thread roots."""
        ...
