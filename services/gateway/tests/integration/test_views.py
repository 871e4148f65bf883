"""Tables, filters and rows of lists are what the declaration of their view says."""

from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import text

from deskstream_chassis.store.database import create_engine
from gateway.api.schemas import TicketRow
from gateway.domain.filters import AgentFilters, CustomerFilters, OrganizationFilters, TicketFilters
from gateway.domain.views import AGENTS, CUSTOMERS, ORGANIZATIONS, TICKETS, VIEWS, Column, View

_TABLE = text("""
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, coalesce(i.indisprimary, false)
    FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY(i.indkey)
    WHERE a.attrelid = CAST(CAST(:name AS text) AS regclass) AND a.attnum > 0 AND NOT a.attisdropped""")
_TYPES = {"timestamptz": "timestamp with time zone"}


def said(column: Column, key: bool) -> tuple[Any, ...]:
    return column.name, _TYPES.get(column.kind, column.kind), column.absent is not None, key


@pytest.mark.anyio
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
async def test_a_table_has_the_columns_that_its_view_declares(view: View, migrated_url: str) -> None:
    engine = create_engine(migrated_url, 1)
    async with engine.connect() as connection:
        found = (await connection.execute(_TABLE, {"name": f"views.{view.name}"})).all()
    await engine.dispose()
    assert {tuple(row) for row in found} == {said(c, c.name == view.key) for c in (*view.columns, *view.beside)}


@pytest.mark.parametrize(
    ("view", "filters"),
    [(TICKETS, TicketFilters), (CUSTOMERS, CustomerFilters), (ORGANIZATIONS, OrganizationFilters), (AGENTS, AgentFilters)],
    ids=lambda given: getattr(given, "name", ""),
)
def test_whatever_lists_are_narrowed_by_is_a_parameter(view: View, filters: type[BaseModel]) -> None:
    assert {c.parameter for c in (*view.columns, *view.beside) if c.by} <= filters.model_fields.keys()


def test_a_row_of_the_list_of_tickets_has_all_that_its_columns_say() -> None:
    said = {c.place.partition(".")[0] for c in (*TICKETS.columns, *TICKETS.beside) if c.place}
    assert said | {"fields"} == TicketRow.model_fields.keys()
