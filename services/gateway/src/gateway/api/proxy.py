"""Passing a request on to its owner, and the owner's answer back."""

from collections.abc import AsyncIterator
from typing import Final

import httpx
from fastapi import Request
from starlette.responses import Response, StreamingResponse

from deskstream_chassis.refusals import Invalid
from deskstream_chassis.watch.tracing import of_request
from deskstream_chassis.web.answers import answer_of
from gateway.adapters.owners import OwnerRequest, Owners
from gateway.domain.session import Session

_PASSED_ON: Final = ("content-type", "idempotency-key", "if-match")
_PASSED_ON_OF_FILES: Final = ("content-length", "content-disposition", "x-content-sha256")
_PASSED_BACK: Final = (
    "content-type", "content-disposition", "content-security-policy", "x-content-type-options", "cache-control", "etag",
    "retry-after",
)  # fmt: skip


def headers_of(request: Request, *, upload: bool = False) -> dict[str, str]:
    """What of a request's headers its owner is to see. Raises Invalid for a value that is no visible ASCII (RFC 9110 §5.5)."""
    passed_on = _PASSED_ON + _PASSED_ON_OF_FILES if upload else _PASSED_ON
    found = {name: value for name in passed_on if (value := request.headers.get(name)) is not None}
    for name, value in found.items():
        if not (value.isascii() and value.isprintable()):
            raise Invalid(f"The header {name} has signs in it that are no visible ASCII.", pointer=name)
    return found


async def proxy(owners: Owners, asked: OwnerRequest, request: Request, session: Session, *, stream: bool = False) -> Response:
    """The owner's answer with its status and its body, a problem's too. Raises OwnerAway.

    With `stream` it is passed on as it comes, and counts as a download: raises TooManyDownloads and Unavailable.
    """
    if stream:
        answer_of(request).begin_download(session.subject.id)
    answer = await owners.send(asked, session, of_request(request), stream=stream)
    headers = {name: value for name in _PASSED_BACK if (value := answer.headers.get(name)) is not None}
    if not stream:
        return Response(answer.content, answer.status_code, headers)
    if (length := answer.headers.get("content-length")) is not None:
        headers["content-length"] = length
    return StreamingResponse(_body(answer), answer.status_code, headers)


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()
