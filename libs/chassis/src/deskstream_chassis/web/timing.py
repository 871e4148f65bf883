"""Request times: rate, errors and duration of every route, in the one histogram."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deskstream_chassis.watch.metrics import HTTP_SECONDS, child

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def observe(scope: Scope, status: int, started: float) -> None:
    """Counts a request that was begun at `started` (time.perf_counter) and is being answered now."""
    method = scope["method"]
    # A stranger may invent methods and paths, but no series.
    labels = (method if method in _METHODS else "other", template_of(scope) or "unmatched", str(status))
    child(HTTP_SECONDS, *labels).observe(time.perf_counter() - started)


def template_of(scope: Scope) -> str | None:
    """The whole template of the route that a request took (`/api/v1/tickets/{reference}`); None where it took none."""
    # A route of an included router knows its own part only; FastAPI keeps the whole beside it.
    whole = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    path: str | None = getattr(whole, "path", None)
    return path


class Timed:
    """Observes each request when its answer begins (a stream may go on for hours). What ends in an exception is a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, answered = time.perf_counter(), False

        async def observed(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                observe(scope, message["status"], started)
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception:
            if not answered:
                observe(scope, 500, started)
            raise
