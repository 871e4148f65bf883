"""Lists of a big desk are read off indexes: no statement reads a whole table, or walks over much more than it gives out."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final
from unittest.mock import patch

import orjson
import pytest
from sqlalchemy import TextClause, text

from desk.backends import Backends
from desk.traffic import archive
from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection, AsyncpgPool
from gateway.settings import Settings

from .conftest import Owners, opened, settings_for

pytestmark = pytest.mark.anyio

TICKETS: Final = 40_000
# What is worked on (1,200 tickets) may be walked over, the archive may not.
MOST_ROWS: Final = 3_000
BIG: Final = ("tickets", "slas", "customers", "organizations", "decisions", "notifications")

FIELDS: Final = {"content": '{"fields": [{"key": "cost", "kind": "number"}, {"key": "bought", "kind": "date"}]}'}
READS: Final = [
    "/tickets", "/tickets?sort=updated", "/tickets?sort=due", "/tickets?sort=priority", "/tickets?status=open&sort=due",
    "/tickets?status=open&status=in_progress&sort=due", "/tickets?status=open&sort=priority", "/tickets?status=resolved",
    "/tickets?status=closed", "/tickets?team=Team%207", "/tickets?team=Team%207&status=open&sort=due", "/tickets?team=nobody",
    "/tickets?agent=Agent%2099", "/tickets?agent=agent99@desk.example&status=open&status=in_progress&sort=due",
    "/tickets?unassigned=true", "/tickets?unassigned=true&status=open&sort=due", "/tickets?customer=person7@organization8.example",
    "/tickets?organization=Organization%2077", "/tickets?tag=rare", "/tickets?tag=absent", "/tickets?tag=vip",
    "/tickets?channel=form", "/tickets?ticket_type=Question", "/tickets?ticket_type=absent", "/tickets?external_id=absent",
    "/tickets?waiting_for=customer",
    "/tickets?breached=true", "/tickets?breached=true&status=open", "/tickets?due_before=2000-01-01T00:00:00Z&sort=due",
    "/tickets?q=zebrafish", "/tickets?q=absent", "/tickets?q=room", "/tickets?q=person77@", "/tickets?q=21234", "/tickets?q=zz",
    "/tickets?field.contract=rare", "/tickets?field.contract=absent", "/tickets?field.cost=17", "/tickets?field.cost.gte=999",
    "/tickets?field.cost.lt=100&status=open&sort=due", "/tickets?field.bought.gte=2026-01-09&field.cost.gte=0",
    "/tickets?field.bought.gt=2027-01-01",
    "/tickets?archived=true", "/tickets?archived=true&sort=updated", "/tickets?archived=true&q=absent", "/tickets?archived=false",
    "/tickets/counts", "/tickets/21234",
    "/customers?q=person77", "/customers?q=absent", "/customers?email=person7@organization8.example",
    "/customers?organization={organization}", "/customers?tag=absent", "/organizations?q=zation%2077",
    "/organizations?domain=organization77.example", "/organizations?tag=absent",
    "/customers?field.contract=absent", "/organizations?field.contract=absent",
]  # fmt: skip


@pytest.fixture(scope="module")
def big(backends: Backends, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """A gateway's database with many tickets, which nobody changes."""
    url = backends.create_migrated_database(request.path.parents[2])

    async def fill() -> None:
        pool = AsyncpgPool(url, 1, {"enable_seqscan": "on"})
        async with pool.connect() as connection:
            await archive.fill(connection, TICKETS)
            await connection.execute(
                text("INSERT INTO views.documents VALUES ('ticket-fields', 1, CAST(:content AS json))"), FIELDS
            )
            await archive.settle(connection)
        await pool.dispose()

    asyncio.run(fill())
    yield settings_for(url)
    asyncio.run(backends.drop_database(url))


@asynccontextmanager
async def explained(plans: list[dict[str, Any]]) -> AsyncIterator[None]:
    """Each statement of a reader is explained, as it runs, before it is run."""
    execute = AsyncpgConnection.execute

    async def explain(connection: AsyncpgConnection, statement: TextClause, values: Any = None) -> Any:
        # RETURNING nothing: what has the word gives rows.
        found = await execute(connection, text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text} /* RETURNING */"), values)
        plans.append(orjson.loads(found.scalar_one())[0]["Plan"])
        return await execute(connection, statement, values)

    with patch.object(AsyncpgConnection, "execute", explain):
        yield


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def walked(node: dict[str, Any]) -> float:
    """How many rows a scan has looked at."""
    per_loop = sum(node.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"))
    return float(per_loop * node["Actual Loops"])


@pytest.mark.parametrize("path", READS)
async def test_a_list_of_a_big_desk_is_read_off_an_index(big: Settings, path: str) -> None:
    plans: list[dict[str, Any]] = []
    async with opened(big, "api", Owners()) as gateway:
        organization = (await gateway.rows("SELECT id FROM views.organizations WHERE name = 'Organization 77'"))[0][0]
        gateway.owners.away.add("ticket")  # the conversation is its owner's
        async with explained(plans):
            answer = await gateway.ask("GET", path.replace("{organization}", str(organization)))
    assert answer.status_code == 200, answer.text
    scans = [node for plan in plans for node in nodes(plan) if node.get("Relation Name") in BIG]
    assert scans
    assert [s["Relation Name"] for s in scans if s["Node Type"] == "Seq Scan"] == []
    assert sum(map(walked, scans)) <= MOST_ROWS, [(s["Node Type"], s.get("Index Name"), walked(s)) for s in scans]


async def test_a_page_in_the_middle_is_no_dearer_than_the_first(big: Settings) -> None:
    plans: list[dict[str, Any]] = []
    async with opened(big, "api", Owners()) as gateway:
        page = await gateway.get("/tickets", sort="due", limit=200)
        for _ in range(10):
            page = await gateway.get("/tickets", sort="due", limit=200, cursor=page["next"])
        async with explained(plans):
            # A cursor belongs to its filters and order; how many are wanted may change.
            assert len((await gateway.get("/tickets", sort="due", cursor=page["next"]))["items"]) == 50
    scans = [node for plan in plans for node in nodes(plan) if node.get("Relation Name") in BIG]
    # What is archived stands among what has no deadline, and is stepped over: it is half of all here.
    assert sum(map(walked, scans)) <= 120
