"""HTTP commands: the same units of work as messages, one transaction each, with Idempotency-Key and a bounded retry."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel

from deskstream_chassis import idempotency
from deskstream_chassis.aggregates import ConcurrentChange
from deskstream_chassis.auth import Caller
from deskstream_chassis.clock import Clock, new_id
from deskstream_chassis.database import Transactions, is_conflict, is_rolled_back, is_transient
from deskstream_chassis.idempotency import Answer, Attempt
from deskstream_chassis.outbox import Cause
from deskstream_chassis.schema import Mechanics
from deskstream_chassis.tracing import SpanKind, Tracing, of_request
from deskstream_chassis.unit import U, UnitFactory

R = TypeVar("R", bound=BaseModel)
_ATTEMPTS = 5


class Commands(Generic[U]):
    """Runs a command: `touches` says what it needs, `handle` decides and changes, the answer is kept under its key."""

    def __init__(
        self,
        engine: Transactions,
        mechanics: Mechanics,
        open_unit: UnitFactory[U],
        clock: Clock,
        tracing: Tracing,
        after_commit: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._mechanics = mechanics
        self._open_unit = open_unit
        self._clock = clock
        self._tracing = tracing
        self._after_commit = after_commit

    async def run(
        self,
        request: Request,
        caller: Caller,
        touches: Callable[[U], None],
        handle: Callable[[U], BaseModel | None],
        status: int = 200,
    ) -> Response:
        """Raises whatever refusal the handler raises; nothing is kept then, so a mended request may use the key again."""
        key = request.headers.get("idempotency-key")
        attempt = None
        if key is not None:
            attempt = Attempt.of(caller.id, key, request.method.encode(), request.url.path.encode(), await request.body())
        with self._tracing.span("command", SpanKind.INTERNAL, of_request(request)) as traceparent:
            cause = Cause(request.headers.get("x-correlation-id") or str(new_id()), traceparent)
            for attempts_left in reversed(range(_ATTEMPTS)):
                try:
                    answer = await self._transaction(attempt, cause, touches, handle, status)
                    break
                except Exception as error:
                    met = is_conflict(error) or isinstance(error, ConcurrentChange) or is_rolled_back(error)
                    # Without a key, a commit whose answer was lost would be done twice.
                    known = attempt is not None and is_transient(error)
                    if not attempts_left or not (met or known):
                        raise
                    await asyncio.sleep(0.02)
        return Response(answer.body, answer.status, media_type="application/json")

    async def _transaction(
        self,
        attempt: Attempt | None,
        cause: Cause,
        touches: Callable[[U], None],
        handle: Callable[[U], BaseModel | None],
        status: int,
    ) -> Answer:
        async with self._engine.begin() as connection:
            if attempt is not None and (known := await idempotency.begin(connection, attempt)) is not None:
                return known
            unit = self._open_unit(connection, self._mechanics.outbox_for(connection), self._clock.now())
            unit.cause = cause
            touches(unit)
            await unit.load()
            result = handle(unit)
            await unit.flush()
            answer = Answer(status, "{}" if result is None else result.model_dump_json())
            if attempt is not None:
                await idempotency.finish(connection, attempt, answer)
        self._after_commit()
        return answer
