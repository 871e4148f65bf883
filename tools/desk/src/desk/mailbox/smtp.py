"""The SMTP side of the mailbox."""

from __future__ import annotations

import asyncio

from aiosmtpd.smtp import SMTP, Envelope, Session

from desk.mailbox.behaviour import Behaviour, Mode
from desk.mailbox.store import MailStore

SIZE_LIMIT = 50 * 1024 * 1024


class CatchAll:
    """Takes every mail for every recipient, unless it was told to behave otherwise."""

    def __init__(self, store: MailStore) -> None:
        self._store = store
        self.behaviour = Behaviour()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        """Keep the mail, and answer as told."""
        raw, recipients = envelope.content, envelope.rcpt_tos
        assert isinstance(raw, bytes)
        match self.behaviour.next_mode(recipients):
            case Mode.REFUSE_TEMPORARILY:
                return "451 4.3.0 Try again later"
            case Mode.REFUSE_PERMANENTLY:
                return "550 5.1.1 No such mailbox"
            case Mode.CUT_BEFORE_REPLY:
                self._store.keep(envelope.mail_from or "", recipients, raw)
                if isinstance(server.transport, asyncio.WriteTransport):
                    server.transport.abort()
                return "421 4.4.2 Cut"
            case Mode.SLOW:
                self._store.keep(envelope.mail_from or "", recipients, raw)
                await asyncio.sleep(self.behaviour.seconds)
            case Mode.ACCEPT:
                self._store.keep(envelope.mail_from or "", recipients, raw)
        return "250 2.0.0 OK"


async def serve_smtp(handler: CatchAll, host: str, port: int) -> asyncio.Server:
    """Listen for mails."""
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        return SMTP(handler, hostname="mailbox.localhost", data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=True, loop=loop)

    return await loop.create_server(connection, host, port, backlog=512)
