"""The only place of ticket-svc that constructs anything."""

from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service
from ticket_svc.api.routes import routes
from ticket_svc.messaging.subscriptions import subscriptions
from ticket_svc.persistence.tables import chassis_tables
from ticket_svc.persistence.unit import TicketUnit
from ticket_svc.settings import Settings


def build(settings: Settings, role: str) -> Service:
    base = Assembly("ticket-svc", settings, chassis_tables, TicketUnit, subscriptions(settings.types))
    return base.service(role, [routes(base.commands, base.engine, settings.types)])
