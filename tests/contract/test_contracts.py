"""The gate: old readers must be able to read new events, and what is committed is what the models say."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk.contracts import EXAMPLES, SCHEMAS, asyncapi, breaking_changes, differences, example, schema
from deskstream_contracts.catalogue import BY_TYPE, EVENTS
from deskstream_contracts.events.tickets import TicketOpenedV1
from deskstream_contracts.topics import TOPICS
from deskstream_contracts.wire import Event

ROOT = Path(__file__).parents[2]
VERSION = "0.1.0"


def committed(event: type[Event]) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((SCHEMAS / f"{event.event_type()}.json").read_text())
    return loaded


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.event_type())
def test_no_event_has_changed_so_that_old_readers_could_not_read_it(event: type[Event]) -> None:
    assert breaking_changes(committed(event), schema(event)) == []


def test_the_committed_schemas_and_the_asyncapi_document_are_those_of_the_models() -> None:
    assert differences(VERSION, ROOT / "docs" / "asyncapi.json") == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.event_type())
def test_every_golden_example_is_read_and_written_without_loss(event: type[Event]) -> None:
    golden = example(event)
    read = event.model_validate(golden)
    assert json.loads(read.model_dump_json(exclude_none=True)) == golden
    assert read.key()
    assert golden["type"] == event.event_type()


def _objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "properties" in value:
            yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.event_type())
def test_what_may_be_nothing_may_be_left_out(event: type[Event]) -> None:
    # Nothing is written as nothing: the outbox leaves it out. Where it had to be there, the record could be read by nobody.
    had_to_be = [
        name
        for found in _objects(schema(event))
        for name in found.get("required", ())
        if {"type": "null"} in found["properties"][name].get("anyOf", ())
    ]
    assert had_to_be == []


def test_every_event_has_one_example_and_one_name() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(BY_TYPE)
    assert len(BY_TYPE) == len(EVENTS)


def test_an_unknown_field_of_a_newer_writer_is_ignored() -> None:
    newer = example(TicketOpenedV1) | {"colour": "red"}
    assert TicketOpenedV1.model_validate(newer) == TicketOpenedV1.model_validate(example(TicketOpenedV1))


def test_every_event_lives_on_a_catalogued_topic_with_one_owner() -> None:
    assert {event.topic for event in EVENTS} == set(TOPICS)
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


def test_asyncapi_names_every_topic_and_message() -> None:
    document = asyncapi(VERSION)
    assert {channel["address"] for channel in document["channels"].values()} == {topic.name for topic in TOPICS}
    assert set(document["components"]["messages"]) == set(BY_TYPE)
    assert "$defs" not in json.dumps(document)


def mutations() -> list[tuple[str, object]]:
    """Every way to break a schema that the gate must refuse, each done to a copy of a real one."""

    def gone(s: dict) -> None:  # type: ignore[type-arg]
        del s["$defs"]["TicketState"]["properties"]["number"]

    def optional(s: dict) -> None:  # type: ignore[type-arg]
        s["$defs"]["TicketState"]["required"].remove("subject")

    def retyped(s: dict) -> None:  # type: ignore[type-arg]
        s["$defs"]["TicketState"]["properties"]["number"]["type"] = "string"

    def widened(s: dict) -> None:  # type: ignore[type-arg]
        s["$defs"]["TicketState"]["properties"]["status"]["enum"].append("frozen")

    def renamed(s: dict) -> None:  # type: ignore[type-arg]
        s["properties"]["type"]["const"] = "ticket.opened.v2"

    def nullable(s: dict) -> None:  # type: ignore[type-arg]
        before = s["$defs"]["TicketState"]["properties"]["subject"]
        s["$defs"]["TicketState"]["properties"]["subject"] = {"anyOf": [before, {"type": "null"}]}

    def items(s: dict) -> None:  # type: ignore[type-arg]
        s["$defs"]["TicketState"]["properties"]["tags"]["items"] = {"type": "integer"}

    def loosened(s: dict) -> None:  # type: ignore[type-arg]
        s["$defs"]["TicketState"]["properties"]["number"].pop("minimum")

    def reformatted(s: dict) -> None:  # type: ignore[type-arg]
        s["$defs"]["TicketState"]["properties"]["id"]["format"] = "date"

    return [(f.__name__, f) for f in (gone, optional, retyped, widened, renamed, nullable, items, loosened, reformatted)]


@pytest.mark.parametrize(("name", "breaks"), mutations(), ids=lambda m: m if isinstance(m, str) else "")
def test_the_gate_bites(name: str, breaks: object) -> None:
    broken = copy.deepcopy(schema(TicketOpenedV1))
    assert callable(breaks)
    breaks(broken)
    assert breaking_changes(schema(TicketOpenedV1), broken), f"a schema that was {name} went through"


def test_the_gate_lets_an_additive_change_through() -> None:
    wider = copy.deepcopy(schema(TicketOpenedV1))
    wider["$defs"]["TicketState"]["properties"]["mood"] = {"type": "string"}
    assert breaking_changes(schema(TicketOpenedV1), wider) == []
