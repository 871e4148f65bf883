"""What waits in a database, seen without the relay and the consumer."""

from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import MetaData, text

from deskstream_chassis.run.chassis_tables import define_chassis_tables
from deskstream_chassis.store.asyncpg_pool import AsyncpgPool
from deskstream_chassis.store.database import create_engine
from deskstream_chassis.watch.backlog import OUTBOX, PARKED, Backlog

pytestmark = pytest.mark.anyio
metadata = MetaData()
define_chassis_tables(metadata)


def value(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"deskstream_{name}")


async def test_the_outbox_and_the_parked_keys_are_counted(database_url: str) -> None:
    engine = create_engine(database_url, 1)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        for minutes in (10, 5):
            await connection.execute(
                text("""INSERT INTO outbox (topic, key, headers, value, created_at)
                        VALUES ('t', 'k', '{}', '', now() - make_interval(mins => :minutes))"""),
                {"minutes": minutes},
            )
        for key in ("one", "one", "two"):
            await connection.execute(
                text("""INSERT INTO parked
                            (event_id, topic, partition_no, offset_no, key, event_type, headers, value, poison, error)
                        VALUES (:id, 't', 0, 0, :key, 'x', '[]', '', true, '')"""),
                {"id": uuid4(), "key": key},
            )
    await engine.dispose()
    pool = AsyncpgPool(database_url, 1)
    await Backlog(pool, [OUTBOX, PARKED]).look()
    await pool.dispose()
    assert value("outbox_events") == 2
    assert value("outbox_oldest_seconds") == pytest.approx(600, abs=5)
    assert value("parked_keys") == 2
    assert value("database_reachable") == 1


async def test_a_database_that_is_away_is_seen_and_the_last_values_stay() -> None:
    before = value("outbox_events")
    pool = AsyncpgPool("postgresql+asyncpg://nobody:nothing@127.0.0.1:1/nowhere", 1)
    await Backlog(pool, [OUTBOX]).look()
    await pool.dispose()
    assert value("database_reachable") == 0
    assert value("outbox_events") == before
