"""Whether the consumer has taken what came while the service was down."""

import time
from typing import Final

from prometheus_client import REGISTRY

from deskstream_chassis.bus.subscriber import Subscriber
from deskstream_contracts.topics import TICKETS

_SETTLED_AFTER_SECONDS: Final = 1.5


class CatchingUp:
    """`caught_up` is true once the consumer has been there for a moment and has nothing of the tickets left to take."""

    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self._ready_since: float | None = None

    def caught_up(self) -> bool:
        """Whether it has; to be asked again and again, as it takes the time since it was first so."""
        if not self._subscriber.ready:
            self._ready_since = None
            return False
        now = time.monotonic()
        if self._ready_since is None:
            self._ready_since = now
        lag = REGISTRY.get_sample_value("deskstream_consumer_lag_messages", {"topic": TICKETS.name})
        return not lag and now - self._ready_since >= _SETTLED_AFTER_SECONDS
