"""HTTP of files: an upload is the body of its request, as it comes; a download is an answer that no browser opens."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import StreamingResponse

from deskstream_chassis.digits import whole_number
from deskstream_chassis.files.headers import Disposition, Sha256Header
from deskstream_chassis.files.names import SAFE, UNKNOWN, disposition, media_type_of, name_of
from deskstream_chassis.files.store import Announced, Content, FileStore
from deskstream_chassis.files.tokens import check_file_token
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.web.answers import answer_of
from deskstream_chassis.web.auth import bearer, require
from deskstream_chassis.web.subjects import Role, Subject
from deskstream_contracts.wire import File

PATH: Final = "/files"


def upload_route(files: FileStore, roles: Sequence[Role]) -> APIRouter:
    """`POST /files`, for these roles. The file belongs to nothing until a command of the same account names it."""
    router = APIRouter(tags=["files"])
    Uploader = Annotated[Subject, Depends(require(*roles))]

    @router.post(PATH, status_code=201)
    async def upload(request: Request, who: Uploader, content_disposition: Disposition = None, sha256: Sha256Header = None) -> File:
        announced = Announced(
            name=name_of(content_disposition),
            media_type=media_type_of(request.headers.get("content-type")),
            by=who.id,
            length=whole_number(request.headers.get("content-length", "")),
            sha256=sha256.lower() if sha256 else None,
        )
        return await files.take(announced, _body(request))

    return router


def handed_on_route(files: FileStore, secrets: Sequence[str], clock: Clock) -> APIRouter:
    """`GET /files/{id}`: what is in a file, for a service that has a token for it (`files.tokens`)."""
    router = APIRouter(tags=["files"])

    @router.get(f"{PATH}/{{id_}}", response_class=StreamingResponse)
    async def hand_on(request: Request, id_: UUID) -> StreamingResponse:
        check_file_token(secrets, bearer(request), id_, clock.now())
        answer_of(request).begin_download()
        return StreamingResponse(_closed(await files.read(await files.content_of(id_))), media_type=UNKNOWN)

    return router


async def download(files: FileStore, file: File, content: Content, request: Request, who: Subject) -> StreamingResponse:
    """The answer that has what is in a file. Raises ContentIsGone, StoreIsAway, TooManyDownloads and Unavailable.

    Never the type that was said of it: nothing of it is to be opened by a browser.
    """
    answer_of(request).begin_download(who.id)
    headers = {**SAFE, "Content-Length": str(file.size), "Content-Disposition": disposition(file.name)}
    return StreamingResponse(_closed(await files.read(content)), headers=headers, media_type=UNKNOWN)


async def _body(request: Request) -> AsyncIterator[bytes]:
    # Raises ClientDisconnect where it ends before it is whole.
    async for piece in request.stream():
        if piece:
            yield piece


async def _closed(blocks: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    # Also where the client has gone in the middle.
    async with aclosing(blocks):
        async for block in blocks:
            yield block
