"""What is asked of the database while a request is answered: what belongs to somebody is read by a visibility, or not at all.

Commands are let through: they load aggregates, and hold each to the visibility when it is found.
"""

import re
from collections.abc import Collection
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import TextClause, event
from sqlalchemy.engine import Engine
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection, AsyncpgResult
from deskstream_chassis.store.database import Values
from deskstream_chassis.store.visibility import MARK
from deskstream_chassis.web import timing
from deskstream_chassis.web.commands import Commands

_SCOPE: Final[ContextVar[Scope | None]] = ContextVar("scope", default=None)


@dataclass(slots=True)
class Statements:
    """`tables`: names (with their schema, where they have one) of what belongs to somebody. `open_to`: routes whose callers may
    see all of it, `METHOD /path`. `unguarded` collects what should not have been asked: the route and the statement.
    """

    tables: Collection[str]
    open_to: Collection[str] = ()
    unguarded: list[tuple[str, str]] = field(default_factory=list)

    def watch(self) -> None:
        """From now on every statement that a request makes is looked at."""
        answer, execute, run = timing.Timed.__call__, AsyncpgConnection.execute, Commands.run

        async def answered(timed: timing.Timed, scope: Scope, receive: Receive, send: Send) -> None:
            token = _SCOPE.set(scope)
            try:
                await answer(timed, scope, receive, send)
            finally:
                _SCOPE.reset(token)

        async def executed(connection: AsyncpgConnection, statement: TextClause, parameters: Values | None = None) -> AsyncpgResult:
            self.look(statement.text)
            return await execute(connection, statement, parameters)

        async def commanded(*arguments: Any, **named: Any) -> Response:
            token = _SCOPE.set(None)
            try:
                return await run(*arguments, **named)
            finally:
                _SCOPE.reset(token)

        watched = {(timing.Timed, "__call__"): answered, (AsyncpgConnection, "execute"): executed, (Commands, "run"): commanded}
        for (class_, name), instead in watched.items():
            setattr(class_, name, instead)
        event.listen(Engine, "before_cursor_execute", self._before)

    def _before(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        self.look(statement)

    def look(self, statement: str) -> None:
        """Notes a statement that asks for what belongs to somebody, in the answer to a request, without a visibility."""
        scope = _SCOPE.get()
        if scope is None or scope.get("type") != "http" or MARK in statement or not self._touches(statement):
            return
        route = f"{scope['method']} {timing.template_of(scope)}"
        if route not in self.open_to:
            self.unguarded.append((route, statement))

    def _touches(self, statement: str) -> bool:
        return any(
            re.search(rf"\b(FROM|JOIN|UPDATE|INTO)\s+{re.escape(table)}\b", statement, re.IGNORECASE) for table in self.tables
        )
