"""Putting a document, and putting an earlier version of it back: use cases that every owner of documents has."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel

from deskstream_chassis.documents.versions import PutVersions, Version
from deskstream_chassis.refusals import PreconditionFailed
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.store.unit import UnitOfWork
from deskstream_contracts.documents import Document
from deskstream_contracts.visibility import Visibility
from deskstream_contracts.wire import Actor, WireModel

C = TypeVar("C", bound=WireModel)


class DocumentHasMoved(PreconditionFailed):
    def __init__(self, document: str, expected: int, version: int) -> None:
        super().__init__(f"{document} is at version {version} by now, not {expected}; look at it again.")


class Consequence(BaseModel):
    """What a content would bring about: a code, and how many it concerns."""

    code: str
    count: int


def as_it_is(_before: WireModel, wanted: C) -> C:
    """What is wanted is put."""
    return wanted


async def of_nothing(_connection: Connection, _wanted: WireModel, _visibility: Visibility) -> list[Consequence]:
    """Nothing comes of it but what it says."""
    return []


@dataclass(frozen=True, slots=True)
class KeptDocument(Generic[C]):
    """A document as its owner keeps it.

    `settled` makes of what is in force and of what is wanted what is put (pure; raises a Refusal); `consequences` counts, in the
    database, what a content would bring about if it were put, of what somebody sees.
    """

    document: Document[C]
    settled: Callable[[C, C], C] = as_it_is
    consequences: Callable[[Connection, C, Visibility], Awaitable[list[Consequence]]] = of_nothing


class WithDocuments(UnitOfWork):
    """Base of the unit of a service that keeps documents."""

    def __init__(self, connection: Connection, outbox: Outbox, now: datetime) -> None:
        super().__init__(connection, outbox, now)
        self.documents = self.include(PutVersions(connection))


@dataclass(frozen=True, slots=True)
class PutDocument(Generic[C]):
    """Puts a document as a whole; what is in force already changes nothing. `expected`: the version to be replaced, None: any."""

    kept: KeptDocument[C]
    content: C
    note: str
    by: Actor
    expected: int | None

    def needs(self, unit: WithDocuments) -> None:
        unit.documents.need(self.kept.document)

    def handle(self, unit: WithDocuments) -> Version[C]:
        return put(unit, self.kept, self.content, self.note, self.by, self.expected)


@dataclass(frozen=True, slots=True)
class PutDocumentBack(Generic[C]):
    """Puts what an earlier version said again, as a new version: history is not rewritten. Version 0 is what the desk came with."""

    kept: KeptDocument[C]
    version: int
    note: str
    by: Actor
    expected: int | None

    def needs(self, unit: WithDocuments) -> None:
        unit.documents.need(self.kept.document, self.version)

    def handle(self, unit: WithDocuments) -> Version[C]:
        earlier = unit.documents.earlier(self.kept.document, self.version)
        return put(unit, self.kept, earlier.content, self.note or f"Back to version {self.version}.", self.by, self.expected)


def put(unit: WithDocuments, kept: KeptDocument[C], content: C, note: str, by: Actor, expected: int | None) -> Version[C]:
    """Raises DocumentHasMoved, and what the owner refuses."""
    before = unit.documents.in_force(kept.document)
    if expected is not None and expected != before.version:
        raise DocumentHasMoved(kept.document.name, expected, before.version)
    settled = kept.settled(before.content, content)
    if settled == before.content:
        return before
    version = Version(kept.document, before.version + 1, settled, by, note, unit.now)
    unit.documents.put(version)
    unit.record(
        kept.document.event(
            document=kept.document.name,
            version=version.version,
            at=unit.now,
            by=by,
            note=note,
            content=settled,  # type: ignore[call-arg]
        )
    )
    return version
