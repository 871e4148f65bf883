"""The ledger and the raw messages, for our own people: internal tokens, never a person's browser."""

from datetime import datetime
from typing import Annotated, Any, Protocol
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.refusals import Invalid, NotFound, Unavailable
from deskstream_chassis.web.auth import require
from ingest_svc.api.schemas import LedgerEntry, LedgerPage, LedgerSummary
from ingest_svc.domain.receipts import Door, Outcome, State
from ingest_svc.parsing.pool import File, ParserDied
from ingest_svc.persistence import queries

Reader = Annotated[Subject, Depends(require("viewer", "agent", "lead", "admin", "operator", "service"))]
# A raw message has everything in it, also what was sanitised away: not for mere viewers.
Handler = Annotated[Subject, Depends(require("agent", "lead", "admin", "operator", "service"))]

_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cache-Control": "private, no-store",
}


class Opener(Protocol):
    async def attachment(self, raw: bytes, part: int) -> File | None: ...


class _Filters:
    def __init__(
        self,
        outcome: Outcome | None = None,
        reason: Annotated[str | None, Query(max_length=200)] = None,
        state: State | None = None,
        door: Door | None = None,
        since: AwareDatetime | None = None,
        until: AwareDatetime | None = None,
        sender: Annotated[str | None, Query(max_length=320)] = None,
        ticket: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    ) -> None:
        _no_nul(reason, "reason")
        _no_nul(sender, "sender")
        self.values: dict[str, str | int | datetime | None] = {
            "outcome": outcome,
            "reason": reason,
            "state": state,
            "door": door,
            "since": since,
            "until": until,
            "sender": sender.lower() if sender else None,
            "ticket_number": ticket,
        }


def ledger_routes(engine: AsyncEngine, opener: Opener) -> APIRouter:
    router = APIRouter(tags=["ledger"])

    @router.get("/ledger")
    async def list_entries(
        _: Reader,
        filters: Annotated[_Filters, Depends()],
        cursor: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> LedgerPage:
        async with engine.connect() as connection:
            rows = await queries.page(connection, filters.values, cursor, limit + 1)
        items = [LedgerEntry.model_validate(row) for row in rows[:limit]]
        return LedgerPage(items=items, next=str(items[-1].id) if len(rows) > limit else None)

    @router.get("/ledger/summary")
    async def summarise(_: Reader) -> LedgerSummary:
        async with engine.connect() as connection:
            return LedgerSummary.of(*await queries.summary(connection))

    @router.get("/ledger/{id_}")
    async def show(_: Reader, id_: UUID) -> LedgerEntry:
        async with engine.connect() as connection:
            found = await queries.entry(connection, id_)
        if found is None:
            raise NotFound("There is no such entry in the ledger.")
        return LedgerEntry.model_validate(found)

    @router.get("/messages/{id_}/raw", response_class=Response)
    async def download(_: Handler, id_: UUID) -> Response:
        media_type, content = await _raw(engine, id_)
        is_mail = media_type == "message/rfc822"
        name = f"{id_}.{'eml' if is_mail else 'txt'}"
        return _file(name, content, "message/rfc822" if is_mail else "application/octet-stream")

    @router.get("/messages/{id_}/attachments/{part}", response_class=Response)
    async def download_attachment(_: Handler, id_: UUID, part: int) -> Response:
        media_type, content = await _raw(engine, id_)
        if media_type != "message/rfc822" or not 0 <= part < 2**31:
            raise NotFound("The message has no such attachment.")
        try:
            file = await opener.attachment(content, part)
        except ParserDied as died:
            raise Unavailable("The message cannot be taken apart within its limits.") from died
        if file is None:
            raise NotFound("The message has no such attachment.")
        # Never the type the sender names: nothing of it is to be opened by a browser.
        return _file(file.name, file.content, "application/octet-stream")

    return router


async def _raw(engine: AsyncEngine, id_: UUID) -> tuple[str, bytes]:
    async with engine.connect() as connection:
        found = await queries.raw(connection, id_)
    if found is None:
        raise NotFound("There is no such message.")
    return found


def _file(name: str, content: bytes, media_type: str) -> Response:
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name) or "attachment"
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Response(content, headers={**_SAFE, "Content-Type": media_type, "Content-Disposition": disposition})


def _no_nul(value: Any, name: str) -> None:
    if value is not None and "\0" in value:
        raise Invalid("This cannot be in any entry.", pointer=name)
