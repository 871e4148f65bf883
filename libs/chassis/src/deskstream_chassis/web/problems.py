"""Problem details (RFC 9457) for every refusal, and pointers (RFC 6901) to the fields that were wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from deskstream_chassis.refusals import Refusal, pointer
from deskstream_chassis.store.database import is_transient
from deskstream_chassis.watch.logs import logger
from deskstream_contracts.wire import LINE_PATTERN, TEXT_PATTERN

MEDIA_TYPE = "application/problem+json"
_log = logger(__name__)


def problem(
    status: int,
    title: str,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    type_: str = "about:blank",
    members: Mapping[str, object] | None = None,
) -> JSONResponse:
    body: dict[str, object] = {"type": type_, "title": title, "status": status, "detail": detail, **(members or {})}
    if errors:
        body["errors"] = errors
    headers = {"Retry-After": "2"} if status in (429, 503) else None
    if status == 401:
        headers = {"WWW-Authenticate": "Bearer"}
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Makes the application answer every error as a problem; what nobody foresaw is a 500 without its inner words."""

    @app.exception_handler(Refusal)
    async def refused(_: Request, refusal: Refusal) -> JSONResponse:
        errors = [{"pointer": refusal.pointer, "detail": refusal.detail}] if refusal.pointer else None
        members = {"code": refusal.code(), "arguments": refusal.arguments, **refusal.members}
        return problem(refusal.status, refusal.title, refusal.detail, errors, refusal.type, members)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return _invalid(error)

    @app.exception_handler(ValidationError)
    async def invalid_inside(_: Request, error: ValidationError) -> JSONResponse:
        return _invalid(error)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), str(error.detail))

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> JSONResponse:
        return problem(400, "Bad Request", "The request ended before all of it was there.")

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        if is_transient(error):
            _log.warning("database away or busy", path=request.url.path, error=repr(error)[:300])
            return problem(503, "Try again later", "The service's database cannot be reached now, or is too busy.")
        _log.exception("unforeseen error", path=request.url.path)
        return problem(500, "Internal error", "Something went wrong; it has been logged.")


def _invalid(error: RequestValidationError | ValidationError) -> JSONResponse:
    detail, members = "The request has values that cannot be accepted.", {"code": "invalid", "arguments": {}}
    return problem(422, "Invalid value", detail, _pointers(error.errors()), members=members)


def _pointers(errors: Sequence[Any]) -> list[dict[str, str]]:
    return [{"pointer": pointer(*_inner(e["loc"])), "detail": _words(e)} for e in errors]


def _words(error: Any) -> str:
    pattern = error.get("ctx", {}).get("pattern")
    if pattern == LINE_PATTERN:
        return "Must be one line, without control characters"
    if pattern == TEXT_PATTERN:
        return "Must not have control characters other than tabs and line feeds"
    return str(error["msg"]).removeprefix("Value error, ")


def _inner(location: tuple[object, ...]) -> tuple[object, ...]:
    return location[1:] if location and location[0] == "body" else location
