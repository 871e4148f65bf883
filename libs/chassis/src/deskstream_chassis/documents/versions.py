"""The versions of documents in the database, and the part of a unit of work that puts a new one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from deskstream_chassis.refusals import NotFound
from deskstream_chassis.store.database import Connection, insert_rows
from deskstream_chassis.store.rows import Query, fetch
from deskstream_contracts.documents import Document
from deskstream_contracts.wire import Actor, WireModel

C = TypeVar("C", bound=WireModel)


class NoSuchVersion(NotFound):
    def __init__(self, document: str, version: int) -> None:
        super().__init__(f"{document} has no version {version}.")


@dataclass(frozen=True, slots=True)
class Version(Generic[C]):
    """A version of a document. Version 0 is what the desk comes with: nobody put it."""

    document: Document[C]
    version: int
    content: C
    by: Actor | None = None
    note: str = ""
    at: datetime | None = None


def first(document: Document[C]) -> Version[C]:
    """What is in force until somebody puts something."""
    return Version(document, 0, document.content())


def documents_table(metadata: MetaData) -> Table:
    return Table(
        "documents",
        metadata,
        Column("document", Text, primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("content", JSONB, nullable=False),
        Column("by", JSONB, nullable=False),
        Column("note", Text, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )


_TABLE: Final = documents_table(MetaData())


class _Row(NamedTuple):
    document: str
    version: int
    content: str
    by: str
    note: str
    at: datetime


_COLUMNS: Final = "document, version, content::text AS content, by::text AS by, note, at"
_NEWER: Final = Query(
    text(f"""SELECT DISTINCT ON (document) {_COLUMNS} FROM documents
        JOIN unnest(CAST(:documents AS text[]), CAST(:versions AS integer[])) AS known (name, seen)
            ON document = name AND version > seen
        ORDER BY document, version DESC"""),
    _Row,
)
_ONE: Final = Query(text(f"SELECT {_COLUMNS} FROM documents WHERE document = :document AND version = :version"), _Row)
_PAGE: Final = Query(
    text(f"SELECT {_COLUMNS} FROM documents WHERE document = :document AND version < :before ORDER BY version DESC LIMIT :n"),
    _Row,
)


async def newest(connection: Connection, documents: Sequence[Document[Any]]) -> list[Version[Any]]:
    """What is in force of each, in their order."""
    begin = [first(document) for document in documents]
    found = {version.document.name: version for version in await newer(connection, begin)}
    return [found.get(version.document.name, version) for version in begin]


async def newer(connection: Connection, known: Sequence[Version[Any]]) -> list[Version[Any]]:
    """What is in force of those of which it is newer than what is known: mostly nothing, and then nothing is read."""
    by_name = {version.document.name: version for version in known}
    values = {"documents": list(by_name), "versions": [version.version for version in by_name.values()]}
    return [_read(by_name[row.document].document, row) for row in await fetch(connection, _NEWER, values)]


async def one(connection: Connection, document: Document[C], version: int) -> Version[C]:
    """Raises NoSuchVersion."""
    if version == 0:
        return first(document)
    rows = await fetch(connection, _ONE, {"document": document.name, "version": version})
    if not rows:
        raise NoSuchVersion(document.name, version)
    return _read(document, rows[0])


async def before(connection: Connection, document: Document[C], version: int, n: int) -> list[Version[C]]:
    """At most `n` versions that are older than `version`, newest first; the one that nobody put is not among them."""
    rows = await fetch(connection, _PAGE, {"document": document.name, "before": version, "n": n})
    return [_read(document, row) for row in rows]


def _read(document: Document[C], row: _Row) -> Version[C]:
    content = document.content.model_validate_json(row.content)
    return Version(document, row.version, content, Actor.model_validate_json(row.by), row.note, row.at)


class PutVersions:
    """In a unit of work: the versions that are needed, and one that is put. Of two who put at once the later is taken again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._needed: dict[str, Document[Any]] = {}
        self._old: dict[tuple[str, int], Document[Any]] = {}
        self._found: dict[str, Version[Any]] = {}
        self._found_old: dict[tuple[str, int], Version[Any]] = {}
        self._put: list[Version[Any]] = []
        self.written: Callable[[], None] = lambda: None
        """Called when something is put, before the commit."""

    def need(self, document: Document[Any], version: int | None = None) -> None:
        """Says that what is in force is needed; `version`: an earlier one as well."""
        self._needed[document.name] = document
        if version is not None:
            self._old[document.name, version] = document

    def in_force(self, document: Document[C]) -> Version[C]:
        """What was in force when the unit was loaded, or was put since."""
        return self._found[document.name]

    def earlier(self, document: Document[C], version: int) -> Version[C]:
        """A version that was needed. Raises NoSuchVersion."""
        found = self._found_old.get((document.name, version))
        if found is None:
            raise NoSuchVersion(document.name, version)
        return found

    def put(self, version: Version[C]) -> None:
        """Takes a new version; `flush` writes it."""
        self._found[version.document.name] = version
        self._put.append(version)

    async def load(self) -> None:
        needed, self._needed = self._needed, {}
        if needed:
            documents = list(needed.values())
            self._found.update((v.document.name, v) for v in await newest(self._connection, documents))
        old, self._old = self._old, {}
        for (name, version), document in old.items():
            if version <= self._found[name].version:
                self._found_old[name, version] = await one(self._connection, document, version)

    async def flush(self) -> None:
        put, self._put = self._put, []
        await insert_rows(
            self._connection,
            _TABLE,
            [
                {
                    "document": v.document.name,
                    "version": v.version,
                    "content": v.content.model_dump_json(),
                    "by": (v.by or Actor(kind="system", id=v.document.owner)).model_dump_json(),
                    "note": v.note,
                    "at": v.at,
                }
                for v in put
            ],
        )
        if put:
            self.written()
