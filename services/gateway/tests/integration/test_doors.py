"""Who is let in, what is passed on to the owners, and what every answer has."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute
from prometheus_client import REGISTRY

from deskstream_chassis.testing import received
from deskstream_chassis.web.auth import TokenVerifier
from deskstream_chassis.web.subjects import Role, Staff
from gateway.api import documentation
from gateway.messaging.sse import frame
from gateway.settings import Settings
from gateway.workers.live_reader import LiveReader

from ..events import agent, opened, team, ticket  # noqa: TID252
from .conftest import Gateway, Owners, filled, operations, token
from .conftest import opened as opened_gateway

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]


def routes(gateway: Gateway) -> Iterator[tuple[str, str]]:
    """Every route of the API as it is published."""
    for method, path in operations(gateway):
        yield method, filled(path)


async def test_no_route_answers_without_a_token(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        known = {(m, r.path) for r in gateway.service.app.routes if isinstance(r, APIRoute) for m in r.methods}
        assert len(list(routes(gateway))) >= 60
        for method, path in [*routes(gateway), ("GET", "/api/v1/nowhere"), ("GET", "/"), ("GET", "/admin/parked"), *known]:
            if path in ("/health/live", "/health/ready", "/metrics", *documentation.PATHS):
                continue
            for headers in ({}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer x.y.z"}, {"authorization": "Bearer"}):
                answer = await gateway.http.request(method, path, headers=headers)
                assert answer.status_code == 401, (method, path)
        assert gateway.owners.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 60}, {"exp": None}, {"iss": "somebody"}, {"aud": "deskstream-internal"}, {"sub": None},
        {"jti": None}, {"roles": "admin"}, {"roles": None},
    ],
)  # fmt: skip
async def test_a_token_that_is_not_quite_right_is_refused(open_gateway: Open, changes: dict[str, Any]) -> None:
    async with open_gateway() as gateway:
        answer = await gateway.http.get("/api/v1/tickets", headers={"authorization": f"Bearer {token('admin', **changes)}"})
    assert answer.status_code == 401


async def test_a_token_signed_with_another_key_or_with_none_is_refused(open_gateway: Open) -> None:
    from joserfc import jwt
    from joserfc.jwk import OctKey

    claims = {
        "iss": "deskstream",
        "aud": "deskstream-api",
        "sub": "x",
        "roles": ["admin"],
        "jti": "1",
        "exp": int(time.time()) + 60,
    }
    other = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("u" * 40))
    unsigned = "eyJhbGciOiJub25lIn0." + other.split(".")[1] + "."
    async with open_gateway() as gateway:
        for bad in (other, unsigned):
            assert (await gateway.http.get("/api/v1/tickets", headers={"authorization": f"Bearer {bad}"})).status_code == 401


async def test_every_answer_has_the_headers_that_protect_it(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        gateway.owners.away.add("ingest")
        for answer in (
            await gateway.ask("GET", "/tickets"), await gateway.ask("GET", "/nowhere"), await gateway.ask("GET", "/tickets", None),
            await gateway.ask("GET", "/ledger"), await gateway.http.get("/health/live"),
        ):  # fmt: skip
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_a_body_beyond_the_limit_is_a_413(open_gateway: Open) -> None:
    async def chunks() -> Any:
        for _ in range(17):
            yield b"a" * 2**16

    async with open_gateway() as gateway:
        for content in (b"a" * (2**20 + 1), chunks()):
            answer = await gateway.ask("POST", "/tickets", "agent", content=content)
            assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert gateway.owners.asked == []


async def test_a_command_reaches_its_owner_with_the_callers_token_key_and_trace(open_gateway: Open) -> None:
    traceparent = "00-7839688130d7ccfb0f034e3d3572aeb4-f87f5ec4c668c4a0-01"
    headers = {"idempotency-key": "k1", "traceparent": traceparent, "x-correlation-id": "c1", "cookie": "secret"}
    async with open_gateway() as gateway:
        answer = await gateway.ask("POST", "/tickets/1006/replies", "agent", json={"text": "Hello"}, headers=headers)
        assert answer.json() == {"by": "ticket"}
        assert answer.headers["x-correlation-id"] == "c1"
        [asked] = gateway.owners.asked
        assert (asked.method, asked.url.path, asked.content) == ("POST", "/tickets/1006/replies", b'{"text":"Hello"}')
        assert (asked.headers["idempotency-key"], asked.headers["traceparent"]) == ("k1", traceparent)
        assert asked.headers["x-correlation-id"] == "c1"
        assert "cookie" not in asked.headers
        subject = TokenVerifier(gateway.service.settings.internal_public_key).subject(
            asked.headers["authorization"].removeprefix("Bearer ")
        )
        assert subject == Staff("ada", "Ada", frozenset({Role.VIEWER, Role.AGENT}))


async def test_an_owners_refusal_comes_back_as_it_is(open_gateway: Open) -> None:
    problem = {"type": "about:blank", "title": "In conflict", "status": 409, "detail": "It is closed."}
    refusal = httpx.Response(409, json=problem, headers={"content-type": "application/problem+json", "set-cookie": "x=1"})
    async with open_gateway() as gateway:
        gateway.owners.answers["POST", "ticket/tickets/1006/start"] = refusal
        answer = await gateway.ask("POST", "/tickets/1006/start", "agent")
    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (409, problem, "application/problem+json")
    assert "set-cookie" not in answer.headers


async def test_a_wrong_command_is_refused_here_and_its_owner_not_asked(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        answer = await gateway.ask("PUT", "/tickets/1006/priority", "agent", json={"priority": "huge"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/priority")
        assert gateway.owners.asked == []


async def test_an_owner_that_is_away_is_named(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        gateway.owners.away |= {"ingest", "sla"}
        answer = await gateway.ask("GET", "/ledger")
        assert (answer.status_code, answer.json()["detail"]) == (503, "ingest-svc does not answer now.")
        assert answer.headers["retry-after"]
        parked = {"topic": "t", "key": "k", "messages": 2, "since": "2026-03-02T09:00:00Z", "event_type": "x", "error": "bad"}
        for owner in ("customer", "ticket", "routing", "notify"):
            gateway.owners.answers["GET", f"{owner}/admin/parked"] = httpx.Response(200, json=[])
        entry = {**parked, "event_id": str(uuid4())}
        gateway.owners.answers["GET", "ticket/admin/parked"] = httpx.Response(200, json=[entry])
        found = await gateway.get("/admin/parked", "operator")
    assert found["away"] == ["ingest", "sla"]
    assert [(e["service"], e["messages"]) for e in found["items"]] == [("ticket", 2)]


async def test_an_owner_that_does_not_trust_us_is_no_fault_of_the_caller(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        gateway.owners.answers["GET", "ingest/ledger"] = httpx.Response(401, json={})
        assert (await gateway.ask("GET", "/ledger")).status_code == 502


async def test_an_attachment_keeps_the_headers_of_its_owner(open_gateway: Open) -> None:
    id_, csp = uuid4(), "sandbox; default-src 'none'"
    headers = {"content-type": "application/octet-stream", "content-security-policy": csp, "content-disposition": "attachment"}
    async with open_gateway() as gateway:
        gateway.owners.answers["GET", f"ingest/messages/{id_}/attachments/2"] = httpx.Response(
            200, content=b"%PDF", headers=headers
        )
        answer = await gateway.ask("GET", f"/messages/{id_}/attachments/2", "agent")
    assert (answer.content, answer.headers["content-security-policy"], answer.headers["content-disposition"]) == (
        b"%PDF", csp, "attachment",
    )  # fmt: skip
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_name_cannot_lead_to_another_path_of_an_owner(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        for name in ("%2e%2e", "..", "a%2f..%2f..%2fadmin"):
            await gateway.ask("GET", f"/teams/{name}", "viewer")
        await gateway.ask("GET", "/agents/a%3Fb%23c", "viewer")
        assert {a.url.raw_path for a in gateway.owners.asked} <= {b"/agents/a%3Fb%23c"}


async def test_an_assignment_takes_names_and_hands_on_ids(open_gateway: Open) -> None:
    billing, sales = team("Billing"), team("Sales")
    ada, bob = agent("Ada", billing.team.id), agent("Bob", billing.team.id, sales.team.id)
    async with open_gateway() as gateway:
        await gateway.hear(billing, sales, ada, bob, opened(ticket()))

        async def assign(body: dict[str, Any]) -> Any:
            answer = await gateway.ask("PUT", "/tickets/1006/assignee", "agent", json=body)
            if answer.status_code != 200:
                return answer.status_code, answer.json()["errors"][0]["pointer"]
            return httpx.Response(200, content=gateway.owners.asked[-1].content).json()

        in_billing = {"team_id": str(billing.team.id), "team_name": "Billing"}
        is_ada = {"agent_id": str(ada.agent.id), "agent_name": "Ada"}
        assert await assign({"team": "billing", "agent": "ada@desk.example"}) == in_billing | is_ada
        assert await assign({"agent": str(ada.agent.id), "expected_version": 3}) == in_billing | is_ada | {"expected_version": 3}
        assert await assign({"agent": "Bob"}) == {"agent_id": str(bob.agent.id), "agent_name": "Bob"}
        assert await assign({}) == {}
        assert await assign({"team": "Nobody"}) == (422, "#/team")
        assert await assign({"agent": str(uuid4())}) == (422, "#/agent")
        assert await assign({"agnet": "Ada"}) == (422, "#/agnet")
        await gateway.hear(agent("Bob"))
        assert await assign({"agent": "Bob"}) == (422, "#/agent")


async def test_only_one_rebuild_is_reported_and_none_before_the_first(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        await gateway.get("/admin/views/rebuild", "operator", expect=404)


async def test_a_ticket_brings_its_conversation_and_the_reasons_for_its_deadlines(open_gateway: Open) -> None:
    one = ticket()
    written = {
        "id": str(uuid4()),
        "kind": "note",
        "at": "2026-03-02T09:00:00Z",
        "author": {"id": "ada", "name": "Ada"},
        "text": "Hm.",
    }
    async with open_gateway() as gateway:
        await gateway.hear(opened(one))
        gateway.owners.answers["GET", f"ticket/tickets/{one.id}/conversation"] = httpx.Response(200, json=[written])
        gateway.owners.answers["GET", f"sla/tickets/{one.id}/sla/explain"] = httpx.Response(200, json={"clocks": []})
        conversation = (await gateway.get(f"/tickets/{one.number}/conversation"))["items"]
        assert [(m["kind"], m["text"], m["from"]["name"]) for m in conversation] == [("note", "Hm.", "Ada")]
        assert await gateway.get(f"/tickets/{one.number}/sla/explain") == {"clocks": []}
        assert len((await gateway.get(f"/tickets/{one.id}"))["conversation"]) == 1
        await gateway.get("/tickets/999999", expect=404)
        gateway.owners.away.add("ticket")
        await gateway.get(f"/tickets/{one.number}/conversation", expect=503)
        assert (await gateway.get(f"/tickets/{one.id}"))["missing"] == ["ticket-svc does not answer now."]


async def test_a_stream_brings_what_happens_until_the_desk_stops(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        (live,) = [worker._live for worker in gateway.service.workers if isinstance(worker, LiveReader)]
        live.reading.set()  # as if Kafka were being read
        asking = asyncio.create_task(gateway.ask("GET", "/events", params={"types": "ticket.opened.v1"}))
        await asyncio.wait_for(live.wanted.wait(), 10)
        event = frame(received(opened(ticket())))
        assert event is not None
        live.hand_out(event)
        live.end()
        answer = await asyncio.wait_for(asking, 10)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert answer.content.startswith(b": listening\n\n")
        assert (await gateway.ask("GET", "/events", params={"types": "no.such.type"})).status_code == 422


async def test_an_account_has_so_many_streams_and_a_process_too(settings: Settings) -> None:
    few = settings.model_copy(update={"streams": 3, "streams_of_an_account": 2})
    async with opened_gateway(few, "api", Owners()) as gateway:
        (live,) = [worker._live for worker in gateway.service.workers if isinstance(worker, LiveReader)]
        live.reading.set()  # as if Kafka were being read

        async def listen(who: str) -> httpx.Response:
            bearer = {"authorization": f"Bearer {token('viewer', sub=who)}"}
            return await gateway.http.get("/api/v1/events", headers=bearer)

        async def begun(streams: int) -> None:
            while len(live.clients) < streams:  # noqa: ASYNC110 - nothing tells it
                await asyncio.sleep(0)

        before = refused_streams()
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            of_ada = [group.create_task(listen("ada")) for _ in range(2)]
            await begun(2)
            third = await listen("ada")
            assert (third.status_code, third.json()["detail"]) == (429, "You have 2 live streams open; close one first.")
            of_bob = group.create_task(listen("bob"))
            await begun(3)
            assert (await listen("cyd")).json()["detail"] == "There are 3 live streams open here; try again later."
            live.end()
        assert [task.result().status_code for task in (*of_ada, of_bob)] == [200, 200, 200]
        assert not live.clients
        assert refused_streams() - before == 2


def refused_streams() -> float:
    return REGISTRY.get_sample_value("deskstream_http_refused_total", {"limit": "streams"}) or 0.0


@pytest.mark.parametrize("name", ["idempotency-key", "if-match", "content-type"])
@pytest.mark.parametrize("value", [b"\xff", b"\xc2\xb2", b"a\tb"])
async def test_a_header_that_is_passed_on_is_visible_ascii(open_gateway: Open, name: str, value: bytes) -> None:
    async with open_gateway() as gateway:
        headers = [(b"authorization", f"Bearer {token('admin')}".encode()), (name.encode(), value)]
        answer = await gateway.http.get("/api/v1/routing/configuration", headers=headers)
        assert (answer.status_code, gateway.owners.asked) == (422, []), answer.text
        assert name in answer.json()["detail"]


@pytest.mark.parametrize("name", ["idempotency-key", "content-disposition", "x-content-sha256"])
async def test_so_is_one_of_an_upload(open_gateway: Open, name: str) -> None:
    async with open_gateway() as gateway:
        headers = [(b"authorization", f"Bearer {token('agent')}".encode()), (name.encode(), b"\xff")]
        answer = await gateway.http.post("/api/v1/files", headers=headers, content=b"x")
        assert (answer.status_code, gateway.owners.asked) == (422, []), answer.text
