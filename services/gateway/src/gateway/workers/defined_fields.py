"""Which custom fields are defined, read beside the work out of the read model: no request pays for it."""

import asyncio
from typing import Final, TypeVar

from deskstream_chassis.run.waiting import pause
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.store.patience import tolerantly
from deskstream_contracts.documents import CUSTOMER_FIELDS, ORGANIZATION_FIELDS, TICKET_FIELDS, Document
from deskstream_contracts.events.settings import FieldDefinitions
from gateway.persistence import queries

D = TypeVar("D", bound=FieldDefinitions)
_EVERY_SECONDS: Final = 2.0
_DOCUMENTS: Final[tuple[Document[FieldDefinitions], ...]] = (
    TICKET_FIELDS,  # type: ignore[assignment]
    CUSTOMER_FIELDS,
    ORGANIZATION_FIELDS,
)


class DefinedFields(Worker):
    """Until a document was heard of, what it comes with is in force: no fields."""

    name = "defined fields"
    comes_round = False  # what it knows stays while the database is away

    def __init__(self, database: Transactions) -> None:
        super().__init__()
        self._database = database
        self._versions: dict[str, int] = {}
        self._defined: dict[str, FieldDefinitions] = {}

    def of(self, document: Document[D]) -> D:
        """What a document defines."""
        found = self._defined.get(document.name)
        return found if isinstance(found, document.content) else document.content()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.look()
            await pause(stop, _EVERY_SECONDS)

    async def look(self) -> None:
        """Reads what was heard; where the database is away, what is known stays."""
        await tolerantly("read the custom fields", self._read)

    async def _read(self) -> None:
        by_name = {document.name: document for document in _DOCUMENTS}
        async with self._database.connect() as connection:
            for row in await queries.documents(connection, list(by_name)):
                if self._versions.get(row.document) != row.version:
                    self._defined[row.document] = by_name[row.document].content.model_validate_json(row.content)
                    self._versions[row.document] = row.version
