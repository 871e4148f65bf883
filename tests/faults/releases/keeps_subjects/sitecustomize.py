"""The next release of ticket-svc: its tickets can be found by their subject, through a column of their own.

Python imports this at its start when the folder is on PYTHONPATH.
"""

from typing import Any

from sqlalchemy import Column, Text

from deskstream_chassis.store.aggregates import AggregateStore
from deskstream_chassis.store.keys import Key, Many
from ticket_svc.persistence import unit
from ticket_svc.persistence.tables import tickets

tickets.append_column(Column("subject_key", Text))


def _store(connection: Any, table: Any, adapter: Any, keys: dict[str, Key[Any]], **options: Any) -> AggregateStore[Any]:
    more = {"subject_key": Many(lambda ticket: ticket.subject.lower())} if table is tickets else {}
    return AggregateStore(connection, table, adapter, {**keys, **more}, **options)


unit.AggregateStore = _store  # type: ignore[assignment,misc]
