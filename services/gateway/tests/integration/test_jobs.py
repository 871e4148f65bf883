"""Long work, seen from outside: its id leads to its owner."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .conftest import Gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]


def a_job(id_: str) -> dict[str, Any]:
    moment = "2026-03-02T09:15:30Z"
    return {
        "id": id_, "kind": "join_by_domain", "subject": "organization/1", "state": "running", "done": 3, "total": 10, "failed": 0,
        "asked_by": {"kind": "agent", "id": "ada"}, "started_at": moment, "updated_at": moment,
    }  # fmt: skip


async def test_a_job_is_asked_of_its_owner_and_stopped_and_resumed_there(open_gateway: Open) -> None:
    uuid = uuid4()
    async with open_gateway() as gateway:
        for method, verb, role in (("GET", "", "viewer"), ("POST", "/stop", "lead"), ("POST", "/resume", "operator")):
            gateway.owners.answers[method, f"customer/jobs/{uuid}{verb}"] = httpx.Response(200, json=a_job(f"customer.{uuid}"))
            answer = await gateway.ask(method, f"/jobs/customer.{uuid}{verb}", role)
            assert (answer.status_code, answer.json()["done"]) == (200, 3)


async def test_an_id_of_nobody_is_not_there_and_what_is_no_id_is_refused(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        assert (await gateway.ask("GET", f"/jobs/nobody.{uuid4()}")).status_code == 404
        assert (await gateway.ask("GET", f"/jobs/{uuid4()}")).status_code == 422
        assert (await gateway.ask("GET", "/jobs/customer.1")).status_code == 422
        assert gateway.owners.asked == []


async def test_jobs_are_listed_and_an_owner_that_is_away_is_named(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        for owner in ("customer", "sla"):
            gateway.owners.answers["GET", f"{owner}/jobs"] = httpx.Response(200, json=[a_job(f"{owner}.{uuid4()}")])
        listed = await gateway.get("/jobs", subject="organization/1")
        assert (len(listed["items"]), listed["away"]) == (2, [])
        assert gateway.owners.asked[-1].url.query == b"subject=organization/1"
        await gateway.get("/jobs", subject="organization/1&limit=1#")
        assert gateway.owners.asked[-1].url.query == b"subject=organization/1%26limit%3D1%23"
        gateway.owners.away.add("customer")
        assert (await gateway.get("/jobs"))["away"] == ["customer"]
