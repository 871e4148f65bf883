"""The parser processes, seen from the service: batches in, results out; a message that takes too long is found and named."""

import asyncio
import base64
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import ValidationError

from deskstream_chassis.run import bare_process
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.watch.logs import logger
from ingest_svc import metrics
from ingest_svc.adapters.parsing import worker
from ingest_svc.domain.contents import ParserAway, TooSlow, Unreadable
from ingest_svc.domain.mail import ParsedMail

_log = logger(__name__)
_MAX_ANSWER: Final = 64 * 1024 * 1024
_START_SECONDS: Final = 30.0
_TOO_SLOW: Final = TooSlow()
_DIED: Final = TooSlow(died=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """For a parser process: MB of address space, and for a message seconds beyond its CPU time, as there may be no CPU for it.

    Who does not answer by then hangs, or has no CPU at all. That is no message's fault.
    """

    memory_mb: int
    grace_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class File:
    """An attachment's decoded bytes."""

    name: str
    media_type: str
    content: bytes


class ParserDied(ParserAway):
    """The process did not start, ended, hung, or answered nonsense; it has been ended."""


class _Parser:
    """One parser process; started when first needed, and again after its death."""

    def __init__(self, limits: Limits, authserv_id: str) -> None:
        self._limits = limits
        self._authserv_id = authserv_id
        self._process: asyncio.subprocess.Process | None = None
        self.lock = asyncio.Lock()

    async def answers(self, kind: bytes, raws: Sequence[bytes], seconds: float, part: int = 0) -> list[bytes]:
        """The answers in order, as many as came before the process died: fewer than asked means that it did.

        `seconds`: CPU time for each. An empty answer says that it was not enough. Raises ParserDied where it does not even start,
        and where it does not answer.
        """
        process = await self.running()
        assert process.stdin is not None
        feeding = asyncio.ensure_future(_feed(process.stdin, kind, part, seconds, raws))
        found: list[bytes] = []
        try:
            while len(found) < len(raws):
                found.append(await _answer(process, seconds + self._limits.grace_seconds))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except TimeoutError as error:
            raise ParserDied("a parser does not answer") from error
        finally:
            feeding.cancel()
            if len(found) < len(raws):
                await self.end()
        return found

    async def running(self) -> asyncio.subprocess.Process:
        """The process, ready for work. Raises ParserDied where it does not start."""
        if self._process is None or self._process.returncode is not None:
            self._process = await bare_process.start(worker.__name__, str(self._limits.memory_mb), self._authserv_id)
            try:
                # Its start is no message's fault, and takes as long as ten.
                await _answer(self._process, _START_SECONDS)
            except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
                await self.end()
                raise ParserDied from error
        return self._process

    async def end(self) -> None:
        """Kills the process, whatever it is at; the next message starts a new one."""
        process, self._process = self._process, None
        if process is not None:
            await bare_process.end(process)


class ParserPool(Worker):
    """Parses messages in processes of their own. Each is used by one caller at a time.

    Somebody has to end the processes: its user by `close`, or it is run as a worker, which closes it at the stop.
    """

    name = "parsers"
    comes_round = False  # every wait for a parser has its own limit

    def __init__(self, processes: int, limits: Limits, authserv_id: str = "") -> None:
        super().__init__()
        self._parsers = [_Parser(limits, authserv_id) for _ in range(processes)]

    async def start(self) -> None:
        """Starts the processes now, and not when the first message waits. Raises ParserDied."""
        await asyncio.gather(*(parser.running() for parser in self._parsers))

    async def parse(self, raws: Sequence[bytes], seconds: float) -> list[ParsedMail | Unreadable | TooSlow]:
        """One result a message, in order; each has so many seconds of CPU. Raises ParserDied where no parser starts."""
        share = -(-len(raws) // len(self._parsers))
        parts = [raws[i : i + share] for i in range(0, len(raws), share)]
        results = await asyncio.gather(*(_share(p, part, seconds) for p, part in zip(self._parsers, parts, strict=False)))
        return [result for part in results for result in part]

    async def attachment(self, raw: bytes, part: int, seconds: float) -> File | None:
        """One attachment of a message, or None where it has no such part. Raises ParserDied."""
        parser = min(self._parsers, key=lambda p: p.lock.locked())
        async with parser.lock:
            answers = await parser.answers(b"a", [raw], seconds, part)
        if not answers or not answers[0]:
            raise ParserDied
        found: Any = orjson.loads(answers[0])
        if found is None:
            return None
        if "failure" in found:
            raise ParserDied
        return File(str(found["name"]), str(found["media_type"]), base64.b64decode(found["content"]))

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()
        await self.close()

    async def close(self) -> None:
        """Ends the processes; the next message starts them again."""
        for parser in self._parsers:
            await parser.end()


async def _share(parser: _Parser, raws: Sequence[bytes], seconds: float) -> list[ParsedMail | Unreadable | TooSlow]:
    results: list[ParsedMail | Unreadable | TooSlow] = []
    async with parser.lock:
        while len(results) < len(raws):
            answers = await parser.answers(b"m", raws[len(results) :], seconds)
            results.extend(_read(answer) for answer in answers)
            if len(results) < len(raws):
                # It died over the first that has no answer, and the others do not wait for that one's second try.
                metrics.PARSER_DEATHS.inc()
                _log.warning("a message broke its parser", size=len(raws[len(results)]))
                results.append(_DIED)
    return results


async def _answer(process: asyncio.subprocess.Process, seconds: float) -> bytes:
    assert process.stdout is not None
    async with asyncio.timeout(seconds):
        (length,) = worker.ANSWER.unpack(await process.stdout.readexactly(worker.ANSWER.size))
        if length > _MAX_ANSWER:
            raise ConnectionError("nonsense instead of an answer")
        return await process.stdout.readexactly(length)


def _read(answer: bytes) -> ParsedMail | Unreadable | TooSlow:
    if not answer:
        return _TOO_SLOW
    try:
        return ParsedMail.model_validate_json(answer)
    except ValidationError as error:
        return Unreadable("unparseable", f"the parser's result cannot be used: {str(error)[:300]}")


async def _feed(stdin: asyncio.StreamWriter, kind: bytes, part: int, seconds: float, raws: Sequence[bytes]) -> None:
    with contextlib.suppress(ConnectionError):
        for raw in raws:
            stdin.write(worker.JOB.pack(kind, part, seconds, len(raw)) + raw)
            await stdin.drain()
