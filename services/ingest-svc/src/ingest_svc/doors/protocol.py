"""aiosmtpd's SMTP protocol, made to take what real senders send, at the rate they send it.

Changed against aiosmtpd 1.4: DATA is read up to its end mark in one go instead of line by line, which takes lines of any length
(RFC 5321 lets a server take more than it must) and a tenth of the time; addresses of the usual form skip the full address parser.
"""

import asyncio
import re
from asyncio import IncompleteReadError, LimitOverrunError
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, AnyStr, Protocol

from aiosmtpd.smtp import SMTP

from deskstream_chassis.digits import whole_number

_END = b"\r\n.\r\n"
# A path (RFC 5321 §4.1.2, RFC 6531 §3.3): nothing, or a mailbox behind a route that is passed by; its local part may be quoted.
# A grammar of its own: the email package's takes time that grows with the square of what a stranger sends.
_ADDRESS = re.compile(
    r'\A\s*(?:<(?:@[^\s<>:]{1,512}:)?(?P<path>(?:"(?:[^"\\\r\n]|\\.){0,62}"|[^\s<>"(),:;\\\[\]@\x00-\x1f\x7f]{1,64})'
    r'@[^\s<>"(),;\\@\x00-\x1f\x7f]{1,255})?>|(?P<bare>[^\s<>"(),:;\\\[\]@\x00-\x1f\x7f]{1,64}@[^\s<>"(),;\\@\x00-\x1f\x7f]{1,255})(?=\s|\Z))\s*(?P<rest>.*)\Z'
)
_COMMAND_BYTES = 2048
_TOO_LONG = b"421 4.4.2 This takes too long, try again later"


class Sessions(Protocol):
    """Who is told of sessions, so that they can be ended politely."""

    stopping: bool

    def began(self, session: "MailSession") -> bool:
        """Whether it may go on: not where there are too many, or the door is closing."""
        ...

    def ended(self, session: "MailSession") -> None:
        """Its connection is gone, whoever closed it."""
        ...

    def holds(self, session: "MailSession", size: int) -> None:
        """It holds so many bytes of a message that is not stored."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """`transaction_seconds` from MAIL to the end of the message; `session_seconds` for all that a connection brings, but for the
    transaction that is under way then; `idle_commands`: so many that stand in no transaction, between two messages."""

    transaction_seconds: float = 600.0
    session_seconds: float = 3600.0
    idle_commands: int = 100


class MailSession(SMTP):
    """One SMTP connection. `in_data` from the DATA command until its answer. A transaction (RFC 5321 §3.3) has its time, the whole
    its own: who says something now and then, and never brings a message, would have their place for ever."""

    def __init__(self, handler: Any, sessions: Sessions, patience: Patience, **settings: Any) -> None:
        super().__init__(handler, **settings)
        self._patience = patience
        self._deadline: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None
        self._ends_after_transaction = False
        self._idle_commands = 0
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
        if upgraded:
            return
        self._end = self.loop.call_later(self._patience.session_seconds, self._session_ends)
        if not self._sessions.began(self):
            self.farewell()

    def connection_lost(self, error: Exception | None) -> None:
        """`error` is None where the connection was closed in order."""
        self._ends_after_transaction = False
        self._transaction_ends()
        if self._end is not None:
            self._end.cancel()
        if self.in_data:
            # Half a message is nobody's; without this it would go into an exception, and live until the next sweep of cycles.
            reader: Any = self._reader
            reader._buffer.clear()
        self._sessions.ended(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """What has come; within a message it counts."""
        super().data_received(data)
        if self.in_data:
            self._count()

    def _count(self) -> None:
        reader: Any = self._reader
        self._sessions.holds(self, len(reader._buffer))

    def farewell(self, why: bytes = b"421 4.3.2 Not now, try again later") -> None:
        """Ends a session (RFC 5321 §3.8); its sender keeps a message that is under way, and tries again."""
        transport: Any = self.transport
        if transport is not None:
            transport.write(why + b"\r\n")
            transport.close()

    async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802 (named by aiosmtpd)
        """The MAIL command (RFC 5321 §4.1.1.2), with which a transaction begins."""
        self._transaction_ends()
        self._deadline = self.loop.call_later(self._patience.transaction_seconds, self.farewell, _TOO_LONG)
        await super().smtp_MAIL(arg)

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        """The RSET command (RFC 5321 §4.1.1.5)."""
        self._transaction_ends()
        await super().smtp_RSET(arg)

    def _transaction_ends(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._ends_after_transaction:
            self.farewell(_TOO_LONG)

    def _session_ends(self) -> None:
        # A message that is under way is not lost for it: it has its own time.
        self._ends_after_transaction = True
        if self._deadline is None:
            self.farewell(_TOO_LONG)

    async def push(self, status: AnyStr) -> None:
        """Answers. Whoever has had too many answers without bringing a message has had the last one."""
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError
        # A command may have been any bytes (as surrogates), and some answers repeat it.
        text = status if isinstance(status, bytes) else status.encode(errors="backslashreplace")
        await super().push(text)
        if self._deadline is None or self.envelope is None or not self.envelope.mail_from:
            self._idle_commands += 1
            if self._idle_commands > self._patience.idle_commands:
                self.farewell(b"421 4.7.0 Too many commands without a message, try again later")

    def _getparams(self, params: Sequence[str]) -> dict[str, str | bool] | None:
        found: dict[str, str | bool] | None = super()._getparams(params)
        size = None if found is None else found.get("SIZE")
        # RFC 1870 §4: ASCII digits. aiosmtpd takes ² for one, and fails at it.
        return None if isinstance(size, str) and whole_number(size, 20) is None else found

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        match = _ADDRESS.match(arg)
        # The null sender keeps its brackets, as aiosmtpd takes nothing for an error.
        return (None, None) if match is None else (match["path"] or match["bare"] or "<>", match["rest"])

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
            self._count()  # what came before its answer (RFC 2920)
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
            self._idle_commands = 0
            self._sessions.holds(self, 0)
            self._transaction_ends()
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
