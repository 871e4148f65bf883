"""A connection that waits for no stranger for ever: uvicorn's own, with an end to headers, bodies and clients who do not read.

uvicorn bounds none of these with httptools, and its `limit_concurrency` counts idle connections as if they were requests: so many
of them, half sent, would shut everybody out.
"""

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from deskstream_chassis.run.http_budget import HttpBudget
from deskstream_chassis.watch import metrics

# So long a client may go on sending what nobody reads any more: closed at once, it would see a reset instead of its answer.
_LINGER_SECONDS: Final = 2.0
_MOST_IN_ADVANCE: Final = 16


class Door:
    """What the connections of a server share: the budget, and which of them wait for their clients, the longest first."""

    def __init__(self, budget: HttpBudget) -> None:
        self.budget = budget
        self.waiting: dict[Connection, None] = {}

    def make_room(self, newest: "Connection") -> bool:
        """Closes the connection that has kept us waiting longest. False where there is none: all the others are being answered."""
        oldest = next((connection for connection in self.waiting if connection is not newest), None)
        if oldest is not None:
            oldest.give_way()
        return oldest is not None


class Connection(HttpToolsProtocol):
    """One connection. While it is full somewhere, who waits for a client gives way to who has sent a whole request."""

    def __init__(self, door: Door, **given: Any) -> None:
        super().__init__(**given)
        self._door = door
        self._budget = door.budget
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        # uvicorn's `cycle` is the newest request, which may wait behind the one that is being answered.
        self._answering: RequestResponseCycle | None = None
        self._in_request = False
        self._in_body = False
        self._over = False
        self._head_bytes = 0  # of what the parser has told
        self._loose_bytes = 0  # that came since it told us of a body or of an end
        self._body_bytes = 0
        self._body_began = 0.0

    # --- what comes ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._budget.connections and not self._door.make_room(self):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "connections", "There are too many connections.")
            return
        self._expect_head()
        self._note_who_waits()

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        if not self._in_request and self._timer is None:
            self._expect_head()
        self._loose_bytes += len(data)
        super().data_received(data)
        if max(self._loose_bytes, self._head_bytes) > self._budget.header_bytes:
            self._refuse_head()
        elif len(self.pipeline) > _MOST_IN_ADVANCE:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "concurrency", "There are too many requests on this connection.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_request = True
        self._head_bytes = 0
        self._expect_head()

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + 4
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._head_bytes > self._budget.header_bytes:
            self._refuse_head()
        if self._over:
            return
        super().on_headers_complete()
        self._in_body = True
        self._body_bytes, self._body_began = 0, self.loop.time()
        self._arm(self._budget.body_seconds, self._look_at_body)

    def on_body(self, body: bytes) -> None:
        if self._over:
            return
        self._loose_bytes = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._over:
            return
        self._loose_bytes = 0
        self._in_request = self._in_body = False
        self._disarm()
        if self.cycle.response_complete:
            # Answered before it was all there: only now it is idle.
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        super().on_message_complete()
        self._note_who_waits()

    # --- what goes ---

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _give_up_answer(self) -> None:
        """Nothing more of it is sent, and whoever makes it is told that its client is gone."""
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_body and self.cycle.response_complete and not self.transport.is_closing():
            self._arm(_LINGER_SECONDS, self.transport.close)
        self._note_who_waits()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(self._budget.stall_seconds, self._drop)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._give_up_answer()
        self.pipeline.clear()
        if self._stall is not None:
            self._stall.cancel()
        self._door.waiting.pop(self, None)
        super().connection_lost(exc)

    def give_way(self) -> None:
        """Ends a connection that waits for its client, for another's sake."""
        metrics.child(metrics.HTTP_REFUSED, "connections").inc()
        self._door.waiting.pop(self, None)
        self._over = True
        self.transport.close()

    # --- deadlines ---

    def _expect_head(self) -> None:
        self._arm(self._budget.header_seconds, self._head_is_late)

    def _head_is_late(self) -> None:
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, "header_seconds", "The request did not arrive in time.")

    def _look_at_body(self) -> None:
        # Whoever sends fast enough may send long: a large mail takes its time.
        allowed = self._budget.body_seconds + self._body_bytes / self._budget.body_bytes_per_second
        left = self._body_began + allowed - self.loop.time()
        if left > 0 or self.flow.read_paused:
            self._arm(max(left, 1.0), self._look_at_body)
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "body_seconds", "The body of the request did not arrive in time.")

    def _drop(self) -> None:
        metrics.child(metrics.HTTP_REFUSED, "stall_seconds").inc()
        self.transport.abort()

    def _arm(self, seconds: float, then: Callable[[], object]) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, then)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _note_who_waits(self) -> None:
        being_answered = self.cycle is not None and not self.cycle.response_complete and not self._in_body
        if being_answered or self._over:
            self._door.waiting.pop(self, None)
        else:
            self._door.waiting.setdefault(self)

    # --- refusals ---

    def _refuse_head(self) -> None:
        self._refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            "header_bytes",
            f"The address and the headers of a request have at most {self._budget.header_bytes} bytes.",
        )

    def _refuse(self, status: HTTPStatus, limit: str, detail: str) -> None:
        if self._over or self.transport.is_closing():
            return
        metrics.child(metrics.HTTP_REFUSED, limit).inc()
        self._over = True
        self._door.waiting.pop(self, None)
        self._unset_keepalive_if_required()
        answering = self._answering
        if answering is not None and answering.response_started and not answering.response_complete:
            self.transport.abort()
            return
        self._give_up_answer()
        self.pipeline.clear()
        self.transport.write(_problem(status, detail))
        self.transport.write_eof()
        self.flow.resume_reading()
        self._arm(_LINGER_SECONDS, self.transport.close)


def _problem(status: HTTPStatus, detail: str) -> bytes:
    body = json.dumps({"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}).encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"content-type: application/problem+json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
