"""The live stream: events are fanned out over bounded queues. A client that does not read is dropped, never waited for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from deskstream_contracts.topics import NOTIFICATIONS, SLAS, TICKETS
from deskstream_contracts.visibility import Visibility
from gateway import metrics
from gateway.domain.refusals import TooManyStreams
from gateway.messaging.sse import Frame

TOPICS: Final = (TICKETS.name, SLAS.name, NOTIFICATIONS.name)
_QUEUE: Final = 1000


def _for_ever() -> bool:
    return True


@dataclass(eq=False, slots=True)
class Client:
    """One open stream, as long as its account `may_go_on`. `ended` says that no more will come: it may not, the desk stops, or the
    client did not read."""

    types: frozenset[str]
    visibility: Visibility
    account: str = ""
    may_go_on: Callable[[], bool] = _for_ever
    queue: "asyncio.Queue[Frame]" = field(default_factory=lambda: asyncio.Queue(_QUEUE))
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def wants(self, event: Frame) -> bool:
        """Whether it asked for such an event, and sees the ticket that it is about."""
        return (not self.types or event.type in self.types) and event.is_seen(self.visibility)


class Live:
    """Who listens. `wanted` and `reading` are between it and its reader: there is somebody to read for; what comes now is heard."""

    def __init__(self, most: int = 200, most_of_an_account: int = 20) -> None:
        self._most = most
        self._most_of_an_account = most_of_an_account
        self.clients: set[Client] = set()
        self.wanted = asyncio.Event()
        self.reading = asyncio.Event()
        self._ended = False

    async def open(
        self,
        types: frozenset[str],
        visibility: Visibility,
        account: str = "",
        patience_seconds: float = 10.0,
        may_go_on: Callable[[], bool] = _for_ever,
    ) -> Client:
        """A stream that every event from now on reaches, until `close`.

        Raises TimeoutError where Kafka is away, and TooManyStreams where the account or the process has as many as may be.
        """
        if sum(client.account == account for client in self.clients) >= self._most_of_an_account:
            raise TooManyStreams(f"You have {self._most_of_an_account} live streams open; close one first.")
        if len(self.clients) >= self._most:
            raise TooManyStreams(f"There are {self._most} live streams open here; try again later.")
        client = Client(types, visibility, account, may_go_on)
        self.clients.add(client)
        self.wanted.set()
        if self._ended:
            client.ended.set()
        try:
            await asyncio.wait_for(self.reading.wait(), patience_seconds)
        except BaseException:
            self.close(client)
            raise
        metrics.LIVE_CLIENTS.set(len(self.clients))
        return client

    def close(self, client: Client) -> None:
        """Drops a stream; again, it does nothing."""
        self.clients.discard(client)
        metrics.LIVE_CLIENTS.set(len(self.clients))

    def hand_out(self, event: Frame) -> None:
        """Gives an event to all who want it; who has too many unread is dropped."""
        for client in [c for c in self.clients if c.wants(event)]:
            try:
                client.queue.put_nowait(event)
            except asyncio.QueueFull:
                client.ended.set()
                self.close(client)
                metrics.LIVE_DROPPED.inc()

    def review(self) -> None:
        """Ends each stream whose account may not go on: somebody has been revoked."""
        for client in self.clients:
            if not client.may_go_on():
                client.ended.set()

    def end(self) -> None:
        """Ends every stream, and each that is opened later: the desk stops."""
        self._ended = True
        for client in self.clients:
            client.ended.set()
