"""With a real Kafka: the views follow the topics, a rebuild finds what is wrong, and the live stream ends with the desk."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text

from deskstream_chassis.bus.kafka import KafkaAccess
from deskstream_contracts.visibility import EVERYTHING, NOTHING, Visibility
from deskstream_contracts.wire import Event
from gateway.messaging.live import Client, Live
from gateway.settings import Settings
from gateway.workers.live_reader import LiveReader

from ..events import decided, headers, notified, opened, registered, sla, ticket  # noqa: TID252
from .conftest import Gateway, Owners
from .conftest import opened as opened_gateway

pytestmark = pytest.mark.anyio
Running = Callable[[], AbstractAsyncContextManager[Gateway]]


async def publish(bootstrap: str, *events: Event, value: bytes | None = None) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True) as producer:
        for event in events:
            data = value or event.model_dump_json(exclude_none=True).encode()
            await producer.send_and_wait(event.topic.name, data, event.key().encode(), headers=headers(event))


async def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < deadline:
        if found := await condition():
            return found
        await asyncio.sleep(0.05)
    raise TimeoutError


@pytest.fixture
def running(settings: Settings, kafka_bootstrap: str) -> Running:
    """The whole gateway, workers too, in a consumer group of its own."""

    @asynccontextmanager
    async def working() -> AsyncIterator[Gateway]:
        own = settings.model_copy(update={"kafka_bootstrap_servers": kafka_bootstrap, "consumer_group": f"gateway-{uuid4()}"})
        stop = asyncio.Event()
        async with opened_gateway(own, "all", Owners()) as gateway, asyncio.TaskGroup() as group:
            for worker in gateway.service.workers:
                group.create_task(worker.run(stop))
            yield gateway
            stop.set()

    return working


async def rebuilt(gateway: Gateway, **params: Any) -> Any:
    assert (await gateway.ask("POST", "/admin/views/rebuild", "operator", params=params)).status_code == 202

    async def ended() -> Any:
        report = await gateway.get("/admin/views/rebuild", "operator")
        return report if report["state"] in ("done", "failed") else None

    return await until(ended)


async def test_a_rebuild_agrees_finds_what_is_wrong_and_mends_it_by_a_swap(running: Running, kafka_bootstrap: str) -> None:
    one, other = ticket(), ticket()
    everything = (
        opened(one),
        opened(other),
        sla(one, ("resolution", "running", 5)),
        decided(one),
        notified(one),
        registered("r@x.example"),
    )
    await publish(kafka_bootstrap, *everything)
    await publish(kafka_bootstrap, opened(one.model_copy(update={"version": 2, "subject": "newer"})))
    async with running() as gateway:

        async def there() -> bool:
            return (
                len(await gateway.rows(f"SELECT 1 FROM views.tickets WHERE id IN ('{one.id}', '{other.id}') AND version >= 1")) == 2
            )

        await until(there)
        report = await rebuilt(gateway)
        assert (report["state"], report["agree"], report["error"]) == ("done", True, None), report
        assert report["events_read"] >= 7

        async with gateway.service.engine.begin() as connection:
            await connection.execute(text("UPDATE views.tickets SET subject = 'tampered' WHERE id = :id"), {"id": one.id})
            await connection.execute(text("DELETE FROM views.tickets WHERE id = :id"), {"id": other.id})
            await connection.execute(text("INSERT INTO views.teams VALUES (gen_random_uuid(), 1, 'Ghosts', true, '{}')"))
        report = await rebuilt(gateway, swap=True)
        found = {view["view"]: view for view in report["comparison"]}
        assert (report["agree"], report["swapped"]) == (False, True)
        assert (found["tickets"]["different"], found["tickets"]["only_rebuilt"], found["teams"]["only_live"]) == (1, 1, 1)
        assert set(found["tickets"]["examples"]) == {str(one.id), str(other.id)}

        assert await gateway.rows(f"SELECT subject FROM views.tickets WHERE id = '{one.id}'") == [("newer",)]
        # The live set goes on where the rebuilt one was put in its place.
        await publish(kafka_bootstrap, opened(one.model_copy(update={"version": 3, "subject": "newest"})))

        async def newest() -> bool:
            return (await gateway.rows(f"SELECT subject FROM views.tickets WHERE id = '{one.id}'")) == [("newest",)]

        await until(newest)
        assert (await rebuilt(gateway))["agree"]


@asynccontextmanager
async def reading(live: Live, bootstrap: str) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(LiveReader(KafkaAccess(bootstrap), live).run(stop))
        yield stop
        stop.set()


async def test_a_client_gets_what_happens_from_then_on_and_only_the_types_it_wants(kafka_bootstrap: str) -> None:
    live, before, after = Live(), ticket(), ticket()
    await publish(kafka_bootstrap, opened(before))
    async with reading(live, kafka_bootstrap):
        client = await live.open(frozenset({"ticket.opened.v1"}), EVERYTHING)
        blind = await live.open(frozenset(), NOTHING)
        await publish(kafka_bootstrap, notified(after), opened(after))
        event = await asyncio.wait_for(client.queue.get(), 10)
        assert (event.type, str(after.id).encode() in event.wire) == ("ticket.opened.v1", True)
        assert client.queue.empty()
        assert blind.queue.empty()


async def test_a_client_that_does_not_read_is_dropped_and_the_others_go_on(kafka_bootstrap: str) -> None:
    live = Live()
    async with reading(live, kafka_bootstrap):
        slow, quick = await live.open(frozenset(), EVERYTHING), await live.open(frozenset(), EVERYTHING)
        slow.queue = asyncio.Queue(1)
        await publish(kafka_bootstrap, opened(ticket()), opened(ticket()), opened(ticket()))
        for _ in range(3):
            await asyncio.wait_for(quick.queue.get(), 10)
        assert (slow.ended.is_set(), quick.ended.is_set()) == (True, False)


async def test_the_stop_of_the_desk_ends_every_stream(kafka_bootstrap: str) -> None:
    live = Live()
    clients: list[Client] = []
    async with reading(live, kafka_bootstrap) as stop:
        clients.append(await live.open(frozenset(), EVERYTHING))
        stop.set()
    assert clients[0].ended.is_set()
    late = Live()
    with pytest.raises(TimeoutError):
        await late.open(frozenset(), EVERYTHING, patience_seconds=0.1)


async def test_a_stream_carries_what_its_visibility_covers(kafka_bootstrap: str) -> None:
    live, own, other = Live(), ticket(), ticket()
    async with reading(live, kafka_bootstrap):
        customer = await live.open(frozenset(), Visibility(customer_ids=frozenset({own.requester.customer_id})))
        staff = await live.open(frozenset({"ticket.opened.v1"}), EVERYTHING)
        await publish(kafka_bootstrap, opened(other), notified(own), sla(own, ("resolution", "running", 5)), opened(own))
        for _ in range(2):
            await asyncio.wait_for(staff.queue.get(), 10)
        event = await asyncio.wait_for(customer.queue.get(), 10)
        assert str(own.id).encode() in event.wire
        assert customer.queue.empty()
