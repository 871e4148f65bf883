"""Long work of ten thousand chunks, whose worker is killed ten times at random: it ends once, and each effect is there once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import asyncpg
import pytest

from desk.client import until
from desk.traffic.checker import end_offsets, published_since
from tests.faults.conftest import Broken, sleep_a_little

_PEOPLE = 10_000
_KILLS = 10
_DOMAIN = "long-work.example"
# As many people as if they had written one by one, before their company was known here.
_KNOWN = """
INSERT INTO customers (id, version, email, domain, state)
SELECT id, 1, 'p' || n || '@' || $1, $1, jsonb_build_object(
    'id', id, 'version', 1, 'email', 'p' || n || '@' || $1, 'language', 'en', 'language_source', 'fallback',
    'created_at', now(), 'updated_at', now(), 'active', true, 'tags', '[]'::jsonb, 'organization_ids', '[]'::jsonb)
FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, $2) AS n) AS people"""
_JOINED = """SELECT count(*) FILTER (WHERE version = 2 AND state -> 'organization_ids' = jsonb_build_array($2::text)), count(*)
    FROM customers WHERE domain = $1"""


@pytest.mark.timeout(900)
def test_long_work_that_is_killed_ten_times_ends_once_with_each_effect_once(broken: Broken) -> None:
    dice = random.Random(8)
    broken.restart("customer", PROCESS_CHUNK="1")
    _rows(broken, _KNOWN, _DOMAIN, _PEOPLE)
    offsets = end_offsets(broken.bootstrap)
    made = broken.desk.api("POST", "/organizations", json={"name": "Long Work Inc.", "domains": [_DOMAIN]})
    marks = sorted(dice.sample(range(1, _PEOPLE - 500), _KILLS))
    seen: list[int] = []
    for mark in marks:
        seen.append(until(lambda mark=mark: _past(broken, made["job"], mark), 300, f"step {mark}"))
        sleep_a_little(dice.random() / 20)  # anywhere within a chunk
        broken.stack.kill("customer")
        broken.wait_dead("customer")
        broken.stack.start_service("customer")
        broken.stack.wait_ready(60, ["customer"])
    ended = until(lambda: _ended(broken, made["job"]), 300, "the end of the work")
    assert seen == sorted(seen)
    assert seen[-1] < _PEOPLE, "it had ended before the last kill"
    assert (ended["state"], ended["done"], ended["total"], ended["failed"]) == ("done", _PEOPLE, _PEOPLE, 0)
    assert tuple(_rows(broken, _JOINED, _DOMAIN, made["id"])[0]) == (_PEOPLE, _PEOPLE)
    until(lambda: _joined(broken, offsets).total() >= _PEOPLE, 120, "the events of all who joined")
    joined = _joined(broken, offsets)
    # An event may be published twice, under the same id; there is one for each person.
    assert (len(joined), set(joined.values())) == (_PEOPLE, {1})


def _past(broken: Broken, job: str, mark: int) -> int | None:
    done = _job(broken, job)["done"]
    return done if done >= mark else None


def _ended(broken: Broken, job: str) -> dict[str, Any] | None:
    found = _job(broken, job)
    return found if found["state"] != "running" else None


def _job(broken: Broken, job: str) -> dict[str, Any]:
    found: dict[str, Any] = broken.desk.api("GET", f"/jobs/{job}")
    return found


def _joined(broken: Broken, offsets: Any) -> Counter[str]:
    """How many events say of each person that they joined, each event counted once."""
    events = {e.id: e for e in published_since(broken.bootstrap, offsets) if e.type == "customer.joined.v1"}
    return Counter(e.key for e in events.values())


def _rows(broken: Broken, statement: str, *values: Any) -> list[Any]:
    async def asked() -> list[Any]:
        connection = await asyncpg.connect(broken.stack.database_url("customer").replace("+asyncpg", ""))
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    return asyncio.run(asked())
