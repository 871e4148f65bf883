"""The AsyncAPI 3.1 document: one channel a topic, one message a type, with the golden examples."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.tools.schemas import Json, example, schema
from deskstream_contracts.topics import TOPICS, Topic
from deskstream_contracts.wire import Event

_BINDING = "0.5.0"


def asyncapi(version: str) -> Json:
    """The whole document; `version` is that of the contracts."""
    messages: Json = {}
    schemas: Json = {}
    for event in EVENTS:
        name = event.event_type()
        document = schema(event)
        schemas |= document.pop("$defs", {})
        del document["$schema"], document["$id"]
        schemas[name] = document
        messages[name] = _message(event)
    whole: Json = {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Deskstream events",
            "version": version,
            "description": "Every business event, as CloudEvents 1.0 in Kafka binary content mode.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:8420",
                "protocol": "kafka",
                "description": "The Kafka of `./desk up`. docs/subscribing.md says how to reach that of Compose and of a cluster.",
            }
        },
        "channels": {_identifier(topic): _channel(topic) for topic in TOPICS},
        "operations": {
            f"hear_{_identifier(topic)}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{_identifier(topic)}"},
                "summary": topic.description,
            }
            for topic in TOPICS
        },
        "components": {"messages": messages, "schemas": {"cloudEventHeaders": _headers(), **schemas}},
    }
    rewritten: Json = _with_component_references(whole)
    return rewritten


def summary(event: type[Event]) -> str:
    """The first line of what an event says about itself."""
    return (event.__doc__ or "").strip().split("\n")[0]


def _identifier(topic: Topic) -> str:
    return topic.name.replace(".", "_")


def _key_type(event: type[Event]) -> object:
    model: type[BaseModel] = event
    *path, name = event.key_path.split(".")
    for part in path:
        found = model.model_fields[part].annotation
        assert isinstance(found, type)
        assert issubclass(found, BaseModel)
        model = found
    return model.model_fields[name].annotation


def _message(event: type[Event]) -> Json:
    name = event.event_type()
    said = example(event)
    about = {"description": f"The {event.topic.key}: `{event.key_path}` of the data."}
    key = {"type": "string", **({"format": "uuid"} if _key_type(event) is UUID else {}), **about}
    return {
        "name": name,
        "title": name,
        "summary": summary(event),
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/cloudEventHeaders"},
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": _BINDING}},
        "examples": [{"name": "golden", "headers": _example_headers(event, said), "payload": said}],
    }


def _channel(topic: Topic) -> Json:
    names = [event.event_type() for event in EVENTS if event.topic is topic]
    return {
        "address": topic.name,
        "description": f"{topic.description} Key: {topic.key}. Only {topic.owner} publishes here.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": _configuration(topic),
                "bindingVersion": _BINDING,
            }
        },
        "x-owner": topic.owner,
        "x-consumers": list(topic.consumers),
        "x-key": topic.key,
        "x-topic-configuration": topic.config(),
    }


def _configuration(topic: Topic) -> Json:
    """What the Kafka binding knows of a topic's configuration: a list of policies, and numbers."""
    config = topic.config()
    known: Json = {"cleanup.policy": [config["cleanup.policy"]]}
    if "retention.ms" in config:
        known["retention.ms"] = int(config["retention.ms"])
    return known


def _example_headers(event: type[Event], said: Json) -> Json:
    read = event.model_validate(said)
    headers = {
        "ce_specversion": "1.0",
        "ce_id": "0197a1c0-0000-7000-8000-0000000000e1",
        "ce_type": event.event_type(),
        "ce_source": f"/deskstream/{event.topic.owner}",
        "ce_subject": read.key(),
        "ce_time": "2026-03-02T09:15:31.250000+00:00",
        "ce_dataschema": f"deskstream:{event.event_type()}",
        "ce_correlationid": "0197a1c0-0000-7000-8000-000000000001",
        "ce_causationid": "0197a1c0-0000-7000-8000-0000000000e0",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    sequence = read.sequence()
    return headers if sequence is None else headers | {"ce_sequence": str(sequence)}


def _headers() -> Json:
    def text(description: str, **more: str) -> Json:
        return {"type": "string", **more, "description": description}

    return {
        "type": "object",
        "description": "The attributes of CloudEvents 1.0, as headers of the record (UTF-8).",
        "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time"],
        "properties": {
            "ce_specversion": {"const": "1.0", "description": "The version of CloudEvents."},
            "ce_id": text("The same on every delivery: handle each once.", format="uuid"),
            "ce_type": text("The name and version of the event, as `type` in its data."),
            "ce_source": text("Who tells it: /deskstream/<owner of the topic>.", format="uri-reference"),
            "ce_subject": text("What it is about: the key of the record."),
            "ce_time": text("When it was recorded (RFC 3339, UTC).", format="date-time"),
            "ce_dataschema": text("The `$id` of the schema of its data.", format="uri"),
            "ce_sequence": text("The aggregate's version: ignore a state older than yours. Flows have none."),
            "ce_correlationid": text("One for all that follows from one thing received."),
            "ce_causationid": text("ce_id of the event that caused this one; left out where none did."),
            "traceparent": text("W3C Trace Context."),
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
