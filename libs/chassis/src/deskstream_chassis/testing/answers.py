"""What a service answers over HTTP, read as its clients read it."""

from typing import Any, TypeVar, overload

import httpx
from pydantic import BaseModel

from deskstream_chassis.web.problems import MEDIA_TYPE

M = TypeVar("M", bound=BaseModel)


@overload
def accepted(answer: httpx.Response, *, status: int = 200) -> Any: ...
@overload
def accepted(answer: httpx.Response, model: type[M], *, status: int = 200) -> M: ...
def accepted(answer: httpx.Response, model: type[BaseModel] | None = None, *, status: int = 200) -> Any:
    """The body of an answer that was to be given: its JSON, or the model of it. Raises AssertionError for any other status."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    return answer.json() if model is None else model.model_validate_json(answer.content)


def refused(answer: httpx.Response) -> tuple[int, str | None]:
    """Status and first pointer (None without one) of a refusal, which has to be a problem (RFC 9457)."""
    assert answer.status_code >= 400, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    errors = problem.get("errors", [])
    return answer.status_code, errors[0]["pointer"] if errors else None
