"""Writing of view sets; `views` is the live one. A row is written only over an older one, so that events may come twice and in
any order.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from sqlalchemy import TextClause, text

from deskstream_chassis.store.database import Connection
from gateway import metrics
from gateway.domain.views import Changes, Row, View

LIVE: Final = "views"

# What goes over the wire as text and is read by the server: that is cheaper than to make a datetime here.
_AS_TEXT: Final = ("timestamptz", "json", "jsonb")


async def write(connection: Connection, schema: str, changes: Changes) -> None:
    """One statement a view. Rows go in the order of their keys, so that two writers cannot wait for each other."""
    for view, keys in changes.gone.items():
        await connection.execute(_delete(schema, view), {"keys": sorted(keys)})
    for view, rows in changes.rows.items():
        ordered = [rows[key] for key in sorted(rows)]
        values: Iterable[Row] = zip(*ordered, strict=True)
        await connection.execute(_upsert(schema, view), dict(zip(view.columns, map(list, values), strict=True)))
        metrics.ROWS_WRITTEN.labels(view.name).inc(len(ordered))


@lru_cache
def _upsert(schema: str, view: View) -> TextClause:
    names = ", ".join(view.columns)
    sources = ", ".join(f"CAST(:{n} AS {'text' if kind in _AS_TEXT else kind}[])" for n, kind in view.columns.items())
    targets = ", ".join(f"d.{n}::{kind}" if kind in _AS_TEXT else f"d.{n}" for n, kind in view.columns.items())
    changes = ", ".join(f"{n} = excluded.{n}" for n in view.columns if n != view.key)
    conflict = f"DO UPDATE SET {changes} WHERE {view.newer}" if view.newer else "DO NOTHING"
    return text(
        f"INSERT INTO {schema}.{view.name} AS t ({names}) SELECT {targets} FROM unnest({sources}) AS d({names}) "
        f"ON CONFLICT ({view.key}) {conflict}"
    )


@lru_cache
def _delete(schema: str, view: View) -> TextClause:
    return text(f"DELETE FROM {schema}.{view.name} WHERE {view.key} = ANY(CAST(:keys AS uuid[]))")
