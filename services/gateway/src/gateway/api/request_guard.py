"""Stands before the routes: no answer without a token (but health and metrics), and the same headers on every answer."""

import re
import time
from contextlib import AsyncExitStack
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deskstream_chassis.refusals import Refusal, Unauthenticated
from deskstream_chassis.run.clock import new_id
from deskstream_chassis.web.problems import problem
from deskstream_chassis.web.timing import observe
from gateway.api import documentation
from gateway.api.accounts import AUDIENCE, PORTAL_AUDIENCE, Accounts
from gateway.api.reads import Reads

OPEN: Final = frozenset({"/health/live", "/health/ready", "/metrics"}) | documentation.PATHS
PREFIX: Final = "/api/v1"
PORTAL_PREFIX: Final = "/api/portal/v1"
"""The face of customers."""
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
_READS: Final = ("GET", "HEAD")
_CORRELATION: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")


class RequestGuard:
    """The outermost layer of the gateway's own: who it is, how much of theirs is under way, and the headers of every answer."""

    def __init__(self, app: ASGIApp, accounts: Accounts, reads: Reads) -> None:
        self._app = app
        self._accounts = accounts
        self._reads = reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = headers.get("x-correlation-id", "")
        correlation_id = asked if _CORRELATION.match(asked) else str(new_id())

        async with AsyncExitStack() as turn:
            await self._answer(scope, receive, send, headers, correlation_id, turn)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, correlation_id: str, turn: AsyncExitStack
    ) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # What streams from here on has limits of its own.
                await turn.aclose()
                answer = MutableHeaders(scope=message)
                # What an owner says stricter (of an attachment) stays.
                for name, value in _HEADERS.items():
                    answer.setdefault(name, value)
                answer["X-Correlation-Id"] = correlation_id
            await send(message)

        if scope["path"] not in OPEN:
            started = time.perf_counter()
            try:
                session = self._accounts.session(_bearer(headers), correlation_id, _audience(scope["path"]))
                if scope["method"] in _READS:
                    await turn.enter_async_context(self._reads.turn(session.subject.id))
            except Refusal as refusal:
                observe(scope, refusal.status, started)
                await problem(refusal.status, refusal.title, refusal.detail)(scope, receive, send_with_headers)
                return
            scope.setdefault("state", {})["session"] = session
        await self._app(scope, receive, send_with_headers)


def _audience(path: str) -> str:
    return PORTAL_AUDIENCE if path.startswith(f"{PORTAL_PREFIX}/") else AUDIENCE


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("A bearer token is needed.")
    return token.strip()
