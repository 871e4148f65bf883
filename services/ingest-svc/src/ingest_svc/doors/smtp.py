"""The SMTP door (RFC 5321): takes mail for our mailboxes, and says 250 only for what is in the ledger."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Protocol
from uuid import UUID

from aiosmtpd.smtp import Envelope, Session

from deskstream_chassis.refusals import Refusal
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.watch.logs import logger
from ingest_svc import metrics
from ingest_svc.domain.desk import Desk
from ingest_svc.doors.budget import Budget, Limits
from ingest_svc.doors.peers import address_of, counted_as
from ingest_svc.doors.protocol import MailSession, Patience
from ingest_svc.handlers.accept import Incoming

MEDIA_TYPE = "message/rfc822"
_MAX_RECIPIENTS = 100
_log = logger(__name__)


class Accepts(Protocol):
    """Where what came in is handed in (`handlers.accept.Acceptance`)."""

    async def accept(self, incoming: Incoming) -> list[UUID]:
        """The ids of the receipts, which are committed. Raises a Refusal for what cannot be taken now."""
        ...


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """`stop_seconds`: how long sessions in DATA may go on after the stop; `silent_seconds`: how long one may be silent (RFC 5321
    §4.5.3.2)."""

    host: str
    port: int
    hostname: str
    message_bytes: int
    limits: Limits
    stop_seconds: float
    trusted_relays: tuple[IPv4Network | IPv6Network, ...] = ()
    tls: ssl.SSLContext | None = None
    require_tls: bool = False
    silent_seconds: float = 300.0
    patience: Patience = field(default_factory=Patience)

    def trusts(self, peer: str) -> bool:
        """Whether it is one of our relays."""
        address = address_of(peer)
        return address is not None and any(address in network for network in self.trusted_relays)


class MailHandler:
    """aiosmtpd's hooks: which recipients are taken, and what happens with a message."""

    def __init__(self, acceptance: Accepts, desk: Desk, settings: SmtpSettings) -> None:
        self._acceptance = acceptance
        self._desk = desk
        self._settings = settings

    async def handle_EHLO(  # noqa: N802
        self, server: MailSession, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """The extensions on offer (RFC 5321 §4.1.1.1): aiosmtpd's without AUTH, and PIPELINING (RFC 2920)."""
        session.host_name = hostname
        # No AUTH: whoever delivers mail to a mailbox has no account here.
        offered = [r for r in responses[:-1] if not r.startswith("250-AUTH")]
        return [*offered, "250-PIPELINING", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: MailSession, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """550 for an address that is no mailbox of ours, 452 for too many (RFC 5321 §4.5.3.1.10)."""
        mailbox = self._desk.mailbox_of(address)
        if mailbox is None:
            metrics.REFUSED.labels("smtp", "550").inc()
            return "550 5.1.1 No such mailbox here"
        if len(envelope.rcpt_tos) >= _MAX_RECIPIENTS:
            metrics.REFUSED.labels("smtp", "452").inc()
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: MailSession, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """250 with the receipt's id once it is committed; 451 for what cannot be taken now, so that the sender tries again."""
        # Several addresses of one mailbox are one entry; the one with a tag says more.
        recipients: dict[str | None, str] = {}
        for address in envelope.rcpt_tos:
            mailbox = self._desk.mailbox_of(address)
            if mailbox not in recipients or "+" in address:
                recipients[mailbox] = address
        sender = envelope.mail_from or ""
        incoming = Incoming(
            door="smtp",
            raw=envelope.original_content or b"",
            media_type=MEDIA_TYPE,
            recipients=list(recipients.values()),
            envelope_from="" if sender == "<>" else sender,
            relay_trusted=self._settings.trusts(_peer(session)),
            peer=counted_as(_peer(session)),
        )
        try:
            receipts = await self._acceptance.accept(incoming)
        except Refusal as refusal:
            metrics.REFUSED.labels("smtp", "451").inc()
            return f"451 4.3.0 {refusal.detail}"
        return f"250 2.0.0 OK {receipts[0]}"

    async def handle_exception(self, error: Exception) -> str:
        """451 for whatever goes wrong here: the sender keeps the message and tries again."""
        _log.error("smtp session failed", error=repr(error)[:500])
        metrics.REFUSED.labels("smtp", "451").inc()
        return "451 4.3.0 Error on our side, try again later"


def _peer(session: Session | None) -> str:
    """The IP address of the other side; empty where there is none."""
    return str(session.peer[0]) if session is not None and session.peer else ""


class SmtpDoor(Worker):
    """The listener. At the stop it ends sessions that are between two messages, and lets those in DATA finish."""

    name = "smtp"
    comes_round = False  # it waits for others, so a long silence is no sign

    def __init__(self, acceptance: Accepts, desk: Desk, settings: SmtpSettings) -> None:
        super().__init__()
        self._handler = MailHandler(acceptance, desk, settings)
        self._settings = settings
        self._open: set[MailSession] = set()
        self._budget: Budget[MailSession] = Budget(settings.limits)
        self.listening = asyncio.Event()
        self._all_ended = asyncio.Event()
        self.port = settings.port
        self.stopping = False

    @property
    def ready(self) -> bool:
        return self.listening.is_set() and not self.stopping

    def began(self, session: MailSession) -> bool:
        """Counts a session; false at the stop, and where there are too many."""
        self._open.add(session)
        metrics.SMTP_SESSIONS.set(len(self._open))
        peer = _peer(session.session)
        if not self.stopping and self._budget.begin(session, counted_as(peer), self._settings.trusts(peer)):
            return True
        metrics.REFUSED.labels("smtp", "421").inc()
        return False

    def ended(self, session: MailSession) -> None:
        """Forgets a session; the stop waits for the last one."""
        self._open.discard(session)
        self._budget.end(session)
        metrics.SMTP_BYTES.set(self._budget.held)
        metrics.SMTP_SESSIONS.set(len(self._open))
        if self.stopping and not self._open:
            self._all_ended.set()

    def holds(self, session: MailSession, size: int) -> None:
        """Counts the bytes of messages that are not stored; the session that holds too many of too many ends."""
        greediest = self._budget.hold(session, size)
        metrics.SMTP_BYTES.set(self._budget.held)
        if greediest is not None:
            metrics.REFUSED.labels("smtp", "421").inc()
            greediest.farewell(b"421 4.3.1 Too much is under way, try again later")
            self._budget.hold(greediest, 0)

    async def run(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        pattern = self._session()
        server = await loop.create_server(pattern.another, self._settings.host, self._settings.port, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self.listening.set()
        await stop.wait()
        self.stopping = True
        server.close()
        for session in list(self._open):
            if not session.in_data:
                session.farewell()
        if not self._open:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.stop_seconds):
                await self._all_ended.wait()
        for session in list(self._open):
            session.farewell()

    def _session(self) -> MailSession:
        settings: dict[str, Any] = {
            "data_size_limit": self._settings.message_bytes,
            "enable_SMTPUTF8": True,
            "hostname": self._settings.hostname,
            "ident": "ESMTP Deskstream",
            "tls_context": self._settings.tls,
            "require_starttls": self._settings.require_tls,
            "timeout": self._settings.silent_seconds,
            "auth_exclude_mechanism": ("LOGIN", "PLAIN"),
            "loop": asyncio.get_running_loop(),
        }
        return MailSession(self._handler, self, self._settings.patience, **settings)
