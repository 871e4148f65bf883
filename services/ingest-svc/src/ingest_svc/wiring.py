"""The only place of ingest-svc that constructs anything."""

import ssl
from collections.abc import Mapping, Sequence
from functools import partial
from ipaddress import ip_network
from pathlib import Path

from deskstream_chassis.run.assembly import Assembly
from deskstream_chassis.run.service import Service
from ingest_svc.adapters.parsing.pool import Limits, ParserPool
from ingest_svc.api.ledger import ledger_reads
from ingest_svc.api.submissions import submission_routes
from ingest_svc.api.webhooks import Webhooks, webhook_routes
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.forms import Form, Forms
from ingest_svc.domain.signatures import separate
from ingest_svc.doors import budget
from ingest_svc.doors.protocol import Patience
from ingest_svc.doors.smtp import SmtpDoor, SmtpSettings
from ingest_svc.handlers.accept import Acceptance
from ingest_svc.persistence.intake import Intake
from ingest_svc.persistence.queries import WAITING
from ingest_svc.persistence.retention import kept
from ingest_svc.persistence.unit import IngestUnit
from ingest_svc.settings import Settings, listed
from ingest_svc.subscriptions import SUBSCRIPTIONS
from ingest_svc.workers.sorter import BatchLimits, Sorter


def build(settings: Settings, role: str) -> Service:
    """`role`: api, worker, or all of it in one process. Nothing is connected to before the service runs.

    Raises Misconfigured where two signed doors share a secret, and pydantic's ValidationError for forms that cannot be used.
    """
    desk, forms = desk_of(settings), forms_of(settings.forms)
    separate(doors_of(settings, forms))
    base = Assembly("ingest-svc", settings, partial(IngestUnit, desk=desk), SUBSCRIPTIONS)
    base.waiting.append(WAITING)
    base.kept += kept(settings)
    limits = Limits(settings.parser_memory_mb)
    sorter = Sorter(
        pool=base.pool,
        open_unit=base.open_unit,
        quick=ParserPool(settings.parser_processes, limits, settings.authserv_id),
        slow=ParserPool(1, limits, settings.authserv_id),
        desk=desk,
        forms=forms,
        clock=base.clock,
        tracing=base.tracing,
        after_commit=base.committed,
        limits=BatchLimits(
            settings.sort_batch,
            settings.sort_batch_bytes,
            settings.parser_quick_seconds,
            settings.parser_seconds,
            settings.sort_poll_seconds,
            settings.max_linger_seconds,
        ),
        announcer=base.announcer,
    )
    intake = Intake(base.pool, sorter.wake, settings.intake_bytes)
    acceptance = Acceptance(intake, desk, base.clock, base.tracing)
    # A pool of its own: somebody who opens an attachment must not wait for the sorter, nor the sorter for them.
    openers = ParserPool(1, limits)
    webhooks = webhooks_of(settings)
    kept_days = {False: settings.keep_raw_mail_days, True: settings.keep_quarantined_days}
    routes = [
        webhook_routes(acceptance, desk, forms, webhooks, base.clock),
        submission_routes(acceptance),
        ledger_reads(base.engine, openers, settings.parser_seconds, kept_days),
    ]
    uploads = {"/webhooks/mail": webhooks.handed_in_bytes, "/webhooks/forms/": webhooks.form_bytes}
    return base.service(role, routes, [sorter], doors=[SmtpDoor(acceptance, desk, smtp_of(settings)), openers], uploads=uploads)


def desk_of(settings: Settings) -> Desk:
    """Domain and mailboxes in lower case; a reply address may be signed with any of the secrets."""
    return Desk(
        domain=settings.domain.lower(),
        mailboxes=frozenset(m.lower() for m in listed(settings.mailboxes)),
        reply_secrets=tuple(s.encode() for s in listed(settings.reply_secret.get_secret_value())),
    )


def forms_of(path: Path | None) -> dict[str, Form]:
    """The configured forms by id. Raises ValueError (pydantic) for a file that cannot be used."""
    return {} if path is None else Forms.validate_json(path.read_bytes())


def doors_of(settings: Settings, forms: Mapping[str, Form]) -> dict[str, Sequence[str]]:
    """The signed doors, as people know them, with their secrets."""
    of_forms: dict[str, Sequence[str]] = {f"form {id_!r}": form.keys for id_, form in forms.items()}
    return {"INGEST_WEBHOOK_MAIL_SECRETS": listed(settings.webhook_mail_secrets.get_secret_value()), **of_forms}


def webhooks_of(settings: Settings) -> Webhooks:
    """What webhooks are held to: secrets, seconds for which a signature is good, and bytes."""
    return Webhooks(
        mail_secrets=listed(settings.webhook_mail_secrets.get_secret_value()),
        window_seconds=settings.webhook_window_seconds,
        message_bytes=settings.message_bytes,
        form_bytes=settings.form_bytes,
    )


def smtp_of(settings: Settings) -> SmtpSettings:
    """Loads the TLS certificate, where one is configured. Raises OSError or SSLError for one that cannot be used."""
    tls = None
    if settings.smtp_tls_certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(settings.smtp_tls_certificate, settings.smtp_tls_key)
    return SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        hostname=settings.smtp_hostname or settings.domain,
        message_bytes=settings.message_bytes,
        limits=budget.Limits(settings.smtp_sessions, settings.smtp_sessions_of_a_peer, settings.smtp_bytes),
        stop_seconds=settings.smtp_stop_seconds,
        patience=Patience(settings.smtp_transaction_seconds, settings.smtp_session_seconds, settings.smtp_idle_commands),
        trusted_relays=tuple(ip_network(n, strict=False) for n in listed(settings.trusted_relays)),
        tls=tls,
        require_tls=settings.smtp_require_tls,
    )
