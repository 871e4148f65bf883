"""The parser processes, seen from the service: batches in, results out; a message that kills its parser is found and named."""

import asyncio
import base64
import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

import ingest_svc
from deskstream_chassis.run.worker import Worker
from deskstream_chassis.watch.logs import logger
from ingest_svc import metrics
from ingest_svc.adapters.parsing import worker
from ingest_svc.domain.contents import Unreadable
from ingest_svc.domain.mail import ParsedMail

_log = logger(__name__)
_MAX_ANSWER = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """For one message: CPU and wall time in seconds; for a parser process: address space in MB."""

    seconds: float
    memory_mb: int


@dataclass(frozen=True, slots=True)
class File:
    """An attachment's decoded bytes."""

    name: str
    media_type: str
    content: bytes


class ParserDied(Exception):
    """The process ended, hung, or answered nonsense; it has been ended."""


class _Parser:
    """One parser process; started when first needed, and again after its death."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: asyncio.subprocess.Process | None = None
        self.lock = asyncio.Lock()

    async def answers(self, kind: bytes, raws: Sequence[bytes], part: int = 0) -> list[bytes]:
        """The answers in order, as many as came before the process died: fewer than asked means that it did."""
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        feeding = asyncio.ensure_future(_feed(process.stdin, kind, part, raws))
        found: list[bytes] = []
        try:
            for _ in raws:
                async with asyncio.timeout(self._limits.seconds + 2.0):
                    (length,) = worker.ANSWER.unpack(await process.stdout.readexactly(worker.ANSWER.size))
                    if length > _MAX_ANSWER:
                        break
                    found.append(await process.stdout.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        finally:
            feeding.cancel()
            if len(found) < len(raws):
                await self.end()
        return found

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                worker.__name__,
                str(self._limits.seconds),
                str(self._limits.memory_mb),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # what foreign bytes make a C library say is not for our logs
                env=_bare_environment(),
                start_new_session=True,
                limit=1024 * 1024,
            )
        return self._process

    async def end(self) -> None:
        """Kills the process, whatever it is at; the next message starts a new one."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class ParserPool(Worker):
    """Parses messages in processes of their own. Each is used by one caller at a time.

    Somebody has to end the processes: its user by `close`, or it is run as a worker, which closes it at the stop.
    """

    name = "parsers"
    comes_round = False  # every wait for a parser has its own limit

    def __init__(self, processes: int, limits: Limits) -> None:
        super().__init__()
        self._parsers = [_Parser(limits) for _ in range(processes)]

    async def parse(self, raws: Sequence[bytes]) -> list[ParsedMail | Unreadable]:
        """One result a message, in order."""
        share = -(-len(raws) // len(self._parsers))
        parts = [raws[i : i + share] for i in range(0, len(raws), share)]
        results = await asyncio.gather(*(self._share(p, part) for p, part in zip(self._parsers, parts, strict=False)))
        return [result for part in results for result in part]

    async def _share(self, parser: _Parser, raws: Sequence[bytes]) -> list[ParsedMail | Unreadable]:
        results: list[ParsedMail | Unreadable] = []
        async with parser.lock:
            while len(results) < len(raws):
                answers = await parser.answers(b"m", raws[len(results) :])
                results.extend(_read(answer) for answer in answers)
                if len(results) < len(raws):
                    # It died over the first that has no answer; alone and in a fresh process that one gets a second chance.
                    results.append(await self._alone(parser, raws[len(results)]))
        return results

    async def _alone(self, parser: _Parser, raw: bytes) -> ParsedMail | Unreadable:
        metrics.PARSER_DEATHS.inc()
        answers = await parser.answers(b"m", [raw])
        if answers:
            return _read(answers[0])
        metrics.PARSER_DEATHS.inc()
        _log.warning("a message broke its parser twice", size=len(raw))
        return Unreadable("parser_limit", "reading it takes more time or memory than one message may have")

    async def attachment(self, raw: bytes, part: int) -> File | None:
        """One attachment of a message, or None where it has no such part. Raises ParserDied."""
        parser = min(self._parsers, key=lambda p: p.lock.locked())
        async with parser.lock:
            answers = await parser.answers(b"a", [raw], part)
        if not answers:
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


def _read(answer: bytes) -> ParsedMail | Unreadable:
    try:
        return ParsedMail.model_validate_json(answer)
    except ValidationError as error:
        return Unreadable("unparseable", f"the parser's result cannot be used: {str(error)[:300]}")


async def _feed(stdin: asyncio.StreamWriter, kind: bytes, part: int, raws: Sequence[bytes]) -> None:
    with contextlib.suppress(ConnectionError):
        for raw in raws:
            stdin.write(worker.JOB.pack(kind, part, len(raw)) + raw)
            await stdin.drain()


def _bare_environment() -> dict[str, str]:
    # Nothing of ours that foreign bytes could get at: no database address, no secret.
    source = str(Path(ingest_svc.__file__).parents[1])
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH"))))}
