"""A mail server that says what it is told to say, word for word and as slowly as it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

ANSWERS = {
    "greeting": "220 relay.example ESMTP",
    "EHLO": "250-relay.example\r\n250-ENHANCEDSTATUSCODES\r\n250-AUTH PLAIN\r\n250-STARTTLS\r\n250 SMTPUTF8",
    "STARTTLS": "220 go ahead",
    "AUTH": "235 2.7.0 welcome",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go ahead",
    ".": "250 queued as 7",
    "RSET": "250 ok",
}


@dataclass(frozen=True)
class Mail:
    sender: str
    recipient: str
    content: bytes


@dataclass
class Relay:
    """`answers` and `seconds` (how long it thinks) are by command; `greeting` is before the first, `.` is after the mail.
    `by_domain` is what RCPT is answered for a recipient's domain.

    `tls`: certificate and key, offered from the first byte where `implicit`. `said` has every line, `taken` every mail.
    """

    answers: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    by_domain: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    said: list[str] = field(default_factory=list)
    taken: list[Mail] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def times(self, command: str) -> int:
        """How often it heard a command."""
        return sum(line.upper().startswith(command) for line in self.said)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        sender = recipient = ""

        async def answer(to: str, domain: str = "") -> str:
            await asyncio.sleep(self.seconds.get(to, 0))
            words = self.by_domain.get(domain) or self.answers.get(to, ANSWERS.get(to, "500 5.5.1 what?"))
            writer.write(words.encode("latin-1") + b"\r\n")
            await writer.drain()
            return words

        try:
            if not (await answer("greeting")).startswith("220"):
                return
            while line := (await reader.readline()).decode(errors="replace").rstrip("\r\n"):
                self.said.append(line)
                command = line.split(" ")[0].split(":")[0].upper()
                domain = line[line.rindex("@") + 1 : line.rindex(">")] if command == "RCPT" else ""
                words = await answer(command, domain)
                if words.startswith("421"):
                    return
                if command == "MAIL":
                    sender = line.split("<")[1].split(">")[0]
                elif command == "RCPT":
                    recipient = line[line.index("<") + 1 : line.rindex(">")]
                elif command == "STARTTLS" and words.startswith("220") and self.tls:
                    await writer.start_tls(self.tls)
                elif command == "DATA" and words.startswith("354"):
                    content = await reader.readuntil(b"\r\n.\r\n")
                    if (await answer(".")).startswith("250"):
                        self.taken.append(Mail(sender, recipient, content))
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def listening(relay: Relay) -> AsyncIterator[Relay]:
    """The server, at a port of its own."""
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0, ssl=relay.tls if relay.implicit else None)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
