"""HTTP of documents: what is in force, putting it, its versions, what differs, trying, putting back. The same for each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, ValidatorFunctionWrapHandler, WrapValidator, create_model

from deskstream_chassis.documents import versions
from deskstream_chassis.documents.difference import Difference, differences
from deskstream_chassis.documents.putting import Consequence, KeptDocument, PutDocument, PutDocumentBack
from deskstream_chassis.documents.versions import Version
from deskstream_chassis.store.database import Transactions
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.commands import Command
from deskstream_chassis.web.preconditions import RequiredIfMatch, required_version
from deskstream_chassis.web.subjects import LEADS, READERS, Subject, actor
from deskstream_contracts.documents import Document
from deskstream_contracts.wire import Actor, Paragraph, WireModel

C = TypeVar("C", bound=WireModel)
PREFIX: Final = "/settings"
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]
Reader = Annotated[Subject, Depends(require(*READERS))]
Lead = Annotated[Subject, Depends(require(*LEADS))]


class PutBack(BaseModel):
    """Why something is put."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    note: Paragraph = Field(default="", description="Why, for whoever reads the history.")


class VersionEntry(BaseModel):
    """A version, without what it says. Version 0 is what the desk came with: nobody put it."""

    document: str
    title: str
    version: int
    at: datetime | None
    by: Actor | None
    note: str


class VersionAnswer(VersionEntry, Generic[C]):
    """A version with all that it says."""

    content: C


class VersionPage(BaseModel):
    """`next` is what `before` is to be for the following page, None on the last."""

    items: list[VersionEntry]
    next: int | None


class Compared(BaseModel):
    """What differs between two versions."""

    from_version: int
    to_version: int
    differences: list[Difference]


class Tried(BaseModel, Generic[C]):
    """What would be put, what would differ from what is in force, and what would come of it."""

    content: C
    differences: list[Difference]
    consequences: list[Consequence]


def path_of(document: Document[Any]) -> str:
    """Where a document is, at its owner and, behind its prefix, at the gateway."""
    return f"{PREFIX}/{document.name}"


def put_body(document: Document[Any]) -> type[BaseModel]:
    """The body of a PUT or of a trial. A field that is not known is refused: a misspelt one must not be dropped in silence."""
    content = document.content

    def strictly(value: object, _: ValidatorFunctionWrapHandler) -> WireModel:
        found: WireModel = content.model_validate(value, extra="forbid")
        return found

    fields: dict[str, Any] = {"content": (Annotated[content, WrapValidator(strictly)], ...)}
    return create_model(f"Put{content.__name__}", __base__=PutBack, **fields)


def answer_of(document: Document[Any]) -> type[BaseModel]:
    """The model of a version with its content."""
    return VersionAnswer[document.content]  # type: ignore[name-defined]


def tried_of(document: Document[Any]) -> type[BaseModel]:
    """The model of what a trial answers."""
    return Tried[document.content]  # type: ignore[name-defined]


def document_commands(kept: Sequence[KeptDocument[Any]]) -> dict[str, Command]:
    """Putting, and putting back, of each document."""
    table: dict[str, Command] = {}
    for one in kept:
        path = path_of(one.document)
        table[f"PUT {path}"] = Command(_put(one), LEADS, _shows(one.document))
        table[f"POST {path}/put-back/{{version}}"] = Command(_put_back(one), LEADS, _shows(one.document))
    return table


def _put(kept: KeptDocument[Any]) -> Any:
    def put(body: Any, by: Subject, if_match: RequiredIfMatch = None) -> PutDocument[Any]:
        return PutDocument(kept, body.content, body.note, actor(by), required_version(if_match))

    put.__annotations__["body"] = put_body(kept.document)
    return put


def _put_back(kept: KeptDocument[Any]) -> Any:
    def put_back(
        version: Number, by: Subject, body: PutBack | None = None, if_match: RequiredIfMatch = None
    ) -> PutDocumentBack[Any]:
        return PutDocumentBack(kept, version, body.note if body else "", actor(by), required_version(if_match))

    return put_back


def _shows(document: Document[Any]) -> Any:
    def shows(version: Version[Any]) -> Any:
        return _answer(version)

    shows.__annotations__["return"] = answer_of(document)
    return shows


def document_reads(engine: Transactions, kept: Sequence[KeptDocument[Any]]) -> APIRouter:
    """Routes that look at documents, compare them and try them."""
    router = APIRouter(tags=["settings"])
    documents = [one.document for one in kept]

    @router.get(PREFIX)
    async def every_document(_: Reader) -> list[VersionEntry]:
        async with engine.connect() as connection:
            return [_entry(found) for found in await versions.newest(connection, documents)]

    for one in kept:
        _add_routes(router, engine, one)
    return router


def _add_routes(router: APIRouter, engine: Transactions, kept: KeptDocument[Any]) -> None:
    document, path = kept.document, path_of(kept.document)

    async def in_force(_: Reader, response: Response) -> Any:
        async with engine.connect() as connection:
            (found,) = await versions.newest(connection, [document])
        response.headers["ETag"] = f'"{found.version}"'
        return _answer(found)

    async def history(
        _: Reader,
        before: Annotated[int, Query(ge=0, le=2**31 - 1)] = 2**31 - 1,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> VersionPage:
        async with engine.connect() as connection:
            found = await versions.before(connection, document, before, limit)
        return VersionPage(items=[_entry(v) for v in found], next=found[-1].version if len(found) == limit else None)

    async def version(version: Number, _: Reader) -> Any:
        async with engine.connect() as connection:
            return _answer(await versions.one(connection, document, version))

    async def compare(version: Number, other: Number, _: Reader) -> Compared:
        async with engine.connect() as connection:
            old, new = [await versions.one(connection, document, n) for n in (version, other)]
        return Compared(from_version=version, to_version=other, differences=_differences(old.content, new.content))

    async def attempt(body: Any, who: Lead) -> Any:
        async with engine.connect() as connection:
            (found,) = await versions.newest(connection, [document])
            settled = kept.settled(found.content, body.content)
            consequences = await kept.consequences(connection, settled, who.visibility)
        return Tried(content=settled, differences=_differences(found.content, settled), consequences=consequences)

    attempt.__annotations__["body"] = put_body(document)
    answer = answer_of(document)
    router.add_api_route(path, in_force, response_model=answer)
    router.add_api_route(f"{path}/versions", history)
    router.add_api_route(f"{path}/versions/{{version}}", version, response_model=answer)
    router.add_api_route(f"{path}/versions/{{version}}/compare/{{other}}", compare)
    router.add_api_route(f"{path}/try", attempt, methods=["POST"], response_model=tried_of(document))


def _entry(version: Version[Any]) -> VersionEntry:
    return VersionEntry(**_named(version))


def _answer(version: Version[Any]) -> VersionAnswer[Any]:
    return answer_of(version.document).model_validate({**_named(version), "content": version.content})  # type: ignore[return-value]


def _named(version: Version[Any]) -> dict[str, Any]:
    document = version.document
    return {
        "document": document.name,
        "title": document.title,
        "version": version.version,
        "at": version.at,
        "by": version.by,
        "note": version.note,
    }


def _differences(before: WireModel, after: WireModel) -> list[Difference]:
    return differences(before.model_dump(mode="json"), after.model_dump(mode="json"))
