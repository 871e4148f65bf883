"""The gate: readers of old and new read old and new events, and what is committed is what the models say."""

import copy
import importlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from desk.cli.contracts import ASYNCAPI, HISTORY, VERSION
from desk.paths import ROOT
from deskstream_contracts.catalogue import BY_TYPE, EVENTS
from deskstream_contracts.events.tickets import TicketOpenedV1
from deskstream_contracts.tools.asyncapi import asyncapi
from deskstream_contracts.tools.compatibility import breaking_changes
from deskstream_contracts.tools.published import History, differences
from deskstream_contracts.tools.schemas import EXAMPLES, bundle, example, schema
from deskstream_contracts.topics import TOPICS, Retention
from deskstream_contracts.wire import Event

SERVICES = ("ingest-svc", "customer-svc", "ticket-svc", "routing-svc", "sla-svc", "notify-svc")


def test_readers_of_every_version_there_ever_was_read_all_events() -> None:
    assert HISTORY.problems() == []


def test_the_committed_schemas_and_the_asyncapi_document_are_those_of_the_models() -> None:
    assert differences(VERSION, ASYNCAPI, HISTORY) == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.event_type())
def test_every_example_there_ever_was_is_read_without_loss(event: type[Event]) -> None:
    examples = HISTORY.examples(event.event_type())
    assert examples
    for name, said in examples:
        read = json.loads(event.model_validate(said).model_dump_json(exclude_none=True))
        assert holds(read, said), name


def holds(whole: Any, part: Any) -> bool:
    """Whether all that is said in `part` is said in `whole`."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and holds(whole[name], held) for name, held in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(whole) == len(part) and all(map(holds, whole, part))
    return bool(whole == part)


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.event_type())
def test_every_golden_example_is_read_and_written_without_loss(event: type[Event]) -> None:
    golden = example(event)
    read = event.model_validate(golden)
    assert json.loads(read.model_dump_json(exclude_none=True)) == golden
    assert read.key()
    assert golden["type"] == event.event_type()


@pytest.mark.parametrize("event", EVENTS, ids=lambda e: e.event_type())
def test_nothing_is_written_as_null(event: type[Event]) -> None:
    # The outbox leaves it out. Where it had to be there, the record could be read by nobody.
    assert '"null"' not in json.dumps(schema(event))


def test_every_pattern_can_be_read_by_other_languages() -> None:
    # The dialect of Go takes \x00 and no \u0000, and a generated reader with a pattern that it cannot read refuses everything.
    patterns = set(patterns_in(bundle()))
    assert patterns
    assert [pattern for pattern in patterns if re.search(r"\\[^xd]", pattern)] == []


def patterns_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        for held in value.values():
            yield from patterns_in(held)


def test_every_event_has_one_example_and_one_name() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.json")} == set(BY_TYPE)
    assert len(BY_TYPE) == len(EVENTS)


def test_an_unknown_field_of_a_newer_writer_is_ignored() -> None:
    newer = example(TicketOpenedV1) | {"colour": "red"}
    assert TicketOpenedV1.model_validate(newer) == TicketOpenedV1.model_validate(example(TicketOpenedV1))


def test_every_event_lives_on_a_catalogued_topic_with_one_owner() -> None:
    assert {event.topic for event in EVENTS} == set(TOPICS)
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)


def test_a_topic_names_the_services_that_hear_it() -> None:
    heard: dict[str, set[str]] = {topic.name: set() for topic in TOPICS}
    for service in SERVICES:
        for event in importlib.import_module(f"{service.replace('-', '_')}.subscriptions").SUBSCRIPTIONS:
            heard[event.topic.name].add(service)
    for topic in importlib.import_module("gateway.subscriptions").HEARD:
        heard[topic.name].add("gateway")
    assert {topic.name: set(topic.consumers) for topic in TOPICS} == heard
    assert all(list(topic.consumers) == sorted(topic.consumers) for topic in TOPICS)


def test_the_page_names_each_topic_as_the_catalogue_does() -> None:
    keeps = {Retention.FLOW: "a week", Retention.AGGREGATE: "all for a week, then the last of each key"}
    page = (ROOT / "docs" / "events.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `deskstream.") and line.count("|") == 6]
    assert rows == [
        f"| `{topic.name}` | {topic.owner} | {', '.join(topic.consumers)} | {topic.key} | {keeps[topic.retention]} |"
        for topic in TOPICS
    ]


def test_asyncapi_names_every_topic_and_message() -> None:
    document = asyncapi(VERSION)
    assert {channel["address"] for channel in document["channels"].values()} == {topic.name for topic in TOPICS}
    assert set(document["components"]["messages"]) == set(BY_TYPE)
    assert "$defs" not in json.dumps(document)


def test_a_part_of_several_events_is_the_same_in_all_of_them() -> None:
    parts: dict[str, Any] = {}
    for event in EVENTS:
        for name, part in schema(event).get("$defs", {}).items():
            assert parts.setdefault(name, part) == part
    assert bundle()["$defs"].keys() == parts.keys() | {event.__name__ for event in EVENTS}


# The smallest schema with one of everything, and each way to change it that somebody would notice.
MADE_UP: dict[str, Any] = {
    "properties": {
        "type": {"const": "cup.filled.v1", "type": "string"},
        "size": {"enum": ["small", "large"], "type": "string"},
        "drink": {"type": "string", "minLength": 1, "maxLength": 20, "pattern": "^[a-z]*$"},
        "sugar": {"type": "integer", "minimum": 0, "maximum": 5},
        "at": {"type": "string", "format": "date-time"},
        "for": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "with": {"type": "array", "items": {"$ref": "#/$defs/Cake"}, "maxItems": 3},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}, "propertyNames": {"maxLength": 9}},
    },
    "required": ["type", "size", "drink"],
    "type": "object",
    "$defs": {"Cake": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 9}}, "required": ["name"]}},
}
Change = Callable[[dict[str, Any]], object]
FORWARD, BACKWARD = "(old readers, new events)", "(new readers, old events)"
BREAKS: dict[str, tuple[Change, set[str]]] = {
    "a field that is gone": (lambda s: s["properties"].pop("sugar"), {FORWARD}),
    "a field that may be left out": (lambda s: s["required"].remove("drink"), {FORWARD}),
    "a field that must be there": (lambda s: s["required"].append("sugar"), {BACKWARD}),
    "a new field that must be there": (
        lambda s: (s["properties"].update(milk={"type": "boolean"}), s["required"].append("milk")),
        {BACKWARD},
    ),
    "another type": (lambda s: s["properties"]["sugar"].update(type="string"), {FORWARD, BACKWARD}),
    "another name": (lambda s: s["properties"]["type"].update(const="cup.filled.v2"), {FORWARD, BACKWARD}),
    "one value more": (lambda s: s["properties"]["size"]["enum"].append("huge"), {FORWARD}),
    "one value less": (lambda s: s["properties"]["size"]["enum"].remove("small"), {BACKWARD}),
    "any value": (lambda s: s["properties"]["size"].pop("enum"), {FORWARD}),
    "counted values": (lambda s: s["properties"]["drink"].update(enum=["tea"]), {BACKWARD}),
    "a longer text": (lambda s: s["properties"]["drink"].update(maxLength=21), {FORWARD}),
    "a shorter text": (lambda s: s["properties"]["drink"].update(maxLength=19), {BACKWARD}),
    "an empty text": (lambda s: s["properties"]["drink"].pop("minLength"), {FORWARD}),
    "a text of two at least": (lambda s: s["properties"]["drink"].update(minLength=2), {BACKWARD}),
    "a text bounded in bytes": (lambda s: s["properties"]["drink"].update({"x-max-bytes": 20}), {BACKWARD}),
    "another pattern": (lambda s: s["properties"]["drink"].update(pattern="^[a-y]*$"), {FORWARD, BACKWARD}),
    "no pattern": (lambda s: s["properties"]["drink"].pop("pattern"), {FORWARD}),
    "a pattern": (lambda s: s["properties"]["for"]["anyOf"][0].update(pattern="^[a-z]*$"), {BACKWARD}),
    "a larger number": (lambda s: s["properties"]["sugar"].update(maximum=6), {FORWARD}),
    "a smaller number": (lambda s: s["properties"]["sugar"].update(maximum=4), {BACKWARD}),
    "a number below": (lambda s: s["properties"]["sugar"].update(minimum=-1), {FORWARD}),
    "no number below": (lambda s: s["properties"]["sugar"].update(minimum=1), {BACKWARD}),
    "no format": (lambda s: s["properties"]["at"].pop("format"), {FORWARD}),
    "a format": (lambda s: s["properties"]["drink"].update(format="uuid"), {BACKWARD}),
    "null where there was always something": (
        lambda s: s["properties"].update(drink={"anyOf": [s["properties"]["drink"], {"type": "null"}]}),
        {FORWARD},
    ),
    "more of a list": (lambda s: s["properties"]["with"].update(maxItems=4), {FORWARD}),
    "less of a list": (lambda s: s["properties"]["with"].update(maxItems=2), {BACKWARD}),
    "other things in a list": (lambda s: s["properties"]["with"].update(items={"type": "string"}), {FORWARD, BACKWARD}),
    "less of a part": (lambda s: s["$defs"]["Cake"]["properties"].pop("name"), {FORWARD}),
    "a longer text in a part": (lambda s: s["$defs"]["Cake"]["properties"]["name"].update(maxLength=10), {FORWARD}),
    "a shorter text in a part": (lambda s: s["$defs"]["Cake"]["properties"]["name"].update(maxLength=8), {BACKWARD}),
    "other things in a map": (
        lambda s: s["properties"]["labels"].update(additionalProperties={"type": "integer"}),
        {FORWARD, BACKWARD},
    ),
    "anything in a map": (lambda s: s["properties"]["labels"].pop("additionalProperties"), {FORWARD}),
    "longer names in a map": (lambda s: s["properties"]["labels"].update(propertyNames={"maxLength": 10}), {FORWARD}),
    "shorter names in a map": (lambda s: s["properties"]["labels"].update(propertyNames={"maxLength": 8}), {BACKWARD}),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_gate_bites(name: str) -> None:
    change, directions = BREAKS[name]
    changed = copy.deepcopy(MADE_UP)
    change(changed)
    found = breaking_changes(MADE_UP, changed)
    assert {direction for direction in (FORWARD, BACKWARD) if any(direction in problem for problem in found)} == directions, found


HARMLESS: dict[str, Change] = {
    "a new field": lambda s: s["properties"].update(milk={"type": "boolean"}),
    "a new field of a part": lambda s: s["$defs"]["Cake"]["properties"].update(sweet={"type": "boolean"}),
    "other words for people": lambda s: s["properties"]["size"].update(description="How large.", title="Size", examples=["small"]),
    "one known word more": lambda s: s["properties"]["drink"].update({"x-known-values": ["tea"]}),
    "a field that is marked as personal": lambda s: s["properties"]["for"].update({"x-personal": True}),
    "no null for what may be left out": lambda s: s["properties"].update({"for": {"type": "string"}}),
    "another name of a part": lambda s: (
        s["$defs"].update(Pastry=s["$defs"].pop("Cake")),
        s["properties"]["with"].update(items={"$ref": "#/$defs/Pastry"}),
    ),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_the_gate_lets_through(name: str) -> None:
    changed = copy.deepcopy(MADE_UP)
    HARMLESS[name](changed)
    assert breaking_changes(MADE_UP, changed) == []


def test_what_was_published_twice_before_counts_as_what_was_published_last(tmp_path: Path) -> None:
    """A field that went and came back as something else: the last version does not know it, an older one does."""
    older = copy.deepcopy(schema(TicketOpenedV1))
    older["properties"]["colour"] = {"type": "integer"}
    folder = tmp_path / "ticket.opened.v1"
    folder.mkdir()
    for name, kept in (("older", older), ("last", schema(TicketOpenedV1))):
        (folder / f"schema-{name}.json").write_text(json.dumps(kept))
    assert [problem for problem in History(tmp_path).problems() if "colour: is gone" in problem and "schema-older" in problem]


def test_an_event_that_is_gone_is_missed(tmp_path: Path) -> None:
    (tmp_path / "cup.filled.v1").mkdir()
    assert History(tmp_path).problems() == ["cup.filled.v1: no model reads it any more"]


def test_a_version_that_is_not_kept_is_missed(tmp_path: Path) -> None:
    assert len([name for name in differences(VERSION, ASYNCAPI, History(tmp_path)) if name.startswith("ticket.opened.v1/")]) == 2
