"""What aggregates are found by: a value of one, a value of many, and rows that they own in another table."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest
from pydantic import TypeAdapter
from sqlalchemy import Column, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID

from deskstream_chassis.store.aggregates import AggregateStore, ConcurrentChange, aggregate_table
from deskstream_chassis.store.asyncpg_pool import AsyncpgConnection, AsyncpgPool
from deskstream_chassis.store.database import create_engine, is_conflict
from deskstream_chassis.store.keys import Key, Many, Owned, Unique

pytestmark = pytest.mark.anyio
metadata = MetaData()
crews = aggregate_table(
    "crews", metadata, Column("name", Text, nullable=False, unique=True), Column("harbour", Text, nullable=False, index=True)
)
ships = Table("ships", metadata, Column("ship", Text, primary_key=True), Column("crew_id", PgUUID, nullable=False))
sailors = Table("sailors", metadata, Column("sailor", Text, nullable=False), Column("crew_id", PgUUID, nullable=False))


@dataclass(frozen=True, slots=True)
class Crew:
    id: UUID
    version: int
    name: str
    harbour: str
    ships: tuple[str, ...] = ()
    sailors: tuple[str, ...] = ()


KEYS: dict[str, Key[Crew]] = {
    "name": Unique(lambda c: c.name),
    "harbour": Many(lambda c: c.harbour),
    "ship": Owned(ships, "crew_id", "ship", lambda c: c.ships),
    "sailor": Owned(sailors, "crew_id", "sailor", lambda c: c.sailors, shared=True),
}
CREW = TypeAdapter(Crew)


def crew(name: str, harbour: str = "Bergen", **more: tuple[str, ...]) -> Crew:
    return Crew(uuid4(), 1, name, harbour, **more)


def store(connection: AsyncpgConnection, lock: bool = True) -> AggregateStore[Crew]:
    return AggregateStore(connection, crews, CREW, KEYS, lock)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[AsyncpgPool]:
    engine = create_engine(database_url, 1)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    opened = AsyncpgPool(database_url, 4)
    yield opened
    await opened.dispose()


async def put(pool: AsyncpgPool, *new: Crew) -> None:
    async with pool.begin() as connection:
        kept = store(connection)
        kept.need(*(c.id for c in new))
        await kept.load()
        for one in new:
            kept.put(one)
        await kept.flush()


async def rows(pool: AsyncpgPool, table: str, column: str) -> set[str]:
    async with pool.connect() as connection:
        return set((await connection.execute(text(f"SELECT {column} FROM {table}"))).scalars())


async def test_many_with_a_value_are_all_found_and_none_silently_left_out(pool: AsyncpgPool) -> None:
    one, two, three = crew("one"), crew("two"), crew("three", "Oslo")
    await put(pool, one, two, three)
    async with pool.begin() as connection:
        kept = store(connection)
        kept.need_by("harbour", "Bergen")
        await kept.load()
        assert kept.find_all("harbour", "Bergen") == sorted((one, two), key=lambda c: c.id)
        with pytest.raises(LookupError, match="was not needed"):
            kept.find_all("harbour", "Oslo")
        moved = replace(two, version=2, harbour="Oslo")
        kept.put(moved)
        assert kept.find_all("harbour", "Bergen") == [one]
        kept.need_by("harbour", "Oslo", "Moss")
        await kept.load()
        assert kept.find_all("harbour", "Oslo") == sorted((moved, three), key=lambda c: c.id)
        assert kept.find_all("harbour", "Moss") == []


async def test_a_value_that_was_given_up_finds_nobody(pool: AsyncpgPool) -> None:
    one = crew("one")
    await put(pool, one)
    async with pool.begin() as connection:
        kept = store(connection)
        kept.need_by("name", "one", "first")
        await kept.load()
        kept.put(replace(one, version=2, name="first"))
        assert kept.find("name", "one") is None
        assert kept.find("name", "first") is not None
        kept.put(crew("one"))
        await kept.flush()
    assert await rows(pool, "crews", "name") == {"one", "first"}


async def test_owned_rows_follow_the_aggregate_and_find_it(pool: AsyncpgPool) -> None:
    one, two = crew("one", ships=("Fram", "Gjoa"), sailors=("Ann", "Bo")), crew("two", ships=("Maud",), sailors=("Bo",))
    await put(pool, one, two)
    async with pool.begin() as connection:
        kept = store(connection)
        kept.need_by("ship", "Fram", "Maud", "Titanic")
        kept.need_by("sailor", "Bo")
        await kept.load()
        assert (kept.find("ship", "Fram"), kept.find("ship", "Maud"), kept.find("ship", "Titanic")) == (one, two, None)
        assert kept.find("ship", "Gjoa") == one
        assert kept.find_all("sailor", "Bo") == sorted((one, two), key=lambda c: c.id)
        kept.put(replace(one, version=2, ships=("Gjoa",), sailors=("Ann",)))
        kept.put(replace(two, version=2, ships=("Maud", "Fram")))
        assert kept.find("ship", "Fram") == kept.get(two.id)
        await kept.flush()
    assert await rows(pool, "ships", "ship || ' ' || crew_id") == {f"Gjoa {one.id}", f"Maud {two.id}", f"Fram {two.id}"}
    assert await rows(pool, "sailors", "sailor || ' ' || crew_id") == {f"Ann {one.id}", f"Bo {two.id}"}


async def test_a_value_of_one_that_two_take_at_the_same_time_is_a_conflict(pool: AsyncpgPool) -> None:
    await put(pool, crew("one", ships=("Fram",)))
    with pytest.raises(Exception) as met:  # noqa: PT011  # which one is what is looked at
        await put(pool, crew("two", ships=("Fram",)))
    assert is_conflict(met.value)


async def test_a_version_that_has_moved_underneath_is_noticed(pool: AsyncpgPool) -> None:
    one = crew("one")
    await put(pool, one)
    async with pool.begin() as connection:
        kept = store(connection, lock=False)
        kept.need(one.id)
        await kept.load()
        await put(pool, replace(one, version=2, harbour="Oslo"))
        kept.put(replace(one, version=2, harbour="Moss"))
        with pytest.raises(ConcurrentChange):
            await kept.flush()


async def test_what_follows_from_others_is_loaded_with_them(pool: AsyncpgPool) -> None:
    one, two = crew("one"), crew("two")
    await put(pool, one, two)
    async with pool.begin() as connection:
        kept = AggregateStore(connection, crews, CREW, KEYS, also=lambda: [two.id])
        kept.need(one.id)
        await kept.load()
        assert {kept.get(one.id), kept.get(two.id)} == {one, two}
