"""A query parameter that a route does not know is refused."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field

from deskstream_chassis.web import problems
from deskstream_chassis.web.parameters import only_known, others_too

pytestmark = pytest.mark.anyio


class Filters(BaseModel):
    status: str | None = None
    since: str | None = Field(default=None, alias="from")


class Open(BaseModel):
    """Says for itself which it takes."""

    model_config = ConfigDict(extra="allow")


def paged(limit: int = 50) -> int:
    return limit


def app() -> FastAPI:
    made = FastAPI(dependencies=[Depends(only_known)])
    problems.install(made)
    router = APIRouter()

    @router.get("/things")
    async def things(filters: Annotated[Filters, Query()], size: Annotated[int, Depends(paged)]) -> str:
        return f"{filters.status} {filters.since} {size}"

    @router.get("/open")
    async def anything(filters: Annotated[Open, Query()]) -> str:
        return str(filters.model_extra)

    @router.get("/things/{id}")
    async def thing(id: str) -> str:  # noqa: A002  # the name in the path
        return id

    hooks = APIRouter(prefix="/hooks", dependencies=[Depends(others_too)])

    @hooks.get("/one")
    async def one(mailbox: str | None = None) -> str:
        return str(mailbox)

    made.include_router(router, prefix="/api")
    made.include_router(hooks, prefix="/api")
    return made


@pytest.mark.parametrize(
    ("path", "status", "pointer"),
    [
        ("/api/things?status=open&from=1&limit=2", 200, None),
        ("/api/things", 200, None),
        ("/api/hooks/one?mailbox=a&n=1", 200, None),
        ("/api/things?since=1", 422, "#/query/since"),
        ("/api/things?statsu=open", 422, "#/query/statsu"),
        ("/api/open?statsu=open", 200, None),
        ("/api/things/1?id=2", 422, "#/query/id"),
        ("/api/things/1?%00", 422, "#/query/\x00"),
    ],
)
async def test_only_what_is_known_is_taken(path: str, status: int, pointer: str | None) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app()), base_url="http://t") as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert pointer is None or answer.json()["errors"][0]["pointer"] == pointer
