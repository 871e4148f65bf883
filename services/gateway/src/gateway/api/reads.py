"""How much one account may ask at a time: a read holds a connection to a database, here or at an owner, and they are few."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from deskstream_chassis.watch.metrics import HTTP_REFUSED, child
from gateway.domain.refusals import TooManyReads


@dataclass(slots=True)
class _Account:
    places: asyncio.Semaphore
    waiting: int = 0
    here: int = 0
    """Reads that have a place or wait for one; the account is forgotten with the last of them."""


class Reads:
    """So many reads of an account are answered `at_once`; so many wait for their turn, so long."""

    def __init__(self, at_once: int, waiting: int, seconds: float) -> None:
        self._at_once = at_once
        self._waiting = waiting
        self._seconds = seconds
        self._accounts: dict[str, _Account] = {}

    @asynccontextmanager
    async def turn(self, account: str) -> AsyncIterator[None]:
        """Has a place within it. Raises TooManyReads."""
        found = self._accounts.setdefault(account, _Account(asyncio.Semaphore(self._at_once)))
        found.here += 1
        try:
            await self._take(found)
            try:
                yield
            finally:
                found.places.release()
        finally:
            found.here -= 1
            if not found.here:
                self._accounts.pop(account)

    async def _take(self, account: _Account) -> None:
        if not account.places.locked():
            await account.places.acquire()
            return
        refusal = TooManyReads(f"You have {self._at_once} requests under way and others that wait; let some end first.")
        if account.waiting >= self._waiting:
            child(HTTP_REFUSED, "reads").inc()
            raise refusal
        account.waiting += 1
        try:
            async with asyncio.timeout(self._seconds):
                await account.places.acquire()
        except TimeoutError:
            child(HTTP_REFUSED, "reads").inc()
            raise refusal from None
        finally:
            account.waiting -= 1
