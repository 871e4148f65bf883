"""Rows get their names and types in one place, and a statement whose columns are others is refused."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from sqlalchemy import TextClause, create_engine, text

from deskstream_chassis.store.asyncpg_pool import AsyncpgResult
from deskstream_chassis.store.rows import Query, fetch, fetch_one, find_one

pytestmark = pytest.mark.anyio


class Ship(NamedTuple):
    name: str
    masts: int


SHIPS = Query(text("SELECT name, masts FROM ships"), Ship)


class Record(tuple[Any, ...]):
    """As asyncpg has it: by position, and it knows the names of its columns."""

    names: tuple[str, ...] = ("name", "masts")

    def keys(self) -> Iterator[str]:
        return iter(self.names)


class Harbour:
    """A connection that answers with these rows."""

    def __init__(self, *rows: tuple[str, int]) -> None:
        self.rows = [Record(row) for row in rows]
        self.asked: list[tuple[TextClause, Any]] = []

    async def execute(self, statement: TextClause, parameters: Any = None, /) -> AsyncpgResult:
        self.asked.append((statement, parameters))
        return AsyncpgResult(self.rows, len(self.rows))


async def test_rows_are_read_by_name() -> None:
    harbour = Harbour(("Elbe", 3), ("Oste", 2))
    assert await fetch(harbour, SHIPS, {"port": "Hamburg"}) == [Ship("Elbe", 3), Ship("Oste", 2)]
    assert harbour.asked == [(SHIPS.statement, {"port": "Hamburg"})]


async def test_no_row_is_none_or_an_error_as_is_asked_for() -> None:
    assert await fetch(Harbour(), SHIPS) == []
    assert await find_one(Harbour(), SHIPS) is None
    with pytest.raises(LookupError):
        await fetch_one(Harbour(), SHIPS)


async def test_one_row_is_given_and_several_are_refused() -> None:
    assert await find_one(Harbour(("Elbe", 3)), SHIPS) == await fetch_one(Harbour(("Elbe", 3)), SHIPS) == Ship("Elbe", 3)
    for read in (find_one, fetch_one):
        with pytest.raises(LookupError):
            await read(Harbour(("Elbe", 3), ("Oste", 2)), SHIPS)


@pytest.mark.parametrize("names", [("masts", "name"), ("name", "mast"), ("name",)])
async def test_a_statement_with_other_columns_is_refused_by_its_first_row(
    names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Record, "names", names)
    with pytest.raises(TypeError, match="Ship has"):
        await fetch(Harbour(("Elbe", 3)), SHIPS)


def test_sqlalchemys_own_results_are_read_alike() -> None:
    with create_engine("sqlite://").connect() as connection:
        found = connection.execute(text("SELECT 'Elbe' AS name, 3 AS masts UNION ALL SELECT 'Oste', 2"))
        assert SHIPS.read(found) == [Ship("Elbe", 3), Ship("Oste", 2)]
        with pytest.raises(TypeError, match="Ship has"):
            SHIPS.read(connection.execute(text("SELECT 3 AS masts, 'Elbe' AS name")))
