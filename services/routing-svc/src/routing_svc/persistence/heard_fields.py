"""The part of a unit that keeps which custom fields are defined, as their owners told it."""

from typing import Final

from sqlalchemy import text

from deskstream_chassis.store.database import Connection
from deskstream_contracts.events.settings import DocumentChanged, FieldDefinitions

_KEEP: Final = text("""INSERT INTO field_definitions AS f (document, version, content)
    VALUES (:document, :version, CAST(CAST(:content AS text) AS jsonb)) ON CONFLICT (document)
    DO UPDATE SET version = excluded.version, content = excluded.content WHERE excluded.version > f.version""")


class HeardFields:
    """The newest of each document is kept, in whatever order they are heard."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._heard: list[tuple[DocumentChanged, FieldDefinitions]] = []

    def keep(self, told: DocumentChanged, content: FieldDefinitions) -> None:
        """Takes what a document says."""
        self._heard.append((told, content))

    async def load(self) -> None:
        return

    async def flush(self) -> None:
        heard, self._heard = self._heard, []
        for told, content in heard:
            values = {"document": told.document, "version": told.version, "content": content.model_dump_json()}
            await self._connection.execute(_KEEP, values)
