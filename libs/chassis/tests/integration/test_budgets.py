"""What strangers may cost: a real server and real sockets, and among the strangers somebody with an ordinary request."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI, Request
from prometheus_client import REGISTRY
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from deskstream_chassis.run.http_budget import HttpBudget
from deskstream_chassis.run.service import http_server
from deskstream_chassis.watch.tracing import Tracing
from deskstream_chassis.web.answers import PIECE_BYTES, answer_of
from deskstream_chassis.web.http import create_app
from deskstream_chassis.web.limits import Budgets

pytestmark = pytest.mark.anyio
KEY = '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
MB = 1024 * 1024
JSON = "Content-Type: application/json"
HEAD = b"GET /health/live HTTP/1.1\r\nHost: desk\r\n"


@dataclass
class Served:
    port: int
    clients: AsyncExitStack
    cancelled: list[str] = field(default_factory=list)
    handling: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    """Released by each request that has begun to wait at /wait."""
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    sent_bytes: int = 0

    async def connect(self, first: bytes = b"") -> "Client":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.clients.callback(writer.close)
        writer.write(first)
        return Client(reader, writer)

    async def get(self, path: str, *headers: str) -> int:
        return await (await self.connect(request("GET", path, *headers))).status()


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def status(self) -> int:
        """The status of the next answer; 0 where the connection was closed without any."""
        try:
            line = await asyncio.wait_for(self.reader.readline(), 10)
        except ConnectionError:
            return 0
        return int(line.split()[1]) if line else 0

    async def rest(self) -> bytes:
        """All that comes until the connection is closed."""
        found = b""
        try:
            async with asyncio.timeout(10):
                while more := await self.reader.read(65536):
                    found += more
        except ConnectionError:
            pass
        return found

    async def closed(self) -> bool:
        await self.rest()
        return True


def request(method: str, path: str, *headers: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: desk\r\n{''.join(h + chr(13) + chr(10) for h in headers)}\r\n".encode()


def refused(limit: str) -> float:
    return REGISTRY.get_sample_value("deskstream_http_refused_total", {"limit": limit}) or 0.0


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


def app_of(served: Served) -> FastAPI:
    app = create_app("test", KEY, Tracing(None))

    @app.get("/health/live")
    async def live() -> str:
        return "live"

    @app.get("/quick")
    async def quick() -> str:
        return "quick"

    @app.get("/wait")
    async def wait() -> str:
        served.handling.release()
        try:
            await served.go_on.wait()
        except asyncio.CancelledError:
            served.cancelled.append("wait")
            raise
        return "waited"

    @app.post("/bodies")
    async def bodies(asked: dict[str, str]) -> int:
        return len(asked["text"])

    @app.post("/uploads")
    async def uploads(asked: Request) -> int:
        return sum([len(chunk) async for chunk in asked.stream()])

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            while not served.go_on.is_set():
                served.sent_bytes += 65536
                yield b"x" * 65536
                await asyncio.sleep(0)

        return StreamingResponse(parts())

    @app.get("/large")
    async def large() -> Response:
        return Response(b"x" * (20 * MB))

    @app.get("/download/{account}")
    async def download(account: str, asked: Request) -> StreamingResponse:
        answer_of(asked).begin_download(account, MB)

        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(80):
                served.sent_bytes += PIECE_BYTES
                yield b"x" * PIECE_BYTES

        return StreamingResponse(pieces())

    async def begun(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begin", "more_body": True})
        await served.go_on.wait()
        await send({"type": "http.response.body", "body": b"end"})

    app.mount("/begun", begun)
    return app


@asynccontextmanager
async def serving(**budget: Any) -> AsyncIterator[Served]:
    async with AsyncExitStack() as clients:
        served = Served(0, clients)
        limits = HttpBudget(**budget)
        server = http_server(Budgets(app_of(served), limits, {"/uploads": 4 * 1024 * 1024}), limits, "127.0.0.1", 0)
        running = asyncio.create_task(server.serve())
        await until(lambda: server.started)
        served.port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield served
        finally:
            served.go_on.set()
            await clients.aclose()
            server.should_exit = True
            await asyncio.wait_for(running, 15)


@pytest.mark.parametrize("beginning", [b"", b"GE", HEAD, b"\r\n", request("POST", "/bodies", "Content-Length: 9") + b'{"t'])
async def test_five_hundred_half_sent_requests_keep_nobody_out(beginning: bytes) -> None:
    async with serving() as served:
        half = [await served.connect(beginning) for _ in range(500)]
        started = time.monotonic()
        assert await served.get("/health/live") == 200
        assert await served.get("/quick") == 200
        assert time.monotonic() - started < 2
        assert not any(client.reader.at_eof() for client in half)


async def test_where_there_is_no_room_left_who_waits_for_its_client_gives_way() -> None:
    before = refused("connections")
    async with serving(connections=20) as served:
        half = [await served.connect(HEAD) for _ in range(60)]
        assert await served.get("/quick") == 200
        assert await half[0].closed()
    assert refused("connections") - before >= 40


async def test_who_is_being_answered_does_not_give_way() -> None:
    async with serving(connections=3) as served:
        asked = [await served.connect(request("GET", "/wait")) for _ in range(3)]
        for _ in asked:
            await served.handling.acquire()
        late = await served.connect(HEAD)
        assert await late.status() == 503
        served.go_on.set()
        assert [await client.status() for client in asked] == [200, 200, 200]


async def test_headers_that_do_not_come_are_given_up() -> None:
    before = refused("header_seconds")
    async with serving(header_seconds=0.3) as served:
        for beginning in (b"", b"GET / HT", HEAD, b"\r\n"):
            client = await served.connect(beginning)
            assert await client.status() == 408
            assert await client.closed()
        # Each line in time, the whole not.
        client = await served.connect(HEAD)
        answer = asyncio.create_task(client.status())
        while not answer.done():
            client.writer.write(b"X-More: 1\r\n")
            await asyncio.sleep(0.05)
        assert await answer == 408
    assert refused("header_seconds") - before == 5


async def test_headers_have_a_size() -> None:
    before = refused("header_bytes")
    async with serving() as served:
        assert await served.get("/quick", *[f"X-{n}: {'a' * 1000}" for n in range(60)]) == 200
        assert await served.get("/quick", *[f"X-{n}: {'a' * 1000}" for n in range(70)]) == 431
        assert await served.get("/quick?" + "q" * 70_000) == 431
        # One that never ends, and so is never told of.
        assert await (await served.connect(HEAD + b"X: " + b"a" * 8_000_000)).status() == 431
        trailer = await served.connect(request("POST", "/uploads", "Transfer-Encoding: chunked") + b"0\r\nX: " + b"a" * 70_000)
        assert await trailer.status() == 431
    assert refused("header_bytes") - before == 4


async def test_a_body_that_does_not_come_is_given_up_and_one_that_comes_slowly_is_not() -> None:
    before = refused("body_seconds")
    async with serving(body_seconds=0.3, body_bytes_per_second=10_000) as served:
        for path in ("/bodies", "/uploads"):
            client = await served.connect(request("POST", path, "Content-Length: 9") + b'{"t')
            assert await client.status() == 408
            assert await client.closed()
        client = await served.connect(request("POST", "/uploads", "Content-Length: 40000"))
        for _ in range(8):
            client.writer.write(b"a" * 5000)
            await asyncio.sleep(0.1)
        assert await client.status() == 200
    assert refused("body_seconds") - before == 2


async def test_a_body_has_a_size_that_is_looked_at_before_it_is_read() -> None:
    before = refused("body_bytes")
    async with serving() as served:
        text = b'{"text":"' + b"a" * 65_000 + b'"}'
        taken = await served.connect(request("POST", "/bodies", JSON, f"Content-Length: {len(text)}") + text)
        assert await taken.status() == 200
        for said in ("Content-Length: 1048577", "Content-Length: 99999999999"):
            assert await (await served.connect(request("POST", "/bodies", said))).status() == 413
        chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
        for path, fits in (("/bodies", 16), ("/uploads", 64)):
            client = await served.connect(request("POST", path, "Transfer-Encoding: chunked") + chunk * (fits + 1))
            assert await client.status() == 413, path
        client = await served.connect(request("POST", "/uploads", "Transfer-Encoding: chunked") + chunk * 64 + b"0\r\n\r\n")
        assert await client.status() == 200
    assert refused("body_bytes") - before == 4


async def test_large_bodies_under_way_are_bounded_and_a_small_one_is_taken_beside_them() -> None:
    before = refused("bodies_bytes")
    async with serving(bodies_bytes=310_000) as served:
        large = [await served.connect(request("POST", "/uploads", "Content-Length: 300001") + b"a" * 300_000) for _ in range(2)]
        assert await large[1].status() == 503
        text = b'{"text":"' + b"s" * 30_000 + b'"}'
        small = await served.connect(request("POST", "/bodies", JSON, f"Content-Length: {len(text)}") + text)
        assert await small.status() == 200
        large[0].writer.write(b"a")
        assert await large[0].status() == 200
        again = await served.connect(request("POST", "/uploads", "Content-Length: 300000") + b"a" * 300_000)
        assert await again.status() == 200
    assert refused("bodies_bytes") - before == 1


async def test_so_many_are_handled_at_a_time_and_health_beside_them() -> None:
    before = refused("concurrency")
    async with serving(concurrency=2, queue=1, queue_seconds=1) as served:
        asked = [await served.connect(request("GET", "/wait")) for _ in range(2)]
        for _ in asked:
            await served.handling.acquire()
        queued = await served.connect(request("GET", "/quick"))
        await asyncio.sleep(0.1)
        started = time.monotonic()
        assert await served.get("/quick") == 503  # the queue is full
        assert time.monotonic() - started < 0.5
        assert await served.get("/health/live") == 200
        assert await queued.status() == 503  # it waited long enough
        queued = await served.connect(request("GET", "/quick"))
        await asyncio.sleep(0.1)
        served.go_on.set()
        assert await queued.status() == 200
        assert [await client.status() for client in asked] == [200, 200]
    assert refused("concurrency") - before == 2


async def test_bodies_that_are_awaited_and_streams_take_nobodys_turn() -> None:
    async with serving(concurrency=1, queue=0) as served:
        await served.connect(request("POST", "/uploads", "Content-Length: 9"))
        begun = await served.connect(request("GET", "/begun/"))
        assert await begun.status() == 200
        assert await served.get("/quick") == 200


async def test_an_answer_that_does_not_begin_is_a_503_and_its_handler_ends() -> None:
    before = refused("answer_seconds")
    async with serving(answer_seconds=0.3) as served:
        assert await served.get("/wait") == 503
        assert served.cancelled == ["wait"]
        begun = await served.connect(request("GET", "/begun/"))
        upload = await served.connect(request("POST", "/uploads", "Content-Length: 1"))
        assert await begun.status() == 200
        await asyncio.sleep(0.5)
        served.go_on.set()
        assert (await begun.rest()).endswith(b"end\r\n0\r\n\r\n")
        upload.writer.write(b"a")  # what the client takes is not our time
        assert await upload.status() == 200
    assert refused("answer_seconds") - before == 1


async def test_a_client_that_reads_nothing_of_its_stream_is_dropped() -> None:
    before = refused("stall_seconds")
    async with serving(stall_seconds=0.3) as served:
        client = await served.connect(request("GET", "/stream"))
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: refused("stall_seconds") > before)
        assert served.sent_bytes < 64 * 1024 * 1024
    assert refused("stall_seconds") - before == 1


async def test_large_answers_that_nobody_reads_leave_no_room_for_more_of_them_and_small_ones_go_beside_them() -> None:
    before = refused("answers_bytes")
    async with serving(answers_bytes=50 * MB) as served:
        unread = [await served.connect(request("GET", "/large")) for _ in range(2)]
        assert [await client.status() for client in unread] == [200, 200]
        answer = await (await served.connect(request("GET", "/large", "Connection: close"))).rest()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 2" in answer.lower()
        assert b"too many large answers" in answer
        assert (await served.get("/quick"), refused("answers_bytes") - before) == (200, 1)
        # Whoever has read theirs makes room again, and so does who is gone.
        await unread[0].reader.readexactly(20 * MB)
        assert await served.get("/large") == 200
        unread[1].writer.close()
        for _ in range(100):
            if (answered := await served.get("/large")) == 200:
                break
            await asyncio.sleep(0.02)
        assert answered == 200


async def test_downloads_that_nobody_reads_hold_some_pieces_each_and_are_ended() -> None:
    before = refused("downloads"), refused("answers_bytes"), refused("stall_seconds")
    async with serving(answers_bytes=7 * MB, downloads_of_an_account=2, stall_seconds=1.0) as served:
        for account in ("alice", "alice", "ben", "ben"):
            assert await served.get(f"/download/{account}") == 200
        assert await served.get("/download/alice") == 429
        assert await served.get("/download/carla") == 503
        assert (refused("downloads") - before[0], refused("answers_bytes") - before[1]) == (1, 1)
        assert served.sent_bytes < 40 * MB, "a client that does not read is not written for"
        await until(lambda: refused("stall_seconds") - before[2] == 4)
        assert await served.get("/download/alice") == 200


async def test_an_account_takes_half_of_the_room_for_answers_at_most() -> None:
    async with serving(answers_bytes=7 * MB) as served:
        answers = [await served.get(f"/download/{account}") for account in ("alice", "alice", "alice", "ben")]
        assert answers == [200, 200, 429, 200]


async def test_a_connection_that_asks_nothing_more_is_closed() -> None:
    async with serving(idle_seconds=1) as served:
        client = await served.connect(request("GET", "/quick"))
        assert await client.status() == 200
        assert await client.closed()


async def test_line_ends_are_no_request_and_keep_no_connection() -> None:
    before = refused("header_seconds")
    async with serving(header_seconds=0.3) as served:
        client = await served.connect(request("GET", "/quick"))
        assert await client.status() == 200
        client.writer.write(b"\r\n")
        assert await client.closed()
    assert refused("header_seconds") - before == 1


async def test_of_a_body_that_is_refused_little_more_is_taken() -> None:
    async with serving(idle_seconds=1) as served:
        endless = await served.connect(request("POST", "/bodies", "Content-Length: 2000000"))
        assert await endless.status() == 413
        closed = asyncio.create_task(endless.closed())
        while not closed.done():
            endless.writer.write(b"a")
            await asyncio.sleep(0.05)
        assert await closed
        # One that is sent to its end is an idle connection like others.
        ended = await served.connect(request("POST", "/bodies", "Content-Length: 1048577") + b"a" * 1_048_577)
        assert await ended.status() == 413
        await asyncio.sleep(0.1)
        ended.writer.write(request("GET", "/quick"))
        assert b"quick" in await ended.rest()
        ended = await served.connect(request("POST", "/bodies", "Content-Length: 1048577") + b"a" * 1_048_577)
        assert await ended.status() == 413
        started = time.monotonic()
        assert await ended.closed()
        assert time.monotonic() - started < 1.8


async def test_few_requests_are_taken_in_advance_on_one_connection() -> None:
    async with serving() as served:
        client = await served.connect(request("GET", "/wait") + request("GET", "/quick") * 16)
        await served.handling.acquire()
        client.writer.write(request("GET", "/quick"))
        served.go_on.set()
        assert (await client.rest()).count(b"HTTP/1.1 200") == 17 + 1
        client = await served.connect(request("GET", "/quick") * 30)
        assert b"503 Service Unavailable" in await client.rest()


async def test_of_a_connection_that_is_refused_nothing_more_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as served:
        client = await served.connect(request("GET", "/wait") + request("GET", "/quick") * 30)
        assert await client.status() == 503
        served.go_on.set()
        assert b"HTTP/1.1" not in await client.rest()
        assert await served.get("/quick") == 200
    assert [record.getMessage() for record in caplog.records] == []


async def test_a_stream_ends_with_its_connection_whatever_was_asked_behind_it() -> None:
    async with serving() as served:
        client = await served.connect(request("GET", "/stream") + request("GET", "/quick") * 3)
        assert await client.status() == 200
        client.writer.transport.abort()
        # It writes without a pause to whoever is there.
        for _ in range(100):
            before = served.sent_bytes
            await asyncio.sleep(0.05)
            if served.sent_bytes == before:
                return
        pytest.fail("the stream goes on")
