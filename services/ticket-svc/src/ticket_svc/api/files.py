"""HTTP of ticket-svc: the files of answers and notes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import StreamingResponse

from deskstream_chassis.files.refusals import NoSuchFile
from deskstream_chassis.files.routes import download
from deskstream_chassis.files.store import FileStore
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.subjects import AGENTS, Subject
from ticket_svc.persistence import queries

# As of what came by mail: not for mere viewers. A customer has what is public of their own.
Handler = Annotated[Subject, Depends(require(*AGENTS, customers=True))]


def file_reads(engine: AsyncEngine, files: FileStore) -> APIRouter:
    """The route for a file of a message; what the caller does not see is 404, as if it were not there."""
    router = APIRouter(tags=["files"])

    @router.get("/messages/{id_}/files/{file}", response_class=StreamingResponse)
    async def download_file(request: Request, id_: UUID, file: UUID, who: Handler) -> StreamingResponse:
        if not who.visibility.shows("files"):
            raise NoSuchFile
        async with engine.connect() as connection:
            found = await queries.file(connection, id_, file, who.visibility)
        if found is None:
            raise NoSuchFile
        return await download(files, *found, request, who)

    return router
