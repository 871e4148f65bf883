"""Files on their way through the gateway: as they come, within the limit of a file, under who asks."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc import jws

from deskstream_chassis.testing import another, unread
from deskstream_contracts.events.customers import CustomerRegisteredV1
from gateway.settings import Settings

from ..events import opened, ticket  # noqa: TID252
from .conftest import PORTAL_AUDIENCE, Gateway, Owners, token
from .conftest import opened as open_with

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]
LARGE = 3 * 1024 * 1024
FILE = {"id": str(uuid4()), "name": "a.bin", "media_type": "image/png", "size": LARGE, "sha256": "0" * 64}


async def pieces(size: int, piece: int = 65_536) -> AsyncIterator[bytes]:
    for _ in range(0, size, piece):
        yield b"x" * piece


async def test_an_upload_is_passed_on_with_what_is_said_of_it(open_gateway: Open) -> None:
    said = {
        "Content-Disposition": "attachment; filename*=UTF-8''bl%C3%A5.bin",
        "Content-Type": "image/png",
        "X-Content-SHA256": "0" * 64,
    }
    async with open_gateway() as gateway:
        gateway.owners.answers["POST", "ticket/files"] = httpx.Response(201, json=FILE)
        answer = await gateway.ask("POST", "/files", "agent", content=b"x" * LARGE, headers=said)
        assert (answer.status_code, answer.json()) == (201, FILE)
        (asked,) = gateway.owners.asked
        assert {name: asked.headers[name] for name in said} == said
        assert asked.headers["content-length"] == str(LARGE)
        assert asked.content == b"x" * LARGE


async def test_an_upload_of_which_nobody_knows_the_length_is_passed_on_as_it_comes(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        gateway.owners.answers["POST", "ticket/files"] = httpx.Response(201, json=FILE)
        assert (await gateway.ask("POST", "/files", "agent", content=pieces(LARGE))).status_code == 201
        (asked,) = gateway.owners.asked
        assert asked.headers["transfer-encoding"] == "chunked"
        assert len(asked.content) == LARGE


async def test_a_file_has_a_limit_of_its_own_and_everything_else_has_its_own(settings: Settings) -> None:
    small = settings.model_copy(update={"file_bytes": LARGE})
    async with open_with(small, "api", Owners()) as gateway:
        for content in (b"x" * (LARGE + 1), pieces(LARGE + 65_536)):
            answer = await gateway.ask("POST", "/files", "agent", content=content)
            assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert (await gateway.ask("POST", "/tickets/1006/replies", "agent", content=b"x" * LARGE)).status_code == 413


@pytest.mark.parametrize("status", [413, 422, 503, 507])
async def test_what_the_owner_refuses_comes_back_as_it_is(open_gateway: Open, status: int) -> None:
    problem = {"type": "about:blank", "title": "No", "status": status, "detail": "There is no room left for files."}
    async with open_gateway() as gateway:
        headers = {"content-type": "application/problem+json", "retry-after": "2"}
        gateway.owners.answers["POST", "ticket/files"] = httpx.Response(status, json=problem, headers=headers)
        answer = await gateway.ask("POST", "/files", "agent", content=b"x")
        assert (answer.status_code, answer.json()) == (status, problem)
        assert answer.headers["content-type"] == "application/problem+json"
        gateway.owners.away.add("ticket")
        assert (await gateway.ask("POST", "/files", "agent", content=b"x")).status_code == 503


async def test_a_file_comes_back_as_its_owner_gives_it_and_no_browser_opens_it(open_gateway: Open) -> None:
    message, file = uuid4(), uuid4()
    own = {
        "content-type": "application/octet-stream",
        "content-disposition": "attachment; filename=\"bl_.svg\"; filename*=UTF-8''bl%C3%A5.svg",
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "content-length": "5",
    }
    async with open_gateway() as gateway:
        gateway.owners.answers["GET", f"ticket/messages/{message}/files/{file}"] = httpx.Response(
            200, content=b"words", headers=own
        )
        answer = await gateway.ask("GET", f"/messages/{message}/files/{file}", "agent")
        assert (answer.status_code, answer.content) == (200, b"words")
        assert {name: answer.headers[name] for name in own} == own


async def test_a_conversation_shows_files_of_both_sides_alike(open_gateway: Open) -> None:
    seen = ticket()
    about = {"name": "a.pdf", "media_type": "application/pdf", "size": 3, "sha256": "1" * 64}
    came: dict[str, Any] = {"id": str(uuid4()), "kind": "customer", "at": "2026-03-02T09:00:00Z", "text": "See the file."}
    went: dict[str, Any] = {**came, "id": str(uuid4()), "kind": "agent", "author": {"id": "ada", "name": "Ada"}}
    file = str(uuid4())
    came |= {"attachments": [{**about, "part": 2, "inline": True}]}
    went |= {"files": [{**about, "id": file}]}
    async with open_gateway() as gateway:
        await gateway.hear(opened(seen))
        gateway.owners.answers["GET", f"ticket/tickets/{seen.id}/conversation"] = httpx.Response(200, json=[came, went])
        shown = [message["attachments"] for message in (await gateway.get(f"/tickets/{seen.number}/conversation"))["items"]]
        assert shown == [
            [{**about, "inline": True, "content_id": None, "href": f"/api/v1/messages/{came['id']}/attachments/2"}],
            [{**about, "inline": False, "content_id": None, "href": f"/api/v1/messages/{went['id']}/files/{file}"}],
        ]


async def test_a_customer_asks_for_a_file_with_what_they_see_and_in_their_own_name(open_gateway: Open) -> None:
    ann: CustomerRegisteredV1 = another(CustomerRegisteredV1, customer={"organization_ids": []})
    id_: UUID = ann.customer.id
    path = f"/messages/{uuid4()}/files/{uuid4()}"
    async with open_gateway() as gateway:
        await gateway.hear(ann)
        gateway.owners.answers["GET", f"ticket{path}"] = httpx.Response(200, content=b"words")
        answer = await gateway.portal(id_, path)
        assert (answer.status_code, answer.content) == (200, b"words")
        (asked,) = gateway.owners.asked
        claims = jws.extract_compact(asked.headers["authorization"].removeprefix("Bearer ").encode()).payload
        assert b'"kind":"customer"' in claims
        assert f'"visibility":{{"customer_ids":["{id_}"]}}'.encode() in claims
        stranger = await gateway.http.get(f"/api/portal/v1{path}", headers={"authorization": f"Bearer {token('agent')}"})
        assert stranger.status_code == 401
        assert len(gateway.owners.asked) == 1


async def test_an_account_has_so_many_downloads_under_way_of_whatever_kind(settings: Settings) -> None:
    ann: CustomerRegisteredV1 = another(CustomerRegisteredV1, customer={"organization_ids": []})
    message, file = uuid4(), uuid4()
    paths = (f"/messages/{message}/raw", f"/messages/{message}/attachments/2", f"/messages/{message}/files/{file}")
    one = settings.model_copy(update={"http_downloads_of_an_account": 1})
    async with open_with(one, "api", Owners()) as gateway:
        await gateway.hear(ann)
        mine = httpx.Headers({"authorization": f"Bearer {token('agent')}"})
        customers = httpx.Headers({"authorization": f"Bearer {token(aud=PORTAL_AUDIENCE, sub=str(ann.customer.id))}"})
        for path in paths:
            async with unread(gateway.asgi, f"/api/v1{path}", mine) as status:
                assert status == 200
                for another_path in paths:
                    refusal = await gateway.ask("GET", another_path, "agent")
                    assert (refusal.status_code, refusal.headers["retry-after"]) == (429, "2")
                    assert refusal.json()["title"] == "Too many downloads"
                # Neither the others nor what is no download wait for it.
                async with unread(gateway.asgi, f"/api/portal/v1{paths[2]}", customers) as others:
                    assert others == 200
                    assert (await gateway.portal(ann.customer.id, paths[2])).status_code == 429
                assert (await gateway.ask("GET", "/tickets", "agent")).status_code == 200
        assert (await gateway.ask("GET", paths[0], "agent")).status_code == 200
