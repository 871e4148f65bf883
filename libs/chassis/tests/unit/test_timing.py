"""What is counted of HTTP requests."""

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import REGISTRY

from deskstream_chassis.watch.tracing import Tracing
from deskstream_chassis.web.http import create_app

pytestmark = pytest.mark.anyio
KEY = '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'


def app() -> FastAPI:
    made = create_app("test", KEY, Tracing(None))

    @made.get("/things/{number}")
    async def thing(number: int) -> int:
        return 100 // number

    inner = APIRouter(prefix="/inner")

    @inner.get("/things/{number}")
    async def inner_thing(number: int) -> int:
        return number

    made.include_router(inner, prefix="/api/v1")
    return made


async def count(method: str, path: str, *labels: str) -> float:
    """How many more requests with these labels there are after this one."""

    def now() -> float:
        names = dict(zip(("method", "route", "status"), labels, strict=True))
        return REGISTRY.get_sample_value("deskstream_http_request_seconds_count", names) or 0.0

    before = now()
    transport = httpx.ASGITransport(app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.request(method, path)
    return now() - before


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/things/7", ("GET", "/things/{number}", "200")),
        ("GET", "/api/v1/inner/things/7", ("GET", "/api/v1/inner/things/{number}", "200")),
        ("GET", "/things/seven", ("GET", "/things/{number}", "422")),
        ("GET", "/things/0", ("GET", "/things/{number}", "500")),
        ("GET", "/strange/path", ("GET", "unmatched", "404")),
        ("BREW", "/strange/path", ("other", "unmatched", "404")),
    ],
)
async def test_a_request_is_counted_by_its_route(method: str, path: str, labels: tuple[str, str, str]) -> None:
    assert await count(method, path, *labels) == 1
