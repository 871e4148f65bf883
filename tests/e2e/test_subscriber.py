"""The subscriber of docs/events.md, with the contracts and a Kafka client and nothing else of ours, beside a real desk."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from jsonschema import Draft202012Validator

from desk.client import Desk, until
from desk.paths import ROOT
from desk.ports import free_port_base
from desk.stack import Stack
from desk.traffic.mails import Mail
from desk.traffic.seed import seed
from deskstream_contracts.catalogue import BY_TYPE
from deskstream_contracts.tools.asyncapi import asyncapi
from deskstream_contracts.tools.schemas import schema
from deskstream_contracts.topics import TOPICS
from tests.environments import environment, wheel
from tests.outsider import AT_ONCE, Outsider


def of_the_page() -> str:
    """The only Python on the page."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / "events.md").read_text(), re.MULTILINE | re.DOTALL)
    assert isinstance(code, str)
    return code


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("subscriber") / "home", free_port_base(), AT_ONCE)
    stack.start()
    try:
        seed(Desk.at(stack.home, stack.topology.port_base))
        yield stack
    finally:
        stack.kill_all()  # without Kafka, leaving it politely takes its time
        stack.destroy()


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    return environment(folder / "env", [wheel(ROOT / "libs" / "contracts", folder)], "aiokafka")


def test_the_subscriber_of_the_page_is_as_short_as_it_says() -> None:
    assert len([line for line in of_the_page().splitlines() if line.strip()]) <= 20


def test_it_prints_live_tickets_and_goes_on_where_it_was(stack: Stack, python: Path, tmp_path: Path) -> None:
    outsider = Outsider(Desk.at(stack.home, stack.topology.port_base))
    page = tmp_path / "subscriber.py"
    page.write_text(of_the_page())
    output = tmp_path / "output"

    def printed(subject: str, type_: str) -> bool:
        return any(subject in line and type_ in line for line in output.read_text().splitlines())

    def sees(subject: str) -> None:
        with output.open("w") as out:
            subscriber = subprocess.Popen([python, "-I", page, stack.bootstrap_servers], stdout=out, stderr=subprocess.STDOUT)
        try:
            outsider.write(Mail(outsider.person(), subject, "Can you help me?"))
            until(lambda: printed(subject, "ticket.opened.v1"), 40, f"the ticket {subject!r} in what it prints")
            until(lambda: printed(subject, "ticket.assigned.v1"), 20, "what becomes of it")
        finally:
            subscriber.terminate()
            subscriber.wait(20)

    sees("The first of all")
    sees("Another one")
    assert not printed("The first of all", "ticket.opened.v1"), "it began anew"


async def everything(bootstrap: str) -> list[ConsumerRecord[bytes, bytes]]:
    """All records of all topics, as they are now."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(topic.name, number) for topic in TOPICS for number in range(topic.partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        found = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            found += [record for records in (await consumer.getmany(timeout_ms=500)).values() for record in records]
        return found
    finally:
        await consumer.stop()


def test_every_record_is_what_the_documents_say(stack: Stack) -> None:
    outsider = Outsider(Desk.at(stack.home, stack.topology.port_base))
    pat = outsider.person()
    outsider.write(Mail(pat, "The last one", "Please answer."))
    ticket = outsider.ticket_of(pat)["ticket"]
    outsider.desk.api("POST", f"/tickets/{ticket['number']}/resolve", json={"solution": "Like this."})
    outsider.mail_to(pat.email, "resolution")
    records = asyncio.run(everything(stack.bootstrap_servers))
    headers_schema = Draft202012Validator(asyncapi("0")["components"]["schemas"]["cloudEventHeaders"])
    schemas = {type_: Draft202012Validator(schema(event)) for type_, event in BY_TYPE.items()}
    offsets: dict[tuple[str, int], list[int]] = defaultdict(list)
    versions: dict[tuple[str, bytes], list[str]] = defaultdict(list)
    seen = set()
    for record in records:
        headers = {name: value.decode() for name, value in record.headers}
        said = json.loads(record.value)
        headers_schema.validate(headers)
        schemas[said["type"]].validate(said)
        event = BY_TYPE[said["type"]]
        assert headers["ce_type"] == said["type"]
        assert headers["ce_source"] == f"/deskstream/{event.topic.owner}"
        assert record.topic == event.topic.name
        assert headers["ce_subject"] == record.key.decode() == event.model_validate(said).key()
        assert record.partition == zlib.crc32(record.key) % event.topic.partitions
        offsets[record.topic, record.partition].append(record.offset)
        if event.sequence_path is not None:
            versions[record.topic, record.key].append(headers["ce_sequence"])
        seen.add(said["type"])
    # A subscriber knows by these that nothing is missing: of a flow by the offsets, of an aggregate by the versions of each key.
    assert all(held == list(range(len(held))) for held in offsets.values())
    assert all(held == [str(n + 1) for n in range(len(held))] for held in versions.values())
    assert {"message.received.v1", "ticket.opened.v1", "routing.decided.v1", "sla.fulfilled.v1", "notification.sent.v1"} <= seen
