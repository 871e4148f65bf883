"""Undoing leads to its owner, and what is held is shown as what it is."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import uuid4

import httpx
import pytest

from .conftest import Gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]
PROBLEM = {
    "type": "deskstream:problem:changed-since", "title": "It has changed since", "status": 409, "detail": "…",
    "changed": ["assignee"],
}  # fmt: skip


async def test_an_undoing_reaches_the_owner_that_its_id_names(open_gateway: Open) -> None:
    id_ = uuid4()
    async with open_gateway() as gateway:
        answer = await gateway.ask("POST", f"/undo/ticket.{id_}", "agent", headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.json()) == (200, {"by": "ticket"})
        (asked,) = gateway.owners.asked
        assert (asked.method, asked.url.path, asked.content, asked.headers["idempotency-key"]) == ("POST", f"/undo/{id_}", b"", "k")


async def test_what_stands_in_its_way_is_passed_on(open_gateway: Open) -> None:
    id_ = uuid4()
    async with open_gateway() as gateway:
        gateway.owners.answers["POST", f"ticket/undo/{id_}"] = httpx.Response(409, json=PROBLEM)
        answer = await gateway.ask("POST", f"/undo/ticket.{id_}", "agent")
        assert (answer.status_code, answer.json()) == (409, PROBLEM)


async def test_an_owner_that_undoes_nothing_and_what_is_no_id_are_refused(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        assert (await gateway.ask("POST", f"/undo/ingest.{uuid4()}", "agent")).status_code == 404
        assert (await gateway.ask("POST", f"/undo/{uuid4()}", "agent")).status_code == 422
        assert gateway.owners.asked == []
