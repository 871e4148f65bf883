"""One SMTP connection that is kept open between mails (RFC 5321)."""

from dataclasses import dataclass

import aiosmtplib
from aiosmtplib.errors import SMTPException, SMTPRecipientRefused, SMTPResponseException

_MAILS_A_CONNECTION = 500


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server that everything goes through; without a `username` it is not asked to let us in."""

    host: str
    port: int
    starttls: bool
    username: str
    password: str
    timeout_seconds: float

    @property
    def about(self) -> dict[str, str | int]:
        """For a span (semantic conventions, server.*)."""
        return {"server.address": self.host, "server.port": self.port}


@dataclass(frozen=True, slots=True)
class Refused:
    """The server's answer was no; `permanent` for a 5xx (RFC 5321 §4.2.1)."""

    permanent: bool
    detail: str


class Unreachable(Exception):
    """No connection, or it broke; where a mail was under way, whether the server took it is not known."""


class SmtpConnection:
    """Connects when the first mail is sent, and anew after an error or 500 mails. For one mail at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: aiosmtplib.SMTP | None = None
        self._sent = 0

    async def send(self, sender: str, recipient: str, content: bytes) -> str | Refused:
        """Hands over one mail. Returns the server's words, or the refusal; raises Unreachable."""
        try:
            client = await self._ready()
            await client.mail(sender)
            try:
                await client.rcpt(recipient)
                _, words = await client.data(content)
            except SMTPResponseException:
                await client.rset()
                raise
            self._sent += 1
            return str(words)
        except (SMTPResponseException, SMTPRecipientRefused) as refusal:
            return Refused(refusal.code >= 500, f"{refusal.code} {refusal.message}")
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            await self.close()
            raise Unreachable(f"{type(error).__name__}: {error}") from error

    async def _ready(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected and self._sent < _MAILS_A_CONNECTION:
            return self._client
        await self.close()
        s = self._server
        client = aiosmtplib.SMTP(hostname=s.host, port=s.port, timeout=s.timeout_seconds, start_tls=s.starttls)
        await client.connect()
        if s.username:
            await client.login(s.username, s.password)
        self._client, self._sent = client, 0
        return client

    async def close(self) -> None:
        """Without QUIT: the server may be gone. The next mail connects anew."""
        client, self._client = self._client, None
        if client is not None:
            client.close()
