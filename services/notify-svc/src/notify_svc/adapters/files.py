"""Fetches the files of answers from ticket-svc, when a mail is sent and not before."""

import asyncio
import hashlib
from typing import Final

import httpx

from deskstream_chassis.files.tokens import file_token
from deskstream_chassis.run.clock import Clock
from deskstream_contracts.wire import File
from notify_svc.domain.attaching import with_files
from notify_svc.domain.deliveries import Delivery

_CONNECT_SECONDS: Final = 2.0
_SECONDS: Final = 15.0
_ALL_SECONDS: Final = 120.0
_GONE: Final = (httpx.codes.NOT_FOUND, httpx.codes.GONE)


class FilesAway(Exception):
    """They cannot be had now."""


class FileIsGone(Exception):
    """One of them is no longer there, and never will be."""


class TicketFiles:
    """`secret`: what ticket-svc believes us by."""

    def __init__(self, url: str, secret: str, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        self._secret = secret
        self._clock = clock
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(_SECONDS, connect=_CONNECT_SECONDS),
            # ticket-svc is inside: a proxy that the environment names has no business with it.
            trust_env=False,
            transport=transport,
        )

    async def attached(self, delivery: Delivery) -> bytes:
        """The whole mail, with its files. Raises FilesAway, FileIsGone."""
        try:
            async with asyncio.timeout(_ALL_SECONDS):
                files = [(file, await self._fetch(file)) for file in delivery.files]
        except (httpx.HTTPError, TimeoutError) as error:
            raise FilesAway(f"its files cannot be fetched from ticket-svc: {type(error).__name__}") from error
        # Megabytes are put into lines: others have the loop meanwhile.
        return await asyncio.to_thread(with_files, delivery.content, delivery.id, files)

    async def _fetch(self, file: File) -> bytes:
        token = file_token(self._secret, file.id, self._clock.now())
        headers = {"authorization": f"Bearer {token}", "accept-encoding": "identity"}
        async with self._client.stream("GET", f"{self._url}/files/{file.id}", headers=headers) as answer:
            if answer.status_code in _GONE:
                raise FileIsGone(f"the file {file.name!r} is no longer there")
            if answer.status_code != httpx.codes.OK:
                raise FilesAway(f"its files cannot be fetched from ticket-svc: it answers {answer.status_code}")
            content = bytearray()
            async for block in answer.aiter_raw():
                content += block
                if len(content) > file.size:
                    break
        if len(content) != file.size or hashlib.sha256(content).hexdigest() != file.sha256:
            raise FilesAway(f"the file {file.name!r} came damaged from ticket-svc")
        return bytes(content)
