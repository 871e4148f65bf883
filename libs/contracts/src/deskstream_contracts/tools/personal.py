"""Which fields of which events hold what is about a person, or was written by one."""

from __future__ import annotations

from collections.abc import Iterator

from deskstream_contracts.tools.schemas import Json, schema
from deskstream_contracts.wire import Event


def personal_fields(event: type[Event]) -> list[str]:
    """Paths of the fields that are marked (`Personal`), in the order of the schema.

    `participants[]` is each of a list, `values{}` each value of a map.
    """
    return [path for path, field in fields(event) if field.get("x-personal")]


def fields(event: type[Event]) -> Iterator[tuple[str, Json]]:
    """Each field that holds a value by itself, with its path and its JSON Schema."""
    whole = schema(event)
    return _fields(whole, whole.get("$defs", {}), "")


def _fields(value: Json, parts: Json, path: str) -> Iterator[tuple[str, Json]]:
    if "$ref" in value:
        yield from _fields(parts[value["$ref"].rpartition("/")[2]], parts, path)
    elif "properties" in value:
        for name, held in value["properties"].items():
            yield from _fields(held, parts, f"{path}.{name}" if path else name)
    elif value.get("type") == "array":
        yield from _fields(value["items"], parts, f"{path}[]")
    elif isinstance(value.get("additionalProperties"), dict) and not value.get("x-personal"):
        yield from _fields(value["additionalProperties"], parts, f"{path}{{}}")
    else:
        yield path, value
