"""What one account reads, or tries to, is bounded: others go beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from prometheus_client import REGISTRY

from gateway.settings import Settings

from .conftest import Gateway, Owners, opened, token

pytestmark = pytest.mark.anyio


class SlowOwners(Owners):
    """They answer when they may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()
        self.most_at_once = self.at_once = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:  # type: ignore[override]
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await self.may_answer.wait()
        self.at_once -= 1
        return super().__call__(request)


@asynccontextmanager
async def slow(settings: Settings) -> AsyncIterator[tuple[Gateway, SlowOwners]]:
    few = {"reads_of_an_account": 2, "reads_waiting_of_an_account": 3, "http_queue_seconds": 1.0, "database_read_seconds": 0.3}
    owners = SlowOwners()
    async with opened(settings.model_copy(update=few), "api", owners) as gateway:
        yield gateway, owners


async def read(gateway: Gateway, who: str, path: str = "/sla/policies", method: str = "GET") -> httpx.Response:
    return await gateway.http.request(
        method, f"/api/v1{path}", headers={"authorization": f"Bearer {token('lead', sub=who)}"}, json={"policies": []}
    )


def refused() -> float:
    return REGISTRY.get_sample_value("deskstream_http_refused_total", {"limit": "reads"}) or 0.0


async def test_reads_of_an_account_take_turns_and_too_many_are_refused_while_others_read(settings: Settings) -> None:
    before = refused()
    async with slow(settings) as (gateway, owners), asyncio.timeout(10), asyncio.TaskGroup() as group:
        of_ada = [group.create_task(read(gateway, "ada")) for _ in range(6)]
        done, _ = await asyncio.wait(of_ada, return_when=asyncio.FIRST_COMPLETED)
        (refusal,) = [task.result() for task in done]
        assert (refusal.status_code, refusal.headers["retry-after"], owners.at_once) == (429, "2", 2)
        assert refusal.json()["title"] == "Too many requests at a time"
        of_bob = group.create_task(read(gateway, "bob"))
        # What ada commands is no read.
        command = group.create_task(read(gateway, "ada", "/sla/policies", "PUT"))
        while owners.at_once < 4:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0)
        owners.may_answer.set()
        answers = [(await task).status_code for task in (*of_ada, of_bob, command)]
        assert (sorted(answers), owners.most_at_once, refused() - before) == ([200] * 7 + [429], 4, 1)
        assert (await read(gateway, "ada")).status_code == 200


async def test_a_read_that_has_waited_too_long_is_refused(settings: Settings) -> None:
    async with slow(settings) as (gateway, owners), asyncio.timeout(10), asyncio.TaskGroup() as group:
        of_ada = [group.create_task(read(gateway, "ada")) for _ in range(3)]
        done, _ = await asyncio.wait(of_ada, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result().status_code for task in done] == [429]
        owners.may_answer.set()


async def test_a_read_that_the_database_does_not_answer_in_time_is_a_503(settings: Settings) -> None:
    async with slow(settings) as (gateway, _), asyncio.timeout(10):
        async with gateway.service.engine.begin() as blocking:
            await blocking.exec_driver_sql("LOCK TABLE views.tickets, seen_tokens")
            for path in ("/tickets", "/tickets/counts", "/tokens"):
                answer = await gateway.ask("GET", path, "admin")
                assert (path, answer.status_code, answer.headers.get("retry-after")) == (path, 503, "2")
        assert (await gateway.ask("GET", "/tickets")).status_code == 200
