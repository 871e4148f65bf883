"""One SMTP connection that is kept open between mails (RFC 5321), with what a server says told apart: of us, or of a mail."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Literal

import aiosmtplib
from aiosmtplib.errors import SMTPException, SMTPHeloError, SMTPResponseException, SMTPServerDisconnected

from notify_svc.domain.answers import Answer, RelayTrouble, about_us
from notify_svc.domain.email_address import EmailAddress

_MAILS_A_CONNECTION: Final = 500
_NO_ESMTP: Final = (500, 502)
_FAULTS: Final = (SMTPException, OSError, TimeoutError, ValueError)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that each step may take, as in RFC 5321 §4.5.3.2; `data_end` is for the answer to the mail's last dot."""

    connect: float = 30.0
    command: float = 300.0
    data_start: float = 120.0
    data_block: float = 180.0
    data_end: float = 600.0

    @property
    def transaction(self) -> float:
        """The longest that a mail may take on an open connection: MAIL, RCPT, DATA, the mail, its end."""
        return 2 * self.command + self.data_start + self.data_block + self.data_end


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server that everything goes through; without a `username` it is not asked to let us in.

    `tls`: none, by STARTTLS, or from the first byte (RFC 8314 §3.3); what is asked for is never done without. `ca_file`: PEM of
    authorities beside the system's.
    """

    host: str
    port: int
    ehlo_name: str
    tls: Literal["none", "starttls", "implicit"] = "none"
    ca_file: str | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    timeouts: Timeouts = Timeouts()

    @property
    def about(self) -> dict[str, str | int]:
        """For a span (semantic conventions, server.*)."""
        return {"server.address": self.host, "server.port": self.port}


@dataclass(frozen=True, slots=True)
class Refused:
    """The server does not take this mail: never, where the answer is `permanent`."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Unsupported:
    """The server cannot be given this mail."""

    why: str


class RelayRefuses(Exception):
    """The server does not take mail from us, or cannot be reached; no mail was looked at. `reason` is where it said so."""

    def __init__(self, reason: RelayTrouble, answer: Answer) -> None:
        super().__init__(f"{reason}: {answer}")
        self.reason = reason
        self.answer = answer


class Broken(Exception):
    """The connection broke while a mail was under way: whether the server took it is not known."""


class SmtpConnection:
    """Connects when `ready` is asked for, and anew after an error or 500 mails. For one mail at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: aiosmtplib.SMTP | None = None
        self._sent = 0

    @property
    def is_open(self) -> bool:
        """Whether the server has let us in."""
        return self._client is not None and self._client.is_connected

    async def ready(self) -> None:
        """Makes sure that a mail can be sent now. Raises RelayRefuses."""
        if self.is_open and self._sent < _MAILS_A_CONNECTION:
            return
        await self.close()
        self._client, self._sent = await self._let_in(), 0

    async def send(self, sender: str, recipient: EmailAddress, content: bytes) -> Answer | Refused | Unsupported:
        """Hands over one mail, when `ready`. Returns the server's answer; raises RelayRefuses, Broken."""
        client = self._client
        assert client is not None, "ready comes first"
        utf8 = recipient.needs_smtputf8
        if utf8 and not client.supports_extension("smtputf8"):
            return Unsupported("the mail server does not take addresses with such letters before the @ (SMTPUTF8, RFC 6531)")
        try:
            return await self._transaction(client, sender, str(recipient), content, ("SMTPUTF8", "BODY=8BITMIME") if utf8 else ())
        except _FAULTS as error:
            await self.close()
            raise Broken(str(_answer_in(error))) from error

    async def _transaction(
        self, client: aiosmtplib.SMTP, sender: str, recipient: str, content: bytes, options: tuple[str, ...]
    ) -> Answer | Refused:
        # Not aiosmtplib's own mail and rcpt, which take addresses apart and do not find all that are quoted.
        begun = await client.execute_command(b"MAIL", f"FROM:<{sender}>".encode(), *(option.encode() for option in options))
        if begun.code // 100 != 2:
            return await self._refused("mail", Answer.of(*begun))
        named = await client.execute_command(b"RCPT", f"TO:<{recipient}>".encode())
        if named.code // 100 != 2:
            return await self._refused("rcpt", Answer.of(*named))
        asked = await client.execute_command(b"DATA", timeout=self._server.timeouts.data_start)
        if asked.code != 354:
            return await self._refused("data", Answer.of(*asked))
        if client.protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        client.protocol.write(_stuffed(content) + b".\r\n")
        ended = await client.protocol.read_response(timeout=self._server.timeouts.data_block + self._server.timeouts.data_end)
        if ended.code // 100 != 2:
            return await self._refused("data", Answer.of(*ended))
        self._sent += 1
        return Answer.of(*ended)

    async def _refused(self, at: Literal["mail", "rcpt", "data"], answer: Answer) -> Refused:
        """What was refused is forgotten on both sides; the answer counts, whatever becomes of the connection."""
        try:
            if self._client is not None:
                await self._client.rset()
        except _FAULTS:
            await self.close()
        if answer.wants_login:
            # The next mail logs in anew, should the server have forgotten that we did.
            await self.close()
        reason = about_us(at, answer)
        if reason is not None:
            raise RelayRefuses(reason, answer)
        return Refused(answer)

    async def _let_in(self) -> aiosmtplib.SMTP:
        server, timeouts = self._server, self._server.timeouts
        with _refusing("connection"):
            connected = await _connect(server.host, server.port, timeouts.connect)
        client = aiosmtplib.SMTP(
            hostname=server.host,
            sock=connected,
            local_hostname=server.ehlo_name,
            timeout=timeouts.command,
            use_tls=server.tls == "implicit",
            start_tls=False,
            cert_bundle=server.ca_file,
        )
        try:
            with _refusing("greeting"):
                await client.connect()
            await _greet(client)
            if server.tls == "starttls":
                with _refusing("tls"):
                    await client.starttls()
                await _greet(client)
            if server.username:
                with _refusing("login"):
                    await client.login(server.username, server.password)
        except BaseException:
            client.close()
            connected.close()
            raise
        return client

    async def close(self) -> None:
        """Without QUIT: the server may be gone. The next mail connects anew."""
        client, self._client = self._client, None
        if client is not None:
            client.close()


async def _connect(host: str, port: int, seconds: float) -> socket.socket:
    """A connected socket. Apart from the greeting, for which RFC 5321 wants minutes: each address of the host has `seconds`."""
    loop = asyncio.get_running_loop()
    fault: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        try:
            async with asyncio.timeout(seconds):
                await loop.sock_connect(made, address)
        except TimeoutError:
            made.close()
            fault = OSError(f"no answer from {host} within {seconds:g} s")
        except OSError as error:
            made.close()
            fault = error
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise fault


async def _greet(client: aiosmtplib.SMTP) -> None:
    with _refusing("ehlo"):
        try:
            await client.ehlo()
        except SMTPHeloError as refusal:
            if refusal.code not in _NO_ESMTP:
                raise
            await client.helo()


@contextmanager
def _refusing(reason: RelayTrouble) -> Iterator[None]:
    """Turns whatever goes wrong within into the server's refusal."""
    try:
        yield
    except _FAULTS as error:
        by_tls = isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError)
        raise RelayRefuses("tls" if by_tls else reason, _answer_in(error)) from error


def _stuffed(content: bytes) -> bytes:
    """A dot before each line that begins with one (RFC 5321 §4.5.2)."""
    return (b"." if content.startswith(b".") else b"") + content.replace(b"\n.", b"\n..")


def _answer_in(error: Exception) -> Answer:
    if isinstance(error, SMTPResponseException):
        return Answer.of(error.code if error.code > 0 else None, error.message)
    return Answer.of(None, f"{type(error).__name__}: {error}")
