"""The ledger and the raw messages, for our own gateway: internal tokens, never a person's browser."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import StreamingResponse

from deskstream_chassis.files.names import SAFE, UNKNOWN, disposition
from deskstream_chassis.refusals import Forbidden, Invalid, Unavailable
from deskstream_chassis.web.answers import PIECE_BYTES, answer_of
from deskstream_chassis.web.auth import require
from deskstream_chassis.web.subjects import ACCOUNTABLE, AGENTS, READERS, Role, Subject
from deskstream_contracts.api.ledger import LedgerCount, LedgerEntry, LedgerSummary, OldestOpen
from deskstream_contracts.api.shapes import Page
from deskstream_contracts.moments import Moment
from ingest_svc.adapters.parsing.pool import ParserDied, ParserPool
from ingest_svc.api.schemas import MessageTicket
from ingest_svc.domain.receipts import Door, Outcome, State
from ingest_svc.domain.refusals import NoSuchAttachment, NoSuchEntry, NoSuchMessage, RawMessageIsGone
from ingest_svc.persistence import queries
from ingest_svc.persistence.queries import LedgerFilter, RawMessage

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


def ledger_reads(engine: AsyncEngine, openers: ParserPool, opening_seconds: float, kept_days: Mapping[bool, int]) -> APIRouter:
    """`openers` take attachments out of raw messages, each in so many seconds of CPU at most. What was let go
    is said to be gone; `kept_days`: after how many days, of what was quarantined (True) and of all else."""
    router = APIRouter(tags=["ledger"])

    async def raw(id_: UUID) -> RawMessage:
        """A message that is there. Raises NoSuchMessage, RawMessageIsGone."""
        async with engine.connect() as connection:
            found = await queries.raw(connection, id_)
        if found is None:
            raise NoSuchMessage
        if not found.kept:
            raise gone(found)
        return found

    def gone(message: RawMessage) -> RawMessageIsGone:
        quarantined = message.outcome == "quarantined"
        return RawMessageIsGone(kept_days[quarantined], message.gone or "age", quarantined)

    async def pieces(message: RawMessage) -> AsyncIterator[bytes]:
        """Each is read by itself: whoever reads slowly holds no connection, and no more than a piece."""
        for begin in range(0, message.size, PIECE_BYTES):
            async with engine.connect() as connection:
                piece = await queries.piece(connection, message.raw_id, begin, PIECE_BYTES)
            yield piece

    @router.get("/ledger")
    async def list_entries(
        _: Accountable,
        wanted: Annotated[LedgerFilter, Depends(ledger_filter)],
        cursor: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Page[LedgerEntry]:
        async with engine.connect() as connection:
            rows = await queries.page(connection, wanted, cursor, limit + 1)
        items = [LedgerEntry.model_validate(row) for row in rows[:limit]]
        return Page(items=items, next=str(items[-1].id) if len(rows) > limit else None)

    @router.get("/ledger/summary")
    async def summarise(_: Accountable) -> LedgerSummary:
        async with engine.connect() as connection:
            return _summary(*await queries.summary(connection))

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

    @router.get("/messages/{id_}/raw", response_class=StreamingResponse)
    async def download(request: Request, who: Handler, id_: UUID) -> StreamingResponse:
        # The gateway has looked whether the ticket is seen; this is the second wall.
        if not who.visibility.shows("raw"):
            raise NoSuchMessage
        message = await raw(id_)
        answer_of(request).begin_download(who.id)
        is_mail = message.media_type == "message/rfc822"
        headers = _headers(f"{id_}.{'eml' if is_mail else 'txt'}", "message/rfc822" if is_mail else UNKNOWN)
        return StreamingResponse(pieces(message), headers={**headers, "Content-Length": str(message.size)})

    @router.get("/messages/{id_}/attachments/{part}", response_class=Response)
    async def download_attachment(request: Request, who: Handler, id_: UUID, part: int) -> Response:
        message = await raw(id_)
        if message.media_type != "message/rfc822" or not 0 <= part < 2**31:
            raise NoSuchAttachment
        # It is taken out of the whole message, which lies in memory meanwhile, and is as large at most.
        answer_of(request).begin_download(who.id, 2 * message.size)
        content = b"".join([piece async for piece in pieces(message)])
        if len(content) < message.size:
            # It was let go meanwhile.
            raise gone(message)
        try:
            file = await openers.attachment(content, part, opening_seconds)
        except ParserDied as died:
            raise Unavailable("The message cannot be taken apart within its limits.") from died
        if file is None:
            raise NoSuchAttachment
        # Never the type the sender names: nothing of it is to be opened by a browser.
        return Response(file.content, headers=_headers(file.name, UNKNOWN))

    return router


def _headers(name: str, media_type: str) -> dict[str, str]:
    return {**SAFE, "Content-Type": media_type, "Content-Disposition": disposition(name)}


def _summary(counts: list[dict[str, Any]], oldest: Any) -> LedgerSummary:
    states: dict[State, int] = {}
    outcomes: dict[Outcome, int] = {}
    for row in counts:
        states[row["state"]] = states.get(row["state"], 0) + row["entries"]
        if row["outcome"] is not None:
            outcomes[row["outcome"]] = outcomes.get(row["outcome"], 0) + row["entries"]
    received, closed = sum(states.values()), states.get("closed", 0)
    return LedgerSummary(
        received=received,
        closed=closed,
        open=received - closed,
        states=states,
        outcomes=outcomes,
        oldest_open=None if oldest is None else OldestOpen.model_validate(oldest, from_attributes=True),
        counts=[LedgerCount.model_validate(row) for row in counts],
    )
