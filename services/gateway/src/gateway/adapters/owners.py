"""Asks the services that own things: a fresh internal token of the caller, the trace, time limits, and kept-alive connections."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from deskstream_chassis.watch.tracing import SpanKind, Tracing
from deskstream_chassis.web.auth import TokenSigner
from gateway import metrics
from gateway.domain.refusals import OwnerAway, OwnerDistrusts
from gateway.domain.session import Session

_CONNECT_SECONDS: Final = 2.0
_TOKEN_SECONDS: Final = 60
# Shorter than the servers keep one: a connection that is closed at the other end is not to be used again.
_KEEP_ALIVE_SECONDS: Final = 3.0
_SAFE_TO_REPEAT: Final = frozenset({"GET", "HEAD"})


Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OwnerRequest:
    """One request to an owner. `query` is passed on as it came; a body that is a stream is sent as it comes, and once."""

    owner: str
    method: str
    path: str
    query: str = ""
    body: bytes | AsyncIterator[bytes] | None = None
    headers: Mapping[str, str] | None = None


class Owners:
    """`urls`: short name (ingest, ticket, …) → address."""

    def __init__(
        self,
        urls: Mapping[str, str],
        signer: TokenSigner,
        tracing: Tracing,
        timeout_seconds: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.names = tuple(urls)
        self._urls = {name: url.rstrip("/") for name, url in urls.items()}
        self._signer = signer
        self._tracing = tracing
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_seconds, connect=_CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=_KEEP_ALIVE_SECONDS),
            # Owners are inside: a proxy that the environment names has no business with them.
            trust_env=False,
            transport=transport,
        )

    async def send(self, asked: OwnerRequest, session: Session, traceparent: str | None, *, stream: bool = False) -> httpx.Response:
        """The owner's answer, whatever its status; with `stream` the caller closes it. Raises OwnerAway, OwnerDistrusts."""
        url = self._urls[asked.owner] + asked.path + (f"?{asked.query}" if asked.query else "")
        started = time.perf_counter()
        with self._tracing.span(f"{asked.method} {asked.owner}", SpanKind.CLIENT, traceparent) as parent:
            headers = {
                **(asked.headers or {}),
                "authorization": f"Bearer {self._signer.token(session.subject, _TOKEN_SECONDS)}",
                "traceparent": parent,
                "x-correlation-id": session.correlation_id,
                "accept-encoding": "identity",
            }
            request = self._client.build_request(asked.method, url, headers=headers, content=asked.body)
            answer = await self._sent(asked, request, stream)
        outcome = "answered" if answer.status_code < 400 else "refused" if answer.status_code < 500 else "failed"
        metrics.OWNER_SECONDS.labels(asked.owner, outcome).observe(time.perf_counter() - started)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            await answer.aclose()
            raise OwnerDistrusts(_service(asked.owner))
        return answer

    async def _sent(self, asked: OwnerRequest, request: httpx.Request, stream: bool) -> httpx.Response:
        for last in (False, True):
            try:
                return await self._client.send(request, stream=stream)
            except httpx.TransportError as error:
                # A command that may have arrived is not sent again: that is safe with an Idempotency-Key, which is the caller's.
                never_sent = isinstance(error, httpx.ConnectError | httpx.PoolTimeout)
                lost = asked.method in _SAFE_TO_REPEAT and not isinstance(error, httpx.TimeoutException)
                if last or not (never_sent or lost):
                    metrics.OWNER_SECONDS.labels(asked.owner, "away").observe(0)
                    raise OwnerAway(_service(asked.owner)) from error
        raise AssertionError("the second attempt has answered or raised")

    async def json(self, owner: str, path: str, session: Session, traceparent: str | None = None) -> Any:
        """A GET's answer, decoded; None where there is no such thing. Raises OwnerAway for any other failure."""
        answer = await self.send(OwnerRequest(owner, "GET", path), session, traceparent)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.status_code >= 400:
            raise OwnerAway(_service(owner))
        try:
            return answer.json()
        except ValueError as error:
            raise OwnerAway(_service(owner)) from error

    async def lists(
        self, names: Sequence[str], path: str, session: Session, traceparent: str | None
    ) -> tuple[list[tuple[str, Json]], list[str]]:
        """What several owners list at one path, asked side by side: each entry with whose it is, and who does not answer."""

        async def of(owner: str) -> list[Json] | None:
            try:
                answer = await self.json(owner, path, session, traceparent)
            except OwnerAway:
                return None
            return answer if isinstance(answer, list) else None

        answers = dict(zip(names, await asyncio.gather(*map(of, names)), strict=True))
        found = [(owner, entry) for owner, answer in answers.items() for entry in answer or []]
        return found, [owner for owner, answer in answers.items() if answer is None]

    async def close(self) -> None:
        """Closes the connections that were kept alive; nothing can be asked after it."""
        await self._client.aclose()


def _service(owner: str) -> str:
    return f"{owner}-svc"
