"""What a process knows to be in force: read beside the work, so that no transaction pays for it."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from deskstream_chassis.documents.versions import Version, first, newer
from deskstream_chassis.run.waiting import first_of
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.database import Connection, Transactions
from deskstream_chassis.store.patience import tolerantly
from deskstream_contracts.documents import Document
from deskstream_contracts.wire import WireModel

C = TypeVar("C", bound=WireModel)
_EVERY_SECONDS: Final = 2.0


class InForce(Worker):
    """Keeps the newest version of each document. What is put is in force in this process at once, in others within two seconds."""

    name = "settings"
    comes_round = False  # what it knows stays in force while the database is away

    def __init__(self, engine: Transactions, documents: Sequence[Document[Any]]) -> None:
        super().__init__()
        self._engine = engine
        self._known: dict[str, Version[Any]] = {document.name: first(document) for document in documents}
        self._looked = False
        self._wake = asyncio.Event()

    def of(self, document: Document[C]) -> C:
        """What is in force."""
        content: C = self._known[document.name].content
        return content

    @property
    def ready(self) -> bool:
        """A process that has never known what is settled does nothing by what is not."""
        return self._looked and super().ready

    def wake(self) -> None:
        """Makes it look now, after something was put."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._wake.clear()
            await self.look()
            await first_of(_EVERY_SECONDS, self._wake, stop)

    async def look(self) -> None:
        """Reads what is in force; where the database is away, what is known stays."""
        await tolerantly("read the settings", self._read)

    async def _read(self) -> None:
        async with self._engine.connect() as connection:
            # The same object as long as it is the same version: who makes something of it may keep it by that.
            for found in await self._newer(connection, list(self._known.values())):
                self._known[found.document.name] = found
        self._looked = True

    async def _newer(self, connection: Connection, known: Sequence[Version[Any]]) -> Sequence[Version[Any]]:
        """Those that are newer than what is known; who is no owner of them reads them where it keeps what it has heard."""
        return await newer(connection, known)
