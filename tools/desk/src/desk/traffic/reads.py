"""The benchmark of reads: lists, orders, filters, counts and searches over a read model of many tickets, from outside, over HTTP.

A stack of its own is started for it (PostgreSQL, Kafka, one gateway), filled inside PostgreSQL, and thrown away.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from desk.client import api_token
from desk.errors import DeskError
from desk.ports import free_port_base
from desk.stack import Stack
from desk.topology import SERVICES
from desk.traffic import archive
from desk.traffic.bench import percentile
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool

READS: Final = {
    "newest": "/tickets",
    "last changed": "/tickets?sort=updated",
    "what is due first": "/tickets?sort=due",
    "the most urgent": "/tickets?sort=priority",
    "open, by deadline": "/tickets?status=open&sort=due",
    "resolved": "/tickets?status=resolved",
    "of a team": "/tickets?team=Team%20{team}",
    "of an agent, by deadline": "/tickets?agent=Agent%20{agent}&status=open&status=in_progress&sort=due",
    "nobody has it": "/tickets?unassigned=true",
    "late once": "/tickets?breached=true",
    "a rare tag": "/tickets?tag=rare",
    "a tag that is not there": "/tickets?tag=absent",
    "of an organization, by name": "/tickets?organization=Organization%20{organization}",
    "of a customer, by address": "/tickets?customer=person{customer}@organization{its_organization}.example",
    "by form": "/tickets?channel=form",
    "a rare word": "/tickets?q=zebrafish",
    "a word that is not there": "/tickets?q=absent",
    "a frequent word": "/tickets?q=room",
    "a part of an address": "/tickets?q=person{customer}@",
    "a number": "/tickets?q={number}",
    "two letters": "/tickets?q=zz",
    "counts": "/tickets/counts",
    "customers, a part of the name": "/customers?q=erson%20{customer}",
    "customers of an organization": "/customers?email=person{customer}@organization{its_organization}.example",
    "organizations, a part of the name": "/organizations?q=zation%20{organization}",
}
"""What is read → its path; values in braces are another each time."""


@dataclass(frozen=True, slots=True)
class Read:
    """How long a read takes, in milliseconds, and how many a second are answered."""

    read: str
    tickets: int
    connections: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    per_second: float


def run_reads_bench(tickets: int, connections: list[int], requests: int, progress: Callable[[str, float], None]) -> list[Read]:
    """Each read so many times, with each number of connections. `progress` hears a phase and how much of it is done (0 to 1)."""
    with _filled(tickets, progress) as (url, secret):
        found: list[Read] = []
        for n, (name, path) in enumerate(READS.items()):
            found += [_measured(url, secret, name, path, tickets, at_once, requests) for at_once in connections]
            progress("reading", (n + 1) / len(READS))
        return found


@contextmanager
def _filled(tickets: int, progress: Callable[[str, float], None]) -> Iterator[tuple[str, str]]:
    """The URL and the token secret of a gateway that has so many tickets to show."""
    services = [service for service in SERVICES if service.name == "gateway"]
    with tempfile.TemporaryDirectory(prefix="desk-reads-") as folder:
        stack = Stack(Path(folder) / "home", free_port_base(), services=services)
        try:
            stack.start_backends()
            stack.migrate()
            progress("filling", 0.1)
            asyncio.run(_fill(stack.database_url("gateway"), tickets))
            progress("filling", 1.0)
            stack.start_service("gateway", "api")
            stack.wait_ready(60, ["gateway"])
            yield f"{stack.url('gateway')}/api/v1", stack.topology.secrets["token"]
        finally:
            stack.destroy()


async def _fill(url: str, tickets: int) -> None:
    pool = AsyncpgPool(url, 1, {"enable_seqscan": "on", "maintenance_work_mem": "512MB"}, statement_seconds=3600)
    try:
        async with pool.connect() as connection:
            await archive.fill(connection, tickets)
            await archive.settle(connection)
    finally:
        await pool.dispose()


def _measured(url: str, secret: str, name: str, path: str, tickets: int, connections: int, requests: int) -> Read:
    def reader(seed: int) -> list[float]:
        chance, times = random.Random(seed), []  # noqa: S311  # nothing secret
        # One account has a few reads at a time.
        token = api_token(secret, ["viewer"], f"Bench {seed}")
        with httpx.Client(headers={"authorization": f"Bearer {token}"}, trust_env=False, timeout=60) as client:
            for _ in range(max(1, requests // connections) + 1):
                wanted = f"{url}{_filled_in(path, chance, tickets)}"
                began = time.perf_counter()
                answer = client.get(wanted)
                times.append(1000 * (time.perf_counter() - began))
                if answer.status_code != 200:
                    raise DeskError(f"{wanted}: {answer.status_code} {answer.text[:200]}")
        return times[1:]  # the first one opens the connection

    began = time.perf_counter()
    with ThreadPoolExecutor(connections) as threads:
        times = sorted(t for some in threads.map(reader, range(connections)) for t in some)
    seconds = time.perf_counter() - began
    return Read(
        read=name,
        tickets=tickets,
        connections=connections,
        p50_ms=round(percentile(times, 0.5), 1),
        p99_ms=round(percentile(times, 0.99), 1),
        max_ms=round(times[-1], 1),
        per_second=round(len(times) / seconds, 1),
    )


def _filled_in(path: str, chance: random.Random, tickets: int) -> str:
    people, organizations = max(1, tickets // 5), max(1, tickets // 10)
    customer = chance.randint(1, people)
    return path.format(
        team=chance.randint(1, archive.TEAMS),
        agent=chance.randint(1, archive.AGENTS),
        organization=chance.randint(1, organizations),
        customer=customer,
        its_organization=customer % organizations + 1,
        number=1000 + chance.randint(1, tickets),
    )
