"""aiosmtpd's SMTP protocol, made to take what real senders send, at the rate they send it.

Changed against aiosmtpd 1.4: DATA is read up to its end mark in one go instead of line by line, which takes lines of any length
(RFC 5321 lets a server take more than it must) and a tenth of the time; addresses of the usual form skip the full address parser.
"""

import asyncio
import re
from asyncio import IncompleteReadError, LimitOverrunError
from collections import defaultdict
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP

_END = b"\r\n.\r\n"
_ADDRESS = re.compile(r"\A\s*<([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255})>\s*(.*)\Z")
_COMMAND_BYTES = 2048


class Sessions(Protocol):
    """Who is told of sessions, so that they can be ended politely."""

    stopping: bool

    def began(self, session: "MailSession") -> bool:
        """Whether it may go on: not where there are too many, or the door is closing."""
        ...

    def ended(self, session: "MailSession") -> None:
        """Its connection is gone, whoever closed it."""
        ...


class MailSession(SMTP):
    """One SMTP connection. `in_data` from the DATA command until its answer."""

    def __init__(self, handler: Any, sessions: Sessions, **settings: Any) -> None:
        super().__init__(handler, **settings)
        # aiosmtpd shares these limits between all connections, and each new one resets them for the others.
        self.command_size_limits = defaultdict(lambda: _COMMAND_BYTES)
        self._sessions = sessions
        self.in_data = False

    def another(self) -> "MailSession":
        """A session with the same settings. aiosmtpd looks its own methods up anew in each, which takes a millisecond."""
        session = MailSession.__new__(MailSession)
        session.__dict__.update(self.__dict__)
        asyncio.StreamReaderProtocol.__init__(
            session,
            asyncio.StreamReader(limit=self.line_length_limit, loop=self.loop),
            client_connected_cb=session._cb_client_connected,
            loop=self.loop,
        )
        session._smtp_methods = {command: method.__func__.__get__(session) for command, method in self._smtp_methods.items()}
        return session

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Also called after STARTTLS (RFC 3207), for a session that has begun before."""
        upgraded = self._original_transport is not None
        super().connection_made(transport)
        if not upgraded and not self._sessions.began(self):
            self.farewell()

    def connection_lost(self, error: Exception | None) -> None:
        """`error` is None where the connection was closed in order."""
        self._sessions.ended(self)
        super().connection_lost(error)

    def farewell(self) -> None:
        """Ends a session that is between two messages (RFC 5321 §3.8)."""
        transport: Any = self.transport
        if transport is not None:
            transport.write(b"421 4.3.2 Not now, try again later\r\n")
            transport.close()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        match = _ADDRESS.match(arg)
        if match is not None:
            return match[1], match[2]
        found: tuple[str | None, str | None] = super()._getaddr(arg)
        return found

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 (named by aiosmtpd)
        """The DATA command (RFC 5321 §4.1.1.4). A message that is too large is read to its end, and then refused."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        self.in_data = True
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            content = await self._message()
            if content is None:
                status = "552 5.3.4 Error: the message is too large"
            else:
                self.envelope.content = self.envelope.original_content = content
                status = await self._call_handler_hook("DATA")
            self.envelope = self._create_envelope()
            await self.push(status)
        finally:
            self.in_data = False
            if self._sessions.stopping:
                self.farewell()

    async def _message(self) -> bytes | None:
        """The message without its dot-stuffing (RFC 5321 §4.5.2); None where it is larger than allowed."""
        reader: Any = self._reader  # its limit and buffer have no public names
        usual, most = reader._limit, self.data_size_limit or 0
        reader._limit = most + len(_END)
        # The end mark's first CRLF may be the one that ended the DATA command: an empty message.
        reader._buffer[0:0] = b"\r\n"
        too_large = False
        try:
            while True:
                try:
                    data = await reader.readuntil(_END)
                    break
                except LimitOverrunError as overrun:
                    # Read to its end all the same, or the rest would be taken for commands.
                    too_large = True
                    await reader.readexactly(max(1, overrun.consumed))
        except IncompleteReadError as error:
            raise ConnectionResetError from error
        finally:
            reader._limit = usual
        if too_large or len(data) - len(_END) > most:
            return None
        return bytes(data.replace(b"\r\n.", b"\r\n")[2:-2])
