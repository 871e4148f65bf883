"""A ticket, and an entry of the ledger, say that something of theirs is parked."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateway.workers.parked_watch import ParkedWatch

from ..events import opened, ticket  # noqa: TID252
from .conftest import Gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]


def parked(key: object, error: str = "UnicodeEncodeError: 'ascii'\nand more") -> dict[str, Any]:
    return {
        "id": 1, "topic": "deskstream.tickets.v1", "key": str(key), "messages": 2, "since": datetime.now(UTC).isoformat(),
        "event_type": "ticket.opened.v1", "event_id": str(uuid4()), "error": error,
    }  # fmt: skip


async def test_a_ticket_and_its_entry_say_what_waits_of_them(open_gateway: Open) -> None:
    one, other, root = ticket(), ticket(), uuid4()
    async with open_gateway() as gateway:
        await gateway.hear(opened(one), opened(other))
        answers = gateway.owners.answers
        answers["GET", "notify/admin/parked"] = httpx.Response(200, json=[parked(one.id)])
        answers["GET", "ticket/admin/parked"] = httpx.Response(200, json=[parked(root, "it cannot be stored")])
        entry = {"thread_root": str(root), "id": str(uuid4())}
        answers["GET", "ingest/ledger"] = httpx.Response(200, json={"items": [entry, entry | {"thread_root": None}], "next": None})
        answers[("GET", f"ingest/ledger/{entry['id']}")] = httpx.Response(200, json=entry)
        for known in (one, other):
            answers["GET", f"ticket/tickets/{known.id}/conversation"] = httpx.Response(200, json=[])
        watch = gateway.worker("parked watch")
        assert isinstance(watch, ParkedWatch)
        assert (await gateway.get(f"/tickets/{one.number}"))["parked"] == []
        await watch.look()
        (notice,) = (await gateway.get(f"/tickets/{one.number}"))["parked"]
        assert (notice["service"], notice["messages"], notice["error"]) == ("notify", 2, "UnicodeEncodeError: 'ascii'")
        assert (await gateway.get(f"/tickets/{other.number}"))["parked"] == []
        page = await gateway.get("/ledger")
        assert [[n["service"] for n in item["parked"]] for item in page["items"]] == [["ticket"], []]
        assert [n["error"] for n in (await gateway.get(f"/ledger/{entry['id']}"))["parked"]] == ["it cannot be stored"]
        # A service that is away has what it had; one that answers has what it says now.
        gateway.owners.away.add("notify")
        answers["GET", "ticket/admin/parked"] = httpx.Response(200, json=[])
        await watch.look()
        assert len((await gateway.get(f"/tickets/{one.number}"))["parked"]) == 1
        assert [item["parked"] for item in (await gateway.get("/ledger"))["items"]] == [[], []]


@pytest.mark.parametrize("answer", [httpx.Response(401), httpx.Response(500), httpx.Response(200, text="<html>")])
async def test_a_service_that_gives_no_list_leaves_what_was_seen_of_it(open_gateway: Open, answer: httpx.Response) -> None:
    key = uuid4()
    async with open_gateway() as gateway:
        watch = gateway.worker("parked watch")
        assert isinstance(watch, ParkedWatch)
        for told in (httpx.Response(200, json=[parked(key)]), answer):
            gateway.owners.answers["GET", "notify/admin/parked"] = told
            await watch.look()
            assert [notice.service for notice in watch.of(key)] == ["notify"]
