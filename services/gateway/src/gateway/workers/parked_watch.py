"""Which keys the services have parked, asked of them every few seconds: so that tickets and ledger entries say that they wait."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from deskstream_chassis.run.clock import new_id
from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.web.subjects import Program, Role
from gateway.adapters.owners import Owners
from gateway.domain.parked import ParkedNotice
from gateway.domain.session import Session

_SELF: Final = Program("gateway", "gateway", frozenset({Role.OPERATOR}))


class ParkedWatch(Worker):
    """What a service that does not answer had parked stays as it was last seen."""

    name = "parked watch"
    comes_round = False  # an owner that is slow has its own time limit

    def __init__(self, owners: Owners, every_seconds: float) -> None:
        super().__init__()
        self._owners = owners
        self._every_seconds = every_seconds
        self._seen: dict[str, Mapping[str, Sequence[ParkedNotice]]] = {}

    def of(self, *keys: object) -> list[ParkedNotice]:
        """What is parked under any of these keys: ticket ids, thread roots."""
        names = {str(key) for key in keys if key is not None}
        return [notice for seen in self._seen.values() for name in names for notice in seen.get(name, ())]

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.look()
            await pause(stop, self._every_seconds)

    async def look(self) -> None:
        """Asks all services side by side."""
        session = Session(_SELF, jti="", expires_at=0, correlation_id=str(new_id()))
        parked, away = await self._owners.lists(self._owners.names, "/admin/parked", session, None)
        seen: dict[str, dict[str, list[ParkedNotice]]] = {owner: {} for owner in self._owners.names if owner not in away}
        for owner, entry in parked:
            notice = ParkedNotice(
                service=owner,
                messages=entry["messages"],
                since=datetime.fromisoformat(entry["since"]),
                event_type=entry["event_type"],
                error=entry["error"].partition("\n")[0][:500],
            )
            seen[owner].setdefault(entry["key"], []).append(notice)
        self._seen.update(seen)
