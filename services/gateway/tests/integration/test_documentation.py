"""The API and the events as documents and as pages, for whoever has no token yet."""

import re
from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from hashlib import sha256

import httpx
import pytest

from deskstream_contracts.catalogue import EVENTS

from .conftest import Gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]


async def without_token(gateway: Gateway, path: str) -> httpx.Response:
    answer = await gateway.http.get(path)
    assert answer.status_code == 200, answer.text
    return answer


async def test_each_operation_has_a_short_name_of_its_own_and_is_on_the_page(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        document = (await without_token(gateway, "/api/v1/openapi.json")).json()
        page = (await without_token(gateway, "/api")).text
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(set(names)) == len(names) > 90
    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", name) or len(name) > 30] == []
    assert [name for name in names if f'id="{name}"' not in page] == []


async def test_each_event_is_in_the_document_and_on_the_page(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        document = (await without_token(gateway, "/api/v1/asyncapi.json")).json()
        page = (await without_token(gateway, "/api/events")).text
    assert document["components"]["messages"].keys() == {event.event_type() for event in EVENTS}
    assert [event.event_type() for event in EVENTS if f'id="{event.event_type()}"' not in page] == []


@pytest.mark.parametrize("path", ["/api", "/api/events"])
async def test_a_page_has_its_own_style_and_nothing_from_elsewhere(open_gateway: Open, path: str) -> None:
    async with open_gateway() as gateway:
        answer = await without_token(gateway, path)
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert answer.headers["content-security-policy"] == f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
    assert re.findall(r"<(?:script|img|link|iframe)\b|style=|(?:src|href)=\"(?![#/])", answer.text) == []
    anchors = set(re.findall(r'href="#([^"]+)"', answer.text))
    assert anchors - set(re.findall(r'id="([^"]+)"', answer.text)) == set()
