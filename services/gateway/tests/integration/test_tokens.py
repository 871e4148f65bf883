"""Tokens: which are in use, and how one or all of somebody are revoked."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from httpx import Response

from deskstream_chassis.testing import accepted, received, refused
from gateway.messaging.sse import frame

from ..events import opened, ticket  # noqa: TID252
from .conftest import Gateway, token

pytestmark = pytest.mark.anyio
Open = Callable[[], AbstractAsyncContextManager[Gateway]]


def given(name: str, *roles: str, age: int = 60, seconds: int = 8 * 3600, **changes: Any) -> str:
    """A token as `./desk token` makes it."""
    now = int(time.time())
    return token(*roles, name=name, sub=name.lower(), iat=now - age, exp=now + seconds, **changes)


async def looks(gateway: Gateway, bearer: str, path: str = "/tickets") -> Response:
    return await gateway.http.get(f"/api/v1{path}", headers={"authorization": f"Bearer {bearer}"})


async def listed(gateway: Gateway) -> list[dict[str, Any]]:
    await gateway.worker("seen tokens").flush()
    items: list[dict[str, Any]] = accepted(await gateway.ask("GET", "/tokens", "admin"))["items"]
    return [t for t in items if t["id"] != "ada"]


async def test_tokens_are_listed_once_they_were_used_and_nothing_of_them_lets_anybody_in(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        grace, shop = given("Grace", "agent", "operator", jti="g"), given("Shop", "viewer", kind="program", jti="s")
        for bearer in (shop, grace, grace):
            assert (await looks(gateway, bearer)).status_code == 200
        # Of the command line's own, one a call, there would be no end; and a forged one is nobody's.
        assert (await looks(gateway, given("Desk CLI", "admin", age=0, seconds=300))).status_code == 200
        assert (await looks(gateway, "x.y.z")).status_code == 401
        one, two = await listed(gateway)
        assert (one["name"], one["kind"], one["roles"], one["jti"], one["revoked"]) == (
            "Grace",
            "staff",
            ["agent", "operator"],
            "g",
            False,
        )
        assert (two["name"], two["kind"], two["jti"]) == ("Shop", "program", "s")
        assert one["issued_at"] < one["first_used_at"] <= one["last_used_at"] < one["expires_at"]
        shown = str(await listed(gateway))
        assert all(part not in shown for part in grace.split("."))
        [row] = await gateway.rows("SELECT count(*) AS n FROM seen_tokens WHERE jti = 'g'")
        assert row.n == 1


async def test_whoever_carries_a_token_can_ask_what_it_is(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        for role in ("viewer", "operator", "admin"):
            current = accepted(await looks(gateway, given("Grace", role, jti=role), "/tokens/current"))
            assert (current["jti"], current["id"], current["name"], current["roles"]) == (role, "grace", "Grace", [role])


async def test_a_revoked_token_is_refused_from_then_on_and_no_other(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        one, other = given("Grace", "viewer", jti="one"), given("Grace", "viewer", jti="other")
        assert (await looks(gateway, one)).status_code == 200
        assert (await gateway.ask("DELETE", "/tokens/one", "admin")).status_code == 204
        answer = await looks(gateway, one)
        assert (answer.status_code, answer.json()["detail"]) == (401, "The token has been revoked.")
        assert (await looks(gateway, other)).status_code == 200
        assert [(t["jti"], t["revoked"]) for t in await listed(gateway)] == [("one", True), ("other", False)]


@pytest.mark.parametrize("who", ["Grace", "gRACE", "grace"])
async def test_all_of_somebody_are_revoked_also_those_nobody_has_seen_and_new_ones_are_taken(open_gateway: Open, who: str) -> None:
    async with open_gateway() as gateway:
        seen, unseen, undated = given("Grace", "viewer"), given("Grace", "admin"), token("viewer", sub="grace", name="")
        program, other = given("Grace", "viewer", kind="program"), given("Grace Hopper", "viewer")
        assert (await looks(gateway, seen)).status_code == 200
        assert (await gateway.ask("DELETE", "/tokens", "admin", params={"of": who})).status_code == 204
        for bearer in (seen, unseen, undated, program):
            assert (await looks(gateway, bearer)).status_code == 401
        assert (await looks(gateway, other)).status_code == 200
        assert (await looks(gateway, given("Grace", "viewer", age=-2))).status_code == 200
        marked = {(t["name"], t["revoked"]) for t in await listed(gateway)}
        assert marked == {("Grace", True), ("Grace", False), ("Grace Hopper", False)}


async def test_another_process_knows_within_its_refresh_and_a_restarted_one_at_once(open_gateway: Open) -> None:
    bearer, own = given("Grace", "viewer"), given("Bo", "viewer", jti="bo")
    async with open_gateway() as one, open_gateway() as other:
        assert (await looks(other, bearer)).status_code == 200
        await one.ask("DELETE", "/tokens", "admin", params={"of": "grace"})
        await one.ask("DELETE", "/tokens/bo", "admin")
        await other.worker("revocations").load()  # it does so every two seconds
        assert [(await looks(other, b)).status_code for b in (bearer, own)] == [401, 401]
    async with open_gateway() as restarted:
        assert [(await looks(restarted, b)).status_code for b in (bearer, own)] == [401, 401]


@pytest.mark.parametrize("path", ["/tokens?of=grace", "/tokens/g"])
@pytest.mark.parametrize("here", [True, False])
async def test_a_live_stream_ends_when_its_token_is_known_to_be_revoked(open_gateway: Open, path: str, here: bool) -> None:
    graces, other = given("Grace", "viewer", jti="g"), given("Bo", "viewer", jti="bo")
    async with open_gateway() as gateway, open_gateway() as another:
        live = gateway.worker("live stream")._live
        live.reading.set()  # as if Kafka were being read
        streams = [asyncio.create_task(looks(gateway, bearer, "/events")) for bearer in (graces, other)]
        async with asyncio.timeout(5):
            while len(live.clients) < 2:  # noqa: ASYNC110 - nothing tells it
                await asyncio.sleep(0)
            await (gateway if here else another).ask("DELETE", path, "admin")
            if not here:
                await gateway.worker("revocations").load()  # it does so every two seconds
            # Not with the next event, nor with the next sign of life.
            answer = await streams[0]
            assert (answer.status_code, answer.content) == (200, b": listening\n\n")
        assert not streams[1].done()
        event = frame(received(opened(ticket())))
        assert event is not None
        live.hand_out(event)
        live.end()
        assert b"ticket.opened.v1" in (await streams[1]).content


async def test_what_is_revoked_while_the_tables_are_read_stays_revoked(open_gateway: Open) -> None:
    bearer, own = given("Grace", "viewer"), given("Bo", "viewer", jti="bo")
    async with open_gateway() as gateway:
        worker = gateway.worker("revocations")
        read = worker._engine.connect

        @asynccontextmanager
        async def slow() -> AsyncIterator[Any]:
            async with read() as connection:
                yield connection
            await gateway.ask("DELETE", "/tokens", "admin", params={"of": "grace"})
            await gateway.ask("DELETE", "/tokens/bo", "admin")

        worker._engine.connect = slow
        try:
            await worker.load()
        finally:
            worker._engine.connect = read
        assert [(await looks(gateway, b)).status_code for b in (bearer, own)] == [401, 401]


async def test_a_token_that_says_what_no_database_keeps_holds_up_nobody_elses(open_gateway: Open) -> None:
    async with open_gateway() as gateway:
        for odd in (given("a\0b", "viewer"), given("x" * 9000, "viewer", jti="é\0")):
            await looks(gateway, odd)
        assert (await looks(gateway, given("Grace", "viewer", jti="g"))).status_code == 200
        assert "g" in [t["jti"] for t in await listed(gateway)]


@pytest.mark.parametrize("of", [None, "", " ", "a\0", "x" * 255])
async def test_whose_tokens_are_revoked_must_be_said(open_gateway: Open, of: str | None) -> None:
    async with open_gateway() as gateway:
        answer = await gateway.ask("DELETE", "/tokens", "admin", params={} if of is None else {"of": of})
        assert refused(answer)[0] == 422
        assert (await gateway.ask("DELETE", f"/tokens/{uuid4()}", "admin")).status_code == 204
