"""A read that names what it has seen gets at least that."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import uuid4

import httpx
import pytest

from ..events import opened, registered, ticket  # noqa: TID252
from .conftest import Gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]


async def test_a_read_waits_for_the_version_that_it_has_seen(open_gateway: Open) -> None:
    one = ticket()
    newer = one.model_copy(update={"version": 2, "status": "closed"})
    async with open_gateway() as gateway:
        await gateway.hear(opened(one))
        gateway.owners.answers["GET", f"ticket/tickets/{one.id}/conversation"] = httpx.Response(200, json=[])

        async def read(path: str) -> tuple[int, str]:
            answer = await gateway.ask("GET", path, headers={"X-Seen": f"ticket/{one.id}@2"})
            return answer.status_code, answer.text

        reading = [asyncio.create_task(read(path)) for path in ("/tickets", f"/tickets/{one.number}", "/tickets/counts")]
        await asyncio.sleep(0.2)
        assert not any(task.done() for task in reading)
        await gateway.hear(opened(newer))
        answers = await asyncio.gather(*reading)
        assert [status for status, _ in answers] == [200, 200, 200]
        assert '"closed"' in answers[0][1]


async def test_what_is_there_already_is_answered_at_once_and_so_is_what_is_newer(open_gateway: Open) -> None:
    one, ada = ticket(version=5), registered("ada@acme.example")
    async with open_gateway() as gateway:
        await gateway.hear(opened(one), ada)
        began = time.monotonic()
        for seen in (f"ticket/{one.id}@5", f"ticket/{one.id}@3, customer/{ada.customer.id}@1"):
            assert (await gateway.ask("GET", "/customers", headers={"X-Seen": seen})).status_code == 200
        assert time.monotonic() - began < 1.5


async def test_what_does_not_come_is_said_by_name(open_gateway: Open) -> None:
    one, other = ticket(), uuid4()
    async with open_gateway() as gateway:
        await gateway.hear(opened(one))
        began = time.monotonic()
        seen = f"ticket/{one.id}@1,organization/{other}@1"
        answer = await gateway.ask("GET", "/organizations", headers={"X-Seen": seen})
        assert 1.5 < time.monotonic() - began < 4
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert (answer.json()["type"], answer.json()["behind"]) == ("deskstream:problem:not-there-yet", [f"organization/{other}@1"])


@pytest.mark.parametrize("seen", ["7", "ticket/1@7", f"ticket/{uuid4()}", f"ticket/{uuid4()}@0", f"views/{uuid4()}@1"])
async def test_what_names_no_version_is_refused(open_gateway: Open, seen: str) -> None:
    async with open_gateway() as gateway:
        assert (await gateway.ask("GET", "/tickets", headers={"X-Seen": seen})).status_code == 422
