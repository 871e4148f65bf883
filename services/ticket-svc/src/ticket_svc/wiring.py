"""The only place of ticket-svc that constructs anything."""

from datetime import datetime
from functools import partial

from deskstream_chassis.files.cleaner import ContentCleaner
from deskstream_chassis.files.objects import objects_at
from deskstream_chassis.files.routes import PATH, handed_on_route, upload_route
from deskstream_chassis.files.store import FileStore, Limits
from deskstream_chassis.files.tables import kept_unclaimed
from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service
from deskstream_chassis.store import undo
from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.outbox import Outbox
from deskstream_chassis.web.subjects import AGENTS
from deskstream_contracts.documents import CLOSING, TICKET_FIELDS, TICKET_TYPES
from ticket_svc.api.files import file_reads
from ticket_svc.api.reads import ticket_reads
from ticket_svc.api.settings import DOCUMENTS
from ticket_svc.commands import COMMANDS
from ticket_svc.persistence.unit import TicketUnit
from ticket_svc.settings import Settings
from ticket_svc.subscriptions import SUBSCRIPTIONS
from ticket_svc.workers.closing import ClosingWorker
from ticket_svc.workers.held import WAITING, HeldSender
from ticket_svc.workers.requesters import RequestersFollow


def build(settings: Settings, role: str) -> Service:
    """`role`: api, worker, or all of it in one process. Nothing is connected to before the service runs."""

    def unit(connection: Connection, outbox: Outbox, now: datetime) -> TicketUnit:
        return TicketUnit(
            connection,
            outbox,
            now,
            types=base.in_force.of(TICKET_TYPES),
            fields=base.in_force.of(TICKET_FIELDS),
            files_bytes=settings.message_files_bytes,
            hold_seconds=settings.hold_seconds,
            undo_seconds=settings.undo_seconds,
        )

    base = Assembly("ticket-svc", settings, unit, SUBSCRIPTIONS, COMMANDS, documents=DOCUMENTS)
    base.kept += [kept_unclaimed(settings.keep_unclaimed_files_days), undo.KEPT]
    base.waiting.append(WAITING)
    objects = objects_at(settings.files_store)
    files = FileStore(base.pool, objects, Limits(settings.file_bytes, settings.unclaimed_files_bytes))
    closing = ClosingWorker(base.pool, base.open_unit, partial(base.in_force.of, CLOSING), base.clock, base.committed, base.tracing)
    held = HeldSender(base.pool, base.open_unit, base.committed, settings.hold_seconds)
    requesters = RequestersFollow(base.pool, base.open_unit, base.clock, base.committed, base.tracing)
    return base.service(
        role,
        [
            ticket_reads(base.engine),
            upload_route(files, AGENTS),
            handed_on_route(files, settings.files_secrets, base.clock),
            file_reads(base.engine, files),
        ],
        [ContentCleaner(base.pool, objects), closing, held, requesters],
        uploads={PATH: settings.file_bytes},
    )
