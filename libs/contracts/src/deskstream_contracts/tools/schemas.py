"""JSON Schemas of events, made of their models in the one form in which they are published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import deskstream_contracts
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.tools.compatibility import portable, without_null
from deskstream_contracts.wire import Event

PACKAGE = Path(deskstream_contracts.__file__).parent
SCHEMAS = PACKAGE / "schemas"
EXAMPLES = PACKAGE / "examples"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
Json = dict[str, Any]


def schema(event: type[Event]) -> Json:
    """The JSON Schema (2020-12) of an event's data, as a subscriber may rely on it: what is always there is required.

    What is nothing is left out and never null, so an optional field is plainly optional.
    """
    document = _published(event.model_json_schema(mode="validation"))
    return {"$schema": DIALECT, "$id": f"deskstream:{event.event_type()}", **document}


def bundle() -> Json:
    """One JSON Schema of all events, with each part of them once: what generators of code are given.

    A reference stands alone in it: with a description beside it some generators make another type for each place.
    """
    parts: Json = {}
    events: Json = {}
    for event in EVENTS:
        document = schema(event)
        parts |= document.pop("$defs", {})
        del document["$schema"], document["$id"]
        events[event.__name__] = document
    return {
        "$schema": DIALECT,
        "$id": "deskstream:events",
        "title": "DeskstreamEvent",
        "description": "Any event of Deskstream: `type` says which.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in events],
        "$defs": _alone(parts | events),
    }


def example(event: type[Event]) -> Json:
    """The golden example of an event, as committed."""
    loaded: Json = json.loads((EXAMPLES / f"{event.event_type()}.json").read_text())
    return loaded


def _alone(value: Any) -> Any:
    if isinstance(value, list):
        return [_alone(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {"$ref": value["$ref"]} if "$ref" in value else {key: _alone(item) for key, item in value.items()}


def _published(value: Any) -> Any:
    if isinstance(value, list):
        return [_published(item) for item in value]
    if not isinstance(value, dict):
        return value
    shaped = {key: _published(item) for key, item in value.items()}
    if isinstance(value.get("pattern"), str):
        shaped["pattern"] = portable(value["pattern"])
    if isinstance(value.get("properties"), dict):
        fields = {name: _field(held, name in value.get("required", ())) for name, held in shaped["properties"].items()}
        # A constant has a default in the model, so that nobody has to write it; on the wire it always is.
        constants = [name for name, held in fields.items() if "const" in held]
        shaped["properties"] = fields
        shaped["required"] = [*constants, *value.get("required", ())]
    return shaped


def _field(schema: Json, required: bool) -> Json:
    shaped = schema if required else without_null(schema)
    # A title that pydantic makes of the field's name tells nobody anything, and generators name types by it.
    return {key: item for key, item in shaped.items() if key not in ("title", "default")}
