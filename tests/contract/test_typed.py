"""No operation that is published takes or answers just anything: so clients can be generated of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.applications import application

JSON: Final = "application/json"
OF_ANY_KIND: Final = {"JsonValue", "CloudEvent", "CloudEvent/data"}
"""What is set may be a text, a number, a list: so are its differences. What the stream of events holds, AsyncAPI describes."""


def untyped(schema: dict[str, Any], definitions: dict[str, Any], at: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The places of a JSON Schema at which anything may stand."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name not in seen:
            yield from untyped(definitions[name], definitions, name, seen | {name})
        return
    ways = [one for kind in ("anyOf", "oneOf", "allOf") for one in schema.get(kind, ())]
    for one in ways:
        yield from untyped(one, definitions, at, seen)
    if ways or "enum" in schema or "const" in schema:
        return
    match schema.get("type"):
        case "object":
            for name, held in schema.get("properties", {}).items():
                yield from untyped(held, definitions, f"{at}/{name}", seen)
            entries = schema.get("additionalProperties", "properties" not in schema)
            if entries is True and at not in OF_ANY_KIND:
                yield f"{at}: an object of anything"
            elif isinstance(entries, dict):
                yield from untyped(entries, definitions, f"{at}/*", seen)
        case "array":
            items = [*schema.get("prefixItems", ()), *([schema["items"]] if isinstance(schema.get("items"), dict) else [])]
            for item in items or [{}]:
                yield from untyped(item, definitions, f"{at}/*", seen)
        case "string" | "integer" | "number" | "boolean" | "null":
            return
        case _ if at not in OF_ANY_KIND:
            yield f"{at}: anything"


def of_operation(operation: dict[str, Any], definitions: dict[str, Any], name: str) -> Iterator[str]:
    """The untyped places in the bodies and the successful answers of an operation; files and streams have no places."""
    held = [operation.get("requestBody", {}), *(a for status, a in operation["responses"].items() if status.startswith("2"))]
    for part in held:
        if JSON in part.get("content", {}):
            yield from untyped(part["content"][JSON]["schema"], definitions, name)


def test_no_operation_takes_or_answers_anything(tmp_path: Path) -> None:
    document = application("gateway", tmp_path).openapi()
    definitions = document["components"]["schemas"]
    operations = [(method, path, one) for path, methods in document["paths"].items() for method, one in methods.items()]
    found = {place for method, path, one in operations for place in of_operation(one, definitions, f"{method.upper()} {path}")}
    assert sorted(found) == []


def test_each_list_has_one_shape(tmp_path: Path) -> None:
    document = application("gateway", tmp_path).openapi()
    bare = [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for answer in operation["responses"].values()
        if answer.get("content", {}).get(JSON, {}).get("schema", {}).get("type") == "array"
    ]
    assert bare == []


def test_whatever_is_put_or_patched_takes_the_version_that_was_seen(tmp_path: Path) -> None:
    document = application("gateway", tmp_path).openapi()
    without = [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in ("put", "patch") and "If-Match" not in {parameter["name"] for parameter in operation["parameters"]}
    ]
    assert without == []


def test_each_model_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Two of one name would be published with the names of their modules."""
    assert [name for name in application("gateway", tmp_path).openapi()["components"]["schemas"] if "__" in name] == []


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({}, ["#: anything"]),
        ({"type": "object"}, ["#: an object of anything"]),
        ({"type": "object", "additionalProperties": True, "properties": {}}, ["#: an object of anything"]),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, []),
        ({"type": "object", "properties": {"a": {"type": "array", "items": {}}}}, ["#/a/*: anything"]),
        ({"type": "array"}, ["#/*: anything"]),
        ({"anyOf": [{"$ref": "#/x/Loop"}, {"type": "null"}]}, ["Loop/of: anything"]),
    ],
)
def test_a_place_without_a_type_is_found(schema: dict[str, Any], where: list[str]) -> None:
    loop = {"type": "object", "properties": {"again": {"$ref": "#/x/Loop"}, "of": {}}}
    assert list(untyped(schema, {"Loop": loop}, "#")) == where
