"""What the contract library publishes beside its models: JSON Schemas, the AsyncAPI document, and the compatibility gate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import deskstream_contracts
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.topics import TOPICS
from deskstream_contracts.wire import Event

PACKAGE = Path(deskstream_contracts.__file__).parent
SCHEMAS = PACKAGE / "schemas"
EXAMPLES = PACKAGE / "examples"
Json = dict[str, Any]


def schema(event: type[Event]) -> Json:
    """The JSON Schema (2020-12) of an event's data, as a consumer may rely on it: what is always written is required."""
    document = event.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"deskstream:{event.event_type()}", **document}


def asyncapi(version: str) -> Json:
    """The AsyncAPI 3.1 document: one channel a topic, one message a type, with the golden examples."""
    messages: Json = {}
    schemas: Json = {}
    channels: Json = {}
    operations: Json = {}
    for event in EVENTS:
        name = event.event_type()
        document = schema(event)
        for part, definition in document.pop("$defs", {}).items():
            schemas[part] = definition
        for key in ("$schema", "$id"):
            document.pop(key)
        schemas[name] = document
        messages[name] = {
            "name": name,
            "title": name,
            "summary": (event.__doc__ or "").strip().split("\n")[0],
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/cloudEventHeaders"},
            "payload": {"$ref": f"#/components/schemas/{name}"},
            "examples": [{"name": "golden", "payload": example(event)}],
        }
    for topic in TOPICS:
        names = [e.event_type() for e in EVENTS if e.topic is topic]
        identifier = topic.name.replace(".", "_")
        channels[identifier] = {
            "address": topic.name,
            "description": f"{topic.description} Key: {topic.key}. Only {topic.owner} publishes here.",
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
            "bindings": {"kafka": {"topic": topic.name, "partitions": topic.partitions, "bindingVersion": "0.5.0"}},
            "x-owner": topic.owner,
            "x-key": topic.key,
            "x-topic-configuration": topic.config(),
        }
        operations[f"hear_{identifier}"] = {"action": "receive", "channel": {"$ref": f"#/channels/{identifier}"}}
    whole: Json = {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Deskstream events",
            "version": version,
            "description": "Every business event, as CloudEvents 1.0 in Kafka binary content mode.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"cloudEventHeaders": _headers(), **schemas}},
    }
    rewritten: Json = _with_component_references(whole)
    return rewritten


def _headers() -> Json:
    text = {"type": "string"}
    return {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time"],
        "properties": {
            "ce_specversion": {"const": "1.0"},
            "ce_id": {"type": "string", "format": "uuid", "description": "The same on every delivery: handle each once."},
            "ce_type": text,
            "ce_source": {"type": "string", "format": "uri-reference"},
            "ce_subject": text,
            "ce_time": {"type": "string", "format": "date-time"},
            "ce_dataschema": {"type": "string", "format": "uri"},
            "ce_sequence": {"type": "string", "description": "The aggregate's version: ignore a state older than yours."},
            "ce_correlationid": {"type": "string", "description": "One for all that follows from one thing received."},
            "ce_causationid": {"type": "string", "description": "ce_id of the event that caused this one."},
            "traceparent": {"type": "string", "description": "W3C Trace Context."},
        },
    }


def _with_component_references(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: item.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _with_component_references(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_with_component_references(item) for item in value]
    return value


def example(event: type[Event]) -> Json:
    """The golden example of an event, as committed."""
    loaded: Json = json.loads((EXAMPLES / f"{event.event_type()}.json").read_text())
    return loaded


def breaking_changes(old: Json, new: Json) -> list[str]:
    """Why readers of the old schema could not read what the new one writes; empty where they can.

    Old readers must be able to read new events: nothing they rely on may go, change its type, or take values they do not know.
    """
    return _compare(old, new, old, new, "#")


def _compare(old: Any, new: Any, old_root: Json, new_root: Json, path: str) -> list[str]:
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    if "anyOf" in old or "anyOf" in new:
        return _compare_alternatives(old, new, old_root, new_root, path)
    problems = []
    if old.get("type") != new.get("type"):
        problems.append(f"{path}: type was {old.get('type')}, is {new.get('type')}")
    if "const" in old and old["const"] != new.get("const"):
        problems.append(f"{path}: was always {old['const']!r}, is {new.get('const', 'anything')!r}")
    if "enum" in old and (unknown := set(new.get("enum", ["anything"])) - set(old["enum"])):
        problems.append(f"{path}: may now be {', '.join(sorted(map(str, unknown)))}, which old readers do not know")
    if old.get("format") != new.get("format"):
        problems.append(f"{path}: format was {old.get('format')}, is {new.get('format')}")
    problems += _loosened(old, new, path)
    problems += _compare_properties(old, new, old_root, new_root, path)
    for keyword in ("items", "additionalProperties"):
        if isinstance(old.get(keyword), dict):
            if isinstance(new.get(keyword), dict):
                problems += _compare(old[keyword], new[keyword], old_root, new_root, f"{path}/{keyword}")
            else:
                problems.append(f"{path}/{keyword}: had a schema, has none")
    return problems


def _loosened(old: Json, new: Json, path: str) -> list[str]:
    problems = []
    for keyword, tighter in (("minimum", 1), ("minLength", 1), ("maximum", -1), ("maxLength", -1)):
        if keyword in old and (keyword not in new or (new[keyword] - old[keyword]) * tighter < 0):
            problems.append(f"{path}: {keyword} was {old[keyword]}, is {new.get(keyword, 'none')}")
    if "pattern" in old and old["pattern"] != new.get("pattern"):
        problems.append(f"{path}: pattern was {old['pattern']}, is {new.get('pattern', 'none')}")
    return problems


def _compare_properties(old: Json, new: Json, old_root: Json, new_root: Json, path: str) -> list[str]:
    problems = []
    for name, before in old.get("properties", {}).items():
        here = f"{path}/{name}"
        after = new.get("properties", {}).get(name)
        if after is None:
            problems.append(f"{here}: is gone")
            continue
        if name in old.get("required", []) and name not in new.get("required", []):
            problems.append(f"{here}: was always there, may now be left out")
        problems += _compare(before, after, old_root, new_root, here)
    return problems


def _compare_alternatives(old: Json, new: Json, old_root: Json, new_root: Json, path: str) -> list[str]:
    before, after = old.get("anyOf", [old]), new.get("anyOf", [new])
    return [
        f"{path}: may now be something that old readers do not know: {json.dumps(alternative)[:80]}"
        for alternative in after
        if all(_compare(known, alternative, old_root, new_root, path) for known in before)
    ]


def _resolve(value: Json, root: Json) -> Json:
    while "$ref" in value:
        value = root["$defs"][value["$ref"].rpartition("/")[2]]
    return value


def write(version: str, asyncapi_path: Path) -> list[str]:
    """Writes the schemas and the AsyncAPI document anew, unless a change would break old readers. Returns why not."""
    problems = [
        f"{event.event_type()} {problem}"
        for event in EVENTS
        if (path := SCHEMAS / f"{event.event_type()}.json").exists()
        for problem in breaking_changes(json.loads(path.read_text()), schema(event))
    ]
    if problems:
        return problems
    for event in EVENTS:
        (SCHEMAS / f"{event.event_type()}.json").write_text(_text(schema(event)))
    asyncapi_path.write_text(_text(asyncapi(version)))
    return []


def differences(version: str, asyncapi_path: Path) -> list[str]:
    """What is committed and is not what the models say."""
    wrong = [
        f"schemas/{event.event_type()}.json"
        for event in EVENTS
        if not (path := SCHEMAS / f"{event.event_type()}.json").exists() or path.read_text() != _text(schema(event))
    ]
    wrong += [f"schemas/{p.name} belongs to no event" for p in SCHEMAS.glob("*.json") if p.stem not in _names()]
    if not asyncapi_path.exists() or asyncapi_path.read_text() != _text(asyncapi(version)):
        wrong.append(asyncapi_path.name)
    return wrong


def _names() -> set[str]:
    return {event.event_type() for event in EVENTS}


def _text(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
