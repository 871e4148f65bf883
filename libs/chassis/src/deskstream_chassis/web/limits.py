"""What no request may have or cost, whichever route it asks for; refused before anybody looks who it is."""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deskstream_chassis.run.http_budget import LIMITS, HttpBudget
from deskstream_chassis.watch import metrics
from deskstream_chassis.web.answers import Answer, Outgoing
from deskstream_chassis.web.problems import problem
from deskstream_chassis.web.timing import observe

# Percent-encoded control characters (RFC 3986 §2.1): no database keeps a NUL, and no name or text has the others.
_CONTROL: Final = re.compile(rb"%(?:[01][0-9a-f]|7f)", re.IGNORECASE)
# What machines ask to see whether it lives must be answered also, and above all, while there is too much to do.
_ALWAYS_ANSWERED: Final = ("/health/live", "/health/ready", "/metrics")
# A body up to this size is taken whatever others have under way: a command is never shut out by large ones.
_SMALL_BODY: Final = 64 * 1024


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


class Budgets:
    """ASGI middleware, outside of all others: 413 for a body that is too large, 503 for what the process has no room or time for.

    `uploads`: where more (or less) than the budget's bytes may be sent; beginning of a path → bytes. What was refused here has done
    nothing, but a request that was ended at its deadline may have.
    """

    def __init__(self, app: ASGIApp, budget: HttpBudget, uploads: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._budget = budget
        self._uploads = dict(uploads or {})
        self._turns = _Turns(budget)
        self._under_way = _UnderWay(budget.bodies_bytes)
        self._outgoing = Outgoing(budget)
        metrics.zero(metrics.HTTP_REFUSED, LIMITS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        most = self._most_bytes(scope["path"])
        answer = Answer(send, self._outgoing)
        exchange = _Exchange(receive, answer, most, self._turns, self._under_way)
        scope.setdefault("state", {})["answer"] = answer
        try:
            if _says_more_than(most, scope):
                raise _Refused(413, "body_bytes", _too_large(most))
            if scope["path"] in _ALWAYS_ANSWERED:
                await self._app(scope, receive, send)
                return
            await exchange.take_turn()
            async with asyncio.timeout(self._budget.answer_seconds) as exchange.deadline:
                await self._app(scope, exchange.receive, exchange.send)
        except _Refused as refused:
            await self._refuse(scope, receive, send, refused, started)
        except TimeoutError:
            if exchange.deadline is None or not exchange.deadline.expired():
                raise
            await self._refuse(scope, receive, send, _Refused(503, "answer_seconds", "It took too long to answer this."), started)
        finally:
            exchange.end()

    def _most_bytes(self, path: str) -> int:
        return next((bytes_ for begin, bytes_ in self._uploads.items() if path.startswith(begin)), self._budget.body_bytes)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, refused: "_Refused", started: float) -> None:
        refused.count()
        observe(scope, refused.status_code, started)
        answer = problem(refused.status_code, "Too large" if refused.status_code == 413 else "Try again later", refused.detail)
        answer.headers["x-content-type-options"] = "nosniff"
        answer.headers["cache-control"] = "no-store"
        await answer(scope, receive, send)


class _Refused(HTTPException):
    """FastAPI lets an HTTPException out of its reading of a body, and no other error."""

    def __init__(self, status: int, limit: str, detail: str) -> None:
        super().__init__(status, detail)
        self._limit = limit

    def count(self) -> None:
        metrics.child(metrics.HTTP_REFUSED, self._limit).inc()


class _Turns:
    """So many requests are handled at a time; so many wait for their turn, so long."""

    def __init__(self, budget: HttpBudget) -> None:
        self._budget = budget
        self._places = asyncio.Semaphore(budget.concurrency)
        self._waiting = 0

    async def take(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        busy = _Refused(503, "concurrency", "There are too many requests at the moment.")
        if self._waiting >= self._budget.queue:
            raise busy
        self._waiting += 1
        try:
            async with asyncio.timeout(self._budget.queue_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise busy from None
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        self._places.release()


class _UnderWay:
    """Bytes of bodies that have come and are not yet done with."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0


class _Exchange:
    """One request and its answer.

    It has a turn, and its time runs, only while it is ours to act: not while its client sends the body, nor once its answer has
    begun. What the answer then holds while its client reads it is counted there (`web.answers`).
    """

    def __init__(self, receive: Receive, answer: Answer, most_bytes: int, turns: _Turns, under_way: _UnderWay) -> None:
        self._receive = receive
        self._answer = answer
        self._most_bytes = most_bytes
        self._turns = turns
        self._under_way = under_way
        self._bytes = 0
        self._has_turn = False
        self._answered = False
        self.deadline: asyncio.Timeout | None = None

    async def take_turn(self) -> None:
        await self._turns.take()
        self._has_turn = True

    def _leave_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._turns.leave()

    async def receive(self) -> Message:
        if self._answered or self.deadline is None:
            return await self._receive()
        loop = asyncio.get_running_loop()
        end = self.deadline.when()
        left = None if end is None else end - loop.time()
        self._leave_turn()
        self.deadline.reschedule(None)
        message = await self._receive()
        if self._answered:
            return message
        self._count(len(message.get("body", b"")))
        await self._take_turn_again()
        if left is not None and not self._answered:
            self.deadline.reschedule(loop.time() + left)
        return message

    async def _take_turn_again(self) -> None:
        try:
            await self.take_turn()
        except _Refused as refused:
            refused.count()
            raise

    def _count(self, size: int) -> None:
        self._bytes += size
        self._under_way.bytes += size
        refused = None
        if self._bytes > self._most_bytes:
            refused = _Refused(413, "body_bytes", _too_large(self._most_bytes))
        elif self._bytes > _SMALL_BODY and self._under_way.bytes > self._under_way.most:
            refused = _Refused(503, "bodies_bytes", "There are too many large requests at the moment.")
        if refused is not None:
            refused.count()
            raise refused

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and not self._answered:
            self._answered = True
            self._leave_turn()
            if self.deadline is not None:
                self.deadline.reschedule(None)
        await self._answer.send(message)

    def end(self) -> None:
        """Gives back what it held; called once, however it ended."""
        self._leave_turn()
        self._answer.end()
        self._under_way.bytes -= self._bytes


def _says_more_than(most: int, scope: Scope) -> bool:
    # What does not say how long it is is counted as it comes.
    said: bytes = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return not said.isdigit() or len(said) > 18 or int(said) > most


def _too_large(most: int) -> str:
    return f"A request has at most {most} bytes here."
