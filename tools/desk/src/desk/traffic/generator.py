"""The load: many mails over a few SMTP connections, in a process of its own, so that its work is not taken for the desk's.

`python -m desk.traffic.generator HOST PORT COUNT RATE CONNECTIONS RUN` writes one JSON line to standard output when it is done:
for every mail its Message-ID, whether it is new or a reply, and when the server took it (seconds since the epoch).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from email.utils import formatdate

from desk.topology import DOMAIN

SENDERS, DOMAINS = 400, 40
_TEXTS = {
    "en": ("Trouble with order {n}", "Hello,\n\nsince this morning I cannot log in to my account, and order {n} is not there.\n"),
    "de": (
        "Problem mit Bestellung {n}",
        "Guten Tag,\n\nseit heute Morgen funktioniert die Anmeldung nicht, Bestellung {n} fehlt.\n",
    ),
    "fr": ("Souci avec la commande {n}", "Bonjour,\n\ndepuis ce matin je ne peux plus me connecter, la commande {n} manque.\n"),
    "nb": ("Problem med bestilling {n}", "Hei,\n\nsiden i morges får jeg ikke logget inn på kontoen, og bestilling {n} mangler.\n"),
}
_FILLING = "Could you have a look at it, please? The number of our contract is 4711-0815, and I can be reached all day.\n" * 8


@dataclass(slots=True)
class Sent:
    """One mail. `accepted_at` is None where the server did not take it; `answer` are its words then."""

    message_id: str
    is_reply: bool
    sender: str
    accepted_at: float | None = None
    answer: str = ""


def compose(n: int, run: str) -> tuple[Sent, bytes, int | None]:
    """Mail number n: every other one is a reply to the one before it. Returns also which mail it answers."""
    is_reply = n % 2 == 1
    person = (n // 2) % SENDERS
    email = f"person{person}.{run}@company{person % DOMAINS}.example"
    subject, text = list(_TEXTS.values())[person % len(_TEXTS)]
    sent = Sent(f"<{n}.{run}@mail.example>", is_reply, email)
    first = f"<{n - 1}.{run}@mail.example>"
    lines = [
        f"Authentication-Results: mx.{DOMAIN}; dmarc=pass header.from={email.rpartition('@')[2]}",
        "Received: from mail.example (mail.example [192.0.2.1]) by mx.desk.localhost with ESMTPS id abc123",
        f"From: Person {person} <{email}>",
        f"To: support@{DOMAIN}",
        f"Subject: {'Re: ' if is_reply else ''}{subject.format(n=n // 2)}",
        f"Date: {formatdate()}",
        f"Message-ID: {sent.message_id}",
        *([f"In-Reply-To: {first}", f"References: {first}"] if is_reply else []),
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        ("One more thing:\n" if is_reply else "") + text.format(n=n // 2) + _FILLING,
    ]
    return sent, "\r\n".join("\r\n".join(lines).splitlines()).encode() + b"\r\n", n - 1 if is_reply else None


async def generate(host: str, port: int, count: int, rate: float, connections: int, run: str, patient: bool = False) -> list[Sent]:
    """Sends `count` mails, `rate` a second (0: as fast as they are taken). A reply follows only when its original was taken.

    `patient`: like a real MTA (RFC 5321 §4.5.4.1), tries again whatever was not accepted, over new connections, for a minute.
    """
    composed = [compose(n, run) for n in range(count)]
    taken = [asyncio.Event() for _ in range(count)]
    todo: asyncio.Queue[int] = asyncio.Queue()
    begun = time.monotonic()

    async def pace() -> None:
        for n in range(count):
            if rate > 0:
                await asyncio.sleep(max(0.0, begun + n / rate - time.monotonic()))
            todo.put_nowait(n)
        for _ in range(connections):
            todo.put_nowait(-1)

    async def send_all() -> None:
        session = _Session(host, port)
        while (n := await todo.get()) >= 0:
            sent, raw, original = composed[n]
            if original is not None:
                await taken[original].wait()
            await _send(session, sent, raw, 60.0 if patient else 0.0)
            taken[n].set()
        session.close()

    async with asyncio.TaskGroup() as group:
        group.create_task(pace())
        for _ in range(connections):
            group.create_task(send_all())
    return [sent for sent, _, _ in composed]


class _Session:
    """An SMTP session that is opened when first needed."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def say(self, line: bytes) -> bytes:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
            await self._answer(self._reader)
            await self.say(b"EHLO generator.example\r\n")
        self._writer.write(line)
        return await self._answer(self._reader)

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        while True:
            line = await reader.readline()
            if not line:
                raise ConnectionError("the server closed the connection")
            if line[3:4] != b"-":
                return line

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _send(session: _Session, sent: Sent, raw: bytes, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            sent.answer = await _try(session, sent, raw)
        except OSError as error:
            sent.answer = repr(error)
            session.close()
        if sent.accepted_at is not None or sent.answer.startswith("5") or time.monotonic() > deadline:
            return
        await asyncio.sleep(0.2)


async def _try(session: _Session, sent: Sent, raw: bytes) -> str:
    for command in (f"MAIL FROM:<{sent.sender}>", f"RCPT TO:<support@{DOMAIN}>", "DATA"):
        answer = await session.say(command.encode() + b"\r\n")
        if not answer.startswith((b"250", b"354")):
            await session.say(b"RSET\r\n")
            return answer.decode(errors="replace")
    answer = await session.say(raw + b".\r\n")
    if answer.startswith(b"250"):
        sent.accepted_at = time.time()
    return answer.decode(errors="replace")


def main() -> None:
    host, port, count, rate, connections, run = sys.argv[1:]
    sent = asyncio.run(generate(host, int(port), int(count), float(rate), int(connections), run))
    json.dump([asdict(s) for s in sent], sys.stdout)


if __name__ == "__main__":
    main()
