"""F17–F19: messages three times, versions out of order, and garbage."""

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from desk.client import until
from desk.traffic.checker import Offsets, published_since
from deskstream_contracts.topics import IDENTIFIED, INBOUND, TICKETS, Topic
from tests.faults.conftest import Broken, Load

Record = tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]


async def records_since(bootstrap: str, topic: Topic, since: Offsets) -> list[Record]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
        until_ = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        for p in partitions:
            consumer.seek(p, since[p])
        found: list[Record] = []
        while len(found) < sum(until_[p] - since[p] for p in partitions):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [(r.key, r.value, list(r.headers)) for r in records]
        return found
    finally:
        await consumer.stop()


async def produce(bootstrap: str, topic: Topic, records: list[Record]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        for key, value, headers in records:
            await producer.send_and_wait(topic.name, value=value, key=key, headers=headers)
    finally:
        await producer.stop()


def views(broken: Broken, tickets: list[str]) -> list[dict[str, Any]]:
    return [broken.desk.api("GET", f"/tickets/{id_}") for id_ in sorted(tickets)]


def test_f17_topics_delivered_three_times_leave_the_same_state(broken: Broken, load: Callable[..., Load]) -> None:
    with load(30) as traffic:
        pass
    events = traffic.check()
    tickets = [e.data["ticket"]["id"] for e in events if e.type == "ticket.opened.v1"]
    before = views(broken, tickets)
    mails = broken.desk.mailbox_stats()["last_seq"]
    for topic in (INBOUND, IDENTIFIED, TICKETS):
        again = asyncio.run(records_since(broken.bootstrap, topic, traffic.offsets))
        asyncio.run(produce(broken.bootstrap, topic, again + again))
    time.sleep(5)
    assert views(broken, tickets) == before
    assert broken.desk.mailbox_stats()["last_seq"] == mails


def test_f18_states_that_come_late_and_shuffled_are_not_taken_for_new(broken: Broken, load: Callable[..., Load]) -> None:
    with load(20) as traffic:
        pass
    events = traffic.check()
    tickets = [e.data["ticket"]["id"] for e in events if e.type == "ticket.opened.v1"]
    before = views(broken, tickets)
    old = asyncio.run(records_since(broken.bootstrap, TICKETS, traffic.offsets))
    # Assignments of old, as if they were new events: only the versions tell.
    late = [
        (key, value, [(n, v if n != "ce_id" else str(uuid.uuid4()).encode()) for n, v in headers])
        for key, value, headers in old
        if dict(headers)["ce_type"] in (b"ticket.assigned.v1", b"ticket.classified.v1", b"ticket.prioritised.v1")
    ]
    random.Random(18).shuffle(late)
    asyncio.run(produce(broken.bootstrap, TICKETS, late))
    time.sleep(4)
    after = views(broken, tickets)
    assert [v["sla"] for v in after] == [v["sla"] for v in before]
    assert [v["ticket"] for v in after] == [v["ticket"] for v in before]


def test_f19_garbage_is_parked_with_its_key_and_the_rest_flows_on(broken: Broken, load: Callable[..., Load]) -> None:
    dice = random.Random(19)
    sick = [f"sick-{n}".encode() for n in range(5)]
    good_headers = [("ce_id", b""), ("ce_type", b"message.received.v1")]
    garbage: list[Record] = []
    for key in sick:
        headers = [(n, v or str(uuid.uuid4()).encode()) for n, v in good_headers]
        garbage.append((key, dice.randbytes(40), headers))  # a body that is not JSON
        garbage.append((key, b"{}", [("ce_id", str(uuid.uuid4()).encode()), ("ce_type", b"message.received.v1")]))
    garbage += [
        (b"\xff\xfe\x00bytes", b"{}", [("ce_id", str(uuid.uuid4()).encode()), ("ce_type", b"message.received.v1")]),
        (b"header", b"{}", [("ce_id", b"\xff\xff"), ("ce_type", b"\xc3\x28"), ("traceparent", b"\x00")]),
        (b"no-id", b"{}", [("ce_type", b"message.received.v1")]),
        (None, b"\x00", [("ce_id", str(uuid.uuid4()).encode()), ("ce_type", b"message.received.v1")]),
        (b"tombstone", None, []),
        (b"not-ours", b"\x00\x01", [("ce_id", str(uuid.uuid4()).encode()), ("ce_type", b"something.else.v9")]),
    ]
    asyncio.run(produce(broken.bootstrap, INBOUND, garbage))

    def parked() -> list[dict[str, Any]]:
        found = broken.desk.api("GET", "/admin/parked")["items"]
        return [row for row in found if row["service"] == "customer"]

    until(lambda: len(parked()) >= len(sick) + 4, 20, "the garbage to be parked")
    rows = parked()
    assert {row["key"] for row in rows} >= {key.decode() for key in sick}
    assert all(row["messages"] == 2 for row in rows if row["key"].startswith("sick-"))
    with load(20) as traffic:
        pass
    until(lambda: broken.desk.api("GET", "/ledger/summary")["open"] == 0, 30, "the others to flow")
    opened = [e for e in published_since(broken.bootstrap, traffic.offsets) if e.type == "ticket.opened.v1"]
    assert len(opened) == 10
    broken.discard_parked()
    assert broken.desk.api("GET", "/admin/parked")["items"] == []
