"""What a process holds of answers until their clients have read them, and how many downloads an account has under way."""

from collections import Counter
from typing import Final

from fastapi import Request
from starlette.types import Message, Send

from deskstream_chassis.refusals import TooMany, Unavailable
from deskstream_chassis.run.http_budget import HttpBudget
from deskstream_chassis.watch import metrics
from deskstream_chassis.web.problems import problem

PIECE_BYTES: Final = 256 * 1024
"""What is given out in a stream is read, and sent, so much at a time."""
# One piece waits for its reader, and the next one for its turn.
_OF_A_DOWNLOAD: Final = 2 * PIECE_BYTES
# What the transport takes without a word (its high-water mark): an answer up to this size is never refused.
_SMALL: Final = 64 * 1024


class Outgoing:
    """Of one process. `bytes` that wait for their readers, and what of them, and how many downloads, is which account's."""

    def __init__(self, budget: HttpBudget) -> None:
        self.most = budget.answers_bytes
        self.downloads_of_an_account = budget.downloads_of_an_account
        self.bytes = 0
        self.downloads: Counter[str] = Counter()
        self.bytes_of: Counter[str] = Counter()


class TooManyDownloads(TooMany):
    """RFC 6585 §4."""

    title = "Too many downloads"


class Answer:
    """The answer to one request, which counts until its client has it.

    The last piece of a large one is followed by an empty one, that the server takes when the transport has room again: so an
    answer ends when it is read, and not when it is written down.
    """

    def __init__(self, send: Send, outgoing: Outgoing) -> None:
        self._send = send
        self._outgoing = outgoing
        self._held = 0
        self._account: str | None = None
        self._is_download = False
        self._is_refused = False

    def begin_download(self, account: str | None = None, size: int = 0) -> None:
        """Says that a stream is to be the answer; `account`: whose, where it is a person's or a program's. `size`: bytes that lie
        in memory for it as a whole, beside its pieces.

        Raises TooManyDownloads where the account has as many as may be, or half of all room, and Unavailable where there is none.
        """
        outgoing, wanted = self._outgoing, size + _OF_A_DOWNLOAD
        if account is not None:
            if outgoing.downloads[account] >= outgoing.downloads_of_an_account:
                self._count_refused("downloads")
                raise TooManyDownloads(f"You have {outgoing.downloads_of_an_account} downloads under way; let one end first.")
            if outgoing.bytes_of[account] and outgoing.bytes_of[account] + wanted > outgoing.most // 2:
                self._count_refused("downloads")
                raise TooManyDownloads("Your downloads that are under way are too large together; let one end first.")
        if outgoing.bytes and outgoing.bytes + wanted > outgoing.most:
            self._count_refused("answers_bytes")
            raise Unavailable("There are too many large answers under way.")
        self._is_download = True
        self._hold(wanted)
        if account is not None:
            self._account = account
            outgoing.downloads[account] += 1
            outgoing.bytes_of[account] += wanted

    async def send(self, message: Message) -> None:
        """ASGI's `send`. An answer that is there as a whole, and for which there is no room, becomes a 503 instead."""
        if self._is_refused:
            return
        if message["type"] == "http.response.start":
            await self._start(message)
        elif not message.get("more_body", False) and len(message.get("body", b"")) > _SMALL:
            await self._in_pieces(message["body"])
        else:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        size = 0 if self._is_download else _content_length(message)
        outgoing = self._outgoing
        if size > _SMALL and outgoing.bytes and outgoing.bytes + size > outgoing.most:
            self._is_refused = True
            self._count_refused("answers_bytes")
            refusal = problem(503, "Try again later", "There are too many large answers under way.")
            # What is said of every answer (who asked, that none of it is kept) holds for this one.
            kept = [h for h in message["headers"] if h[0] not in _OF_CONTENT]
            await self._send({**message, "status": 503, "headers": [*refusal.raw_headers, *kept]})
            await self._send({"type": "http.response.body", "body": refusal.body})
            return
        self._hold(size)
        await self._send(message)

    async def _in_pieces(self, body: bytes) -> None:
        for begin in range(0, len(body), PIECE_BYTES):
            await self._send({"type": "http.response.body", "body": body[begin : begin + PIECE_BYTES], "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    def _hold(self, size: int) -> None:
        self._held += size
        self._outgoing.bytes += size

    def end(self) -> None:
        """Gives back what it held; again, it does nothing."""
        outgoing, held, account = self._outgoing, self._held, self._account
        self._held, self._account = 0, None
        outgoing.bytes -= held
        if account is not None:
            outgoing.downloads[account] -= 1
            outgoing.bytes_of[account] -= held
            if not outgoing.downloads[account]:
                del outgoing.downloads[account], outgoing.bytes_of[account]

    @staticmethod
    def _count_refused(limit: str) -> None:
        metrics.child(metrics.HTTP_REFUSED, limit).inc()


_OF_CONTENT: Final = (b"content-type", b"content-length", b"content-disposition", b"etag", b"retry-after")


def _content_length(message: Message) -> int:
    # Our own answers say it in figures, or not at all where they are streams.
    return int(next((value for name, value in message["headers"] if name == b"content-length"), b"0"))


def answer_of(request: Request) -> Answer:
    """The answer to this request, as the process's budgets (`web.limits`) have it."""
    answer: Answer = request.scope["state"]["answer"]
    return answer
