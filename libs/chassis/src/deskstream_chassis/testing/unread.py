"""A client that asks for something and does not read it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.types import ASGIApp, Message, Scope


@asynccontextmanager
async def unread(app: ASGIApp, path: str, headers: httpx.Headers) -> AsyncIterator[int]:
    """The status of an answer (to GET) of which nothing is read until the block ends, and whose client is gone then."""
    status, body_began, gone = 0, asyncio.Event(), asyncio.Event()
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await gone.wait()
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message.get("body"):
            body_began.set()
            await gone.wait()

    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers.raw,
        "client": ("127.0.0.1", 1),
        "server": ("desk", 80),
    }
    answering = asyncio.ensure_future(app(scope, receive, send))
    try:
        await asyncio.wait_for(body_began.wait(), 10)
        yield status
    finally:
        gone.set()
        await answering
