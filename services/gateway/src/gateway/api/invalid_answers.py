"""An answer of an owner, or a row, that does not fit what the API promises: our fault, and never the caller's."""

from fastapi import Request
from starlette.responses import Response

from deskstream_chassis.watch.logs import logger
from deskstream_chassis.web.problems import problem

_log = logger(__name__)


async def invalid_answer(request: Request, error: Exception) -> Response:
    """What a caller sends is FastAPI's to check (RequestValidationError); any other ValidationError is about our answer."""
    _log.error("does not fit the API", path=request.url.path, error=str(error)[:1000])
    return problem(500, "Internal error", "What is known does not fit the answer; it has been logged.")
