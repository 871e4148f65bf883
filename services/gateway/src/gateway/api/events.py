"""The live stream over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from deskstream_chassis.refusals import Invalid, Unavailable
from deskstream_chassis.watch.metrics import HTTP_REFUSED, child
from deskstream_chassis.web.subjects import Role
from deskstream_contracts.catalogue import BY_TYPE
from gateway.api import schemas
from gateway.api.accounts import Accounts, requires
from gateway.domain.refusals import TooManyStreams
from gateway.domain.session import Session
from gateway.messaging.live import TOPICS, Client, Live
from gateway.messaging.sse import HEARTBEAT, LISTENING

Reader = Annotated[Session, Depends(requires(Role.VIEWER))]
_TYPES = frozenset(name for name, event in BY_TYPE.items() if event.topic.name in TOPICS)
_DESCRIPTION = """Server-Sent Events from now on: `event` is the type, `id` the CloudEvent's id, `data` the CloudEvent (JSON).
The first comment says that it listens; a comment every 15 seconds says that it still does. It ends with the token's life,
when the token is revoked, and for a client that does not read: ask the lists again then, and open a new one."""


def event_routes(live: Live, accounts: Accounts, heartbeat_seconds: float) -> APIRouter:
    """The route of the stream. `heartbeat_seconds`: after so long without an event a comment is sent."""
    router = APIRouter(tags=["events"])

    @router.get(
        "/events",
        operation_id="streamEvents",
        summary="What happens to tickets, deadlines and notifications, as it happens",
        description=_DESCRIPTION,
        response_class=StreamingResponse,
        responses={200: {"model": schemas.CloudEvent, "content": {"text/event-stream": {}}}},
    )
    async def events(
        session: Reader, types: Annotated[list[str] | None, Query(description="Only these; several, or with commas.")] = None
    ) -> Response:
        wanted = frozenset(name.strip() for value in types or [] for name in value.split(",") if name.strip())
        unknown = sorted(wanted - _TYPES)
        if unknown:
            raise Invalid(f"There is no event {unknown[0]!r} here; there are {', '.join(sorted(_TYPES))}.", pointer="#/query/types")
        try:
            client = await live.open(
                wanted, session.subject.visibility, session.subject.id, may_go_on=partial(accounts.holds, session)
            )
        except TooManyStreams:
            child(HTTP_REFUSED, "streams").inc()
            raise
        except TimeoutError as error:
            raise Unavailable("There are no live events now.") from error

        async def body() -> AsyncIterator[bytes]:
            try:
                yield LISTENING
                async for chunk in _chunks(client, heartbeat_seconds):
                    yield chunk
            finally:
                live.close(client)

        return StreamingResponse(body(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    return router


async def _chunks(client: Client, heartbeat_seconds: float) -> AsyncIterator[bytes]:
    ended = asyncio.ensure_future(client.ended.wait())
    event = asyncio.ensure_future(client.queue.get())
    try:
        while not client.ended.is_set() and client.may_go_on():
            await asyncio.wait((event, ended), timeout=heartbeat_seconds, return_when=asyncio.FIRST_COMPLETED)
            if not client.may_go_on():
                break
            if event.done():
                # Whatever else has come meanwhile goes out with it.
                waiting = [event.result().wire]
                while not client.queue.empty():
                    waiting.append(client.queue.get_nowait().wire)
                event = asyncio.ensure_future(client.queue.get())
                yield b"".join(waiting)
            elif not ended.done():
                yield HEARTBEAT
    finally:
        ended.cancel()
        event.cancel()
