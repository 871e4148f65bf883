"""Every event is bounded by its own types: whatever stands in its fields, a broker takes it and everybody behind can keep it."""

from typing import Any

import pytest

from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.wire import MAX_EVENT_BYTES, Event

_FORMATS = {"uuid": 36, "date-time": 40}
_NUMBER = 24
_A_CHARACTER = 4  # bytes at most in UTF-8
_ESCAPED = 2  # JSON doubles quotation marks, backslashes, tabs and line feeds


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event_type())
def test_the_largest_possible_event_fits_into_a_record(event: type[Event]) -> None:
    schema = event.model_json_schema()
    assert _largest(schema, schema.get("$defs", {}), event.event_type()) <= MAX_EVENT_BYTES


def _largest(schema: dict[str, Any], definitions: dict[str, Any], where: str) -> int:
    """Bytes of the largest JSON that a schema allows. Fails for what has no bound."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _largest(definitions[name], definitions, f"{where}:{name}")
    if "const" in schema or "enum" in schema:
        return max(len(str(value)) for value in schema.get("enum", [schema.get("const")])) + 2
    if "anyOf" in schema:
        return max(_largest(one, definitions, where) for one in schema["anyOf"])
    match schema["type"]:
        case "string":
            if "format" in schema:
                return _FORMATS[schema["format"]] + 2
            assert "pattern" in schema, f"{where}: a text that may have control characters"
            assert "maxLength" in schema, f"{where}: a text without a bound"
            if "x-max-bytes" in schema:
                return int(schema["x-max-bytes"]) * _ESCAPED + 2
            return int(schema["maxLength"]) * _A_CHARACTER + 2
        case "integer" | "number":
            return _NUMBER
        case "boolean" | "null":
            return len("false")
        case "array":
            assert "maxItems" in schema, f"{where}: a list without a bound"
            most = int(schema["maxItems"]) * (_largest(schema["items"], definitions, where) + 1) + 2
            return min(most, int(schema.get("x-max-characters", most)) * _A_CHARACTER)
        case "object" if "properties" in schema:
            fields = schema["properties"].items()
            return sum(len(name) + 4 + _largest(held, definitions, f"{where}.{name}") for name, held in fields) + 2
        case "object":
            assert "maxProperties" in schema, f"{where}: a map without a bound"
            assert "maxLength" in schema["propertyNames"], f"{where}: a map of names without a bound"
            held = schema["additionalProperties"]
            count = int(schema["maxProperties"])
            most = count * (_A_CHARACTER * int(schema["propertyNames"]["maxLength"]) + _largest(held, definitions, where))
            if "x-max-characters" in schema:
                most = min(most, int(schema["x-max-characters"]) * _A_CHARACTER)
            return most + count * 6
        case other:
            raise AssertionError(f"{where}: nobody knows how large a {other} is")
