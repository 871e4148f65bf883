"""The ledger and the raw messages, for our own gateway: internal tokens, never a person's browser."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from deskstream_chassis.files.names import SAFE, UNKNOWN, disposition
from deskstream_chassis.moments import Moment
from deskstream_chassis.refusals import Forbidden, Invalid, Unavailable
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.subjects import ACCOUNTABLE, AGENTS, READERS, Role, Subject
from ingest_svc.adapters.parsing.pool import ParserDied, ParserPool
from ingest_svc.api.schemas import LedgerEntry, LedgerPage, LedgerSummary, MessageTicket
from ingest_svc.domain.receipts import Door, Outcome, State
from ingest_svc.domain.refusals import NoSuchAttachment, NoSuchEntry, NoSuchMessage, RawMessageIsGone
from ingest_svc.persistence import queries
from ingest_svc.persistence.queries import LedgerFilter

Reader = Annotated[Subject, Depends(require(*READERS, customers=True))]
# A raw message has everything in it, also what was sanitised away: not for mere viewers.
Handler = Annotated[Subject, Depends(require(*AGENTS))]


async def accountable(who: Annotated[Subject, Depends(require(*ACCOUNTABLE))]) -> Subject:
    """Who may look into the ledger, which names the senders and subjects of all: who sees everything, or runs the desk.

    Raises Forbidden. The ledger cannot show a part of itself: whose a message is, ticket-svc knows.
    """
    sees_everything = who.visibility.everything and not who.visibility.closed_team_ids
    if not sees_everything and Role.OPERATOR not in who.roles:
        raise Forbidden("The ledger is for those who see all tickets, or run the desk.")
    return who


Accountable = Annotated[Subject, Depends(accountable)]


def ledger_filter(
    outcome: Outcome | None = None,
    reason: Annotated[str | None, Query(max_length=200)] = None,
    state: State | None = None,
    door: Door | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    sender: Annotated[str | None, Query(max_length=320)] = None,
    ticket: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> LedgerFilter:
    """Raises Invalid for text that no entry can hold."""
    for name, value in (("reason", reason), ("sender", sender)):
        if value is not None and "\0" in value:
            raise Invalid("This cannot be in any entry.", pointer=name)
    return LedgerFilter(outcome, reason, state, door, sender.lower() if sender else None, ticket, since, until)


def ledger_reads(engine: AsyncEngine, openers: ParserPool, opening_seconds: float, raw_kept_days: int) -> APIRouter:
    """`openers` take attachments out of raw messages, each in so many seconds of CPU at most. What was let go after
    `raw_kept_days` is said to be gone."""
    router = APIRouter(tags=["ledger"])

    async def raw(id_: UUID) -> tuple[str, bytes]:
        """Media type and content of a message. Raises NoSuchMessage, RawMessageIsGone."""
        async with engine.connect() as connection:
            found = await queries.raw(connection, id_)
        if found is None:
            raise NoSuchMessage
        if found.content is None:
            raise RawMessageIsGone(raw_kept_days)
        return found.media_type, found.content

    @router.get("/ledger")
    async def list_entries(
        _: Accountable,
        wanted: Annotated[LedgerFilter, Depends(ledger_filter)],
        cursor: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> LedgerPage:
        async with engine.connect() as connection:
            rows = await queries.page(connection, wanted, cursor, limit + 1)
        items = [LedgerEntry.model_validate(row) for row in rows[:limit]]
        return LedgerPage(items=items, next=str(items[-1].id) if len(rows) > limit else None)

    @router.get("/ledger/summary")
    async def summarise(_: Accountable) -> LedgerSummary:
        async with engine.connect() as connection:
            return LedgerSummary.of(*await queries.summary(connection))

    @router.get("/ledger/{id_}")
    async def show(_: Accountable, id_: UUID) -> LedgerEntry:
        async with engine.connect() as connection:
            found = await queries.entry(connection, id_)
        if found is None:
            raise NoSuchEntry
        return LedgerEntry.model_validate(found)

    @router.get("/messages/{id_}/ticket")
    async def show_ticket(_: Reader, id_: UUID) -> MessageTicket:
        """Whether the ticket is seen, whoever asks finds out of it: this names it, and nothing of the message."""
        async with engine.connect() as connection:
            found = await queries.ticket_of(connection, id_)
        if found is None:
            raise NoSuchMessage
        return MessageTicket(ticket_id=found.ticket_id)

    @router.get("/messages/{id_}/raw", response_class=Response)
    async def download(who: Handler, id_: UUID) -> Response:
        # The gateway has looked whether the ticket is seen; this is the second wall.
        if not who.visibility.shows("raw"):
            raise NoSuchMessage
        media_type, content = await raw(id_)
        is_mail = media_type == "message/rfc822"
        name = f"{id_}.{'eml' if is_mail else 'txt'}"
        return _file(name, content, "message/rfc822" if is_mail else UNKNOWN)

    @router.get("/messages/{id_}/attachments/{part}", response_class=Response)
    async def download_attachment(_: Handler, id_: UUID, part: int) -> Response:
        media_type, content = await raw(id_)
        if media_type != "message/rfc822" or not 0 <= part < 2**31:
            raise NoSuchAttachment
        try:
            file = await openers.attachment(content, part, opening_seconds)
        except ParserDied as died:
            raise Unavailable("The message cannot be taken apart within its limits.") from died
        if file is None:
            raise NoSuchAttachment
        # Never the type the sender names: nothing of it is to be opened by a browser.
        return _file(file.name, file.content, UNKNOWN)

    return router


def _file(name: str, content: bytes, media_type: str) -> Response:
    return Response(content, headers={**SAFE, "Content-Type": media_type, "Content-Disposition": disposition(name)})
