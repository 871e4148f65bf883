"""The only place of notify-svc that constructs anything."""

from datetime import timedelta

from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service
from notify_svc.adapters.journal import Journal
from notify_svc.adapters.smtp import Server
from notify_svc.adapters.templates import JinjaWords
from notify_svc.api.routes import routes
from notify_svc.domain.mail import Desk
from notify_svc.handlers.notify import Notifier
from notify_svc.messaging.subscriptions import subscriptions
from notify_svc.persistence.delivery_queue import WAITING, DeliveryQueue
from notify_svc.persistence.tables import chassis_tables
from notify_svc.persistence.unit import NotifyUnit
from notify_svc.settings import Settings
from notify_svc.workers.sender import Sender


def build(settings: Settings, role: str) -> Service:
    desk = Desk(
        settings.desk_name,
        settings.domain.lower(),
        settings.default_mailbox,
        settings.reply_secret.split(",")[0].strip().encode(),
    )
    notifier = Notifier(
        desk,
        JinjaWords(settings.fallback_language),
        settings.automatic_mails_per_hour,
        timedelta(hours=settings.give_up_after_hours),
    )
    base = Assembly("notify-svc", settings, chassis_tables, NotifyUnit, subscriptions(notifier))
    base.waiting.append(WAITING)
    workers = []
    if role in ("all", "worker"):
        sender = Sender(
            DeliveryQueue(base.pool, chassis_tables, settings.instance),
            Journal(settings.journal),
            _server(settings),
            base.clock,
            base.tracing,
            connections=settings.smtp_connections,
            retry_first_seconds=settings.retry_first_seconds,
            on_recorded=base.relay.wake,
            max_linger_seconds=settings.max_linger_seconds,
        )
        base.on_commit.append(sender.wake)
        workers.append(sender)
    return base.service(role, [routes(base.commands, base.engine)], workers)


def _server(settings: Settings) -> Server:
    return Server(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_starttls,
        settings.smtp_username,
        settings.smtp_password,
        settings.smtp_timeout_seconds,
    )
