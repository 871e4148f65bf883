"""The tables that the chassis keeps in every service's database, and how long what is in them is kept."""

from typing import Final

from sqlalchemy import MetaData

from deskstream_chassis.bus.inbox import inbox_table
from deskstream_chassis.bus.parking import parked_table
from deskstream_chassis.run.settings import ServiceSettings
from deskstream_chassis.store.kept import Kept
from deskstream_chassis.store.outbox import outbox_table
from deskstream_chassis.store.processes import processes_table
from deskstream_chassis.web.idempotency import idempotency_table

INBOX_DAYS: Final = 21
"""Three times what topics keep: a message that comes again after that comes from nowhere."""

_ROWS_OF_A_LINE: Final = 30


def kept_parked(settings: ServiceSettings) -> Kept:
    """Parked messages. Nobody may have looked at one that goes, so each is logged."""
    columns = ("topic", "key", "event_type", "event_id")
    return Kept("parked", "parked_at", settings.keep_parked_days, columns=columns, logged=True, rows=_ROWS_OF_A_LINE)


def kept_by_chassis(settings: ServiceSettings) -> list[Kept]:
    """What a service with an inbox and commands keeps beside parked messages. The outbox keeps nothing that was sent."""
    return [
        Kept("inbox", "at", INBOX_DAYS),
        Kept("idempotency", "at", settings.keep_idempotency_days),
        Kept("processes", "finished_at", settings.keep_processes_days),
    ]


def define_chassis_tables(metadata: MetaData) -> None:
    """Adds them to a service's metadata: outbox, inbox, parked messages, idempotency keys, processes."""
    for table in (outbox_table, inbox_table, parked_table, idempotency_table, processes_table):
        table(metadata)
