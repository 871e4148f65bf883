"""The tables that the chassis keeps in every service's database."""

from sqlalchemy import MetaData

from deskstream_chassis.bus.inbox import inbox_table
from deskstream_chassis.bus.parking import parked_table
from deskstream_chassis.store.outbox import outbox_table
from deskstream_chassis.store.processes import processes_table
from deskstream_chassis.web.idempotency import idempotency_table


def define_chassis_tables(metadata: MetaData) -> None:
    """Adds them to a service's metadata: outbox, inbox, parked messages, idempotency keys, processes."""
    for table in (outbox_table, inbox_table, parked_table, idempotency_table, processes_table):
        table(metadata)
