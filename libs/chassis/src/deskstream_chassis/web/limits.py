"""What no request may have, whichever route it asks for; refused before anything of it is read."""

import re
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from deskstream_chassis.web.problems import problem

# Percent-encoded control characters (RFC 3986 §2.1): no database keeps a NUL, and no name or text has the others.
_CONTROL: Final = re.compile(rb"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)


class Limits:
    """ASGI middleware: answers 422 to a path or a query with control characters in it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _CONTROL.search(scope["query_string"] + scope.get("raw_path", b"")) is not None:
            refusal = problem(422, "Invalid value", "The address has control characters in it.")
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)
