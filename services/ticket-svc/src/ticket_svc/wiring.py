"""The only place of ticket-svc that constructs anything."""

from functools import partial

from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service
from ticket_svc.api.reads import ticket_reads
from ticket_svc.commands import COMMANDS
from ticket_svc.persistence.unit import TicketUnit
from ticket_svc.settings import Settings
from ticket_svc.subscriptions import SUBSCRIPTIONS


def build(settings: Settings, role: str) -> Service:
    """`role`: api, worker, or all of it in one process. Nothing is connected to before the service runs."""
    base = Assembly("ticket-svc", settings, partial(TicketUnit, types=settings.types), SUBSCRIPTIONS, COMMANDS)
    return base.service(role, [ticket_reads(base.engine)])
