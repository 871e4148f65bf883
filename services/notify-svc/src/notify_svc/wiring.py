"""The only place of notify-svc that constructs anything."""

from datetime import timedelta
from functools import partial

import httpx

from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service
from deskstream_chassis.run.worker import Worker
from notify_svc.adapters.files import TicketFiles
from notify_svc.adapters.journal import Journal
from notify_svc.adapters.smtp import Server, Timeouts
from notify_svc.adapters.templates import JinjaWords
from notify_svc.api.addresses import address_reads
from notify_svc.api.deliveries import delivery_reads
from notify_svc.commands import COMMANDS
from notify_svc.domain.mail import Desk
from notify_svc.domain.policy import NotifyPolicy
from notify_svc.messaging.heard import KINDS
from notify_svc.persistence.delivery_queue import FAILED, WAITING, DeliveryQueue
from notify_svc.persistence.retention import kept
from notify_svc.persistence.unit import NotifyUnit
from notify_svc.settings import Settings
from notify_svc.subscriptions import SUBSCRIPTIONS
from notify_svc.workers.sender import Sender, lease_seconds


def build(settings: Settings, role: str, to_ticket: httpx.AsyncBaseTransport | None = None) -> Service:
    """`role`: api, worker, or all of it in one process. A worker opens the journal; nothing connects before the service runs.

    `to_ticket` stands in for the network in tests.
    """
    policy = _policy(settings)
    sender: Sender | None = None

    def mail_is_due() -> None:
        # Not every process sends.
        if sender is not None:
            base.expected.expect(sender.wake)

    unit_factory = partial(NotifyUnit, policy=policy, expect=mail_is_due)
    base = Assembly("notify-svc", settings, unit_factory, SUBSCRIPTIONS, COMMANDS)
    base.waiting += [WAITING, FAILED]
    base.kept += kept(settings)
    workers: list[Worker] = []
    # Who has no worker must not touch the journal of the one who has.
    if role in ("all", "worker"):
        sender = _sender(settings, base, TicketFiles(settings.ticket_url, settings.files_secrets[0], base.clock, to_ticket))
        workers.append(sender)
    return base.service(role, [delivery_reads(base.engine), address_reads(base.engine)], workers)


def _policy(settings: Settings) -> NotifyPolicy:
    secret = settings.reply_secrets[0].encode()
    return NotifyPolicy(
        Desk(settings.desk_name, settings.domain.lower(), settings.default_mailbox, secret, settings.ticket_link),
        JinjaWords(KINDS, settings.fallback_language),
        settings.automatic_mails_per_hour,
        timedelta(hours=settings.give_up_after_hours),
        timedelta(seconds=settings.confirm_after_seconds),
    )


def _sender(settings: Settings, base: Assembly[NotifyUnit], files: TicketFiles) -> Sender:
    server = _server(settings)
    return Sender(
        DeliveryQueue(base.pool, base.open_unit, settings.instance, lease_seconds(server.timeouts.transaction)),
        Journal(settings.journal),
        server,
        base.clock,
        base.tracing,
        files,
        connections=settings.smtp_connections,
        retry_first_seconds=settings.retry_first_seconds,
        on_recorded=base.relay.wake,
        max_linger_seconds=settings.max_linger_seconds,
    )


def _server(settings: Settings) -> Server:
    return Server(
        host=settings.smtp_host,
        port=settings.smtp_port,
        ehlo_name=settings.smtp_ehlo_name or settings.domain.lower(),
        tls="starttls" if settings.smtp_starttls else "implicit" if settings.smtp_implicit_tls else "none",
        ca_file=str(settings.smtp_ca_file) if settings.smtp_ca_file else None,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
        timeouts=Timeouts(
            connect=settings.smtp_connect_seconds,
            command=settings.smtp_command_seconds,
            data_start=settings.smtp_data_start_seconds,
            data_block=settings.smtp_data_block_seconds,
            data_end=settings.smtp_data_end_seconds,
        ),
    )
