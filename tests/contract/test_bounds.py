"""Whatever a request's body may hold has a bound: how many things, and how long a text; of every service, whoever may ask it."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import FastAPI
from joserfc.jwk import OKPKey

SERVICES: Final = ("ingest_svc", "customer_svc", "ticket_svc", "routing_svc", "sla_svc", "notify_svc", "gateway")
FORMATS: Final = {"uuid", "date", "date-time", "email", "binary"}
"""What has a length of its own (RFC 5321 §4.5.3.1.3 of an address); `binary` is a file, whose size is bounded where it is taken."""
PASSED_ON: Final = "#/components/schemas/JsonObject"
"""A body of which the gateway knows nothing: its owner does, whose own bounds are held here too."""


def application(package: str, folder: Path) -> FastAPI:
    """A service's application, which connects to nothing."""
    settings = importlib.import_module(f"{package}.settings").Settings
    build = importlib.import_module(f"{package}.wiring").build
    key = json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True))
    public = json.dumps(OKPKey.import_key(json.loads(key)).as_dict(private=False))
    own = {
        "database_url": "postgresql+asyncpg://localhost/none",
        "kafka": "localhost:1",
        "internal_public_key": public,
        "internal_private_key": key,
        "domain": "desk.example",
        "reply_secret": "secret",
        "files_secret": "secret",
        "token_secret": "a secret that is long enough for it",
        "journal": folder / "journal",
        **{f"{name}_url": f"http://{name}" for name in ("ingest", "customer", "ticket", "routing", "sla", "notify")},
    }
    app: FastAPI = build(settings(**own), "all").app
    return app


def unbounded(schema: dict[str, Any], definitions: dict[str, Any], at: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """The places of a JSON Schema at which anything of any size may stand."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        if name not in seen:
            yield from unbounded(definitions[name], definitions, at, seen | {name})
        return
    for kind in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(kind, ()):
            yield from unbounded(one, definitions, at, seen)
    if any(word in schema for word in ("anyOf", "oneOf", "allOf", "enum", "const")):
        return
    match schema.get("type"):
        case "string":
            if "maxLength" not in schema and schema.get("format") not in FORMATS:
                yield f"{at}: a text of any length"
        case "array":
            for place, item in enumerate(schema.get("prefixItems", ())):
                yield from unbounded(item, definitions, f"{at}/{place}", seen)
            if "maxItems" not in schema:
                yield f"{at}: a list of any length"
            if isinstance(schema.get("items"), dict):
                yield from unbounded(schema["items"], definitions, f"{at}/*", seen)
        case "object":
            for name, held in schema.get("properties", {}).items():
                yield from unbounded(held, definitions, f"{at}/{name}", seen)
            yield from _unbounded_entries(schema, definitions, at, seen)
        case "integer" | "number" | "boolean" | "null":
            return
        case _:
            yield f"{at}: anything"


def _unbounded_entries(schema: dict[str, Any], definitions: dict[str, Any], at: str, seen: frozenset[str]) -> Iterator[str]:
    """Of an object that has entries with names of any choice."""
    held = schema.get("additionalProperties", False)
    if held is False:
        return
    names = schema.get("propertyNames", {"type": "string"})
    yield from unbounded({"type": "string", **names} if "$ref" not in names else names, definitions, f"{at}/<name>", seen)
    named = definitions[names["$ref"].rsplit("/", 1)[1]] if "$ref" in names else names
    if "maxProperties" not in schema and "enum" not in named:
        yield f"{at}: any number of entries"
    yield from unbounded({} if held is True else held, definitions, f"{at}/*", seen)


def in_bodies(package: str, folder: Path) -> Iterator[str]:
    document = application(package, folder).openapi()
    definitions = document.get("components", {}).get("schemas", {})
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                if package == "gateway" and content["schema"].get("$ref") == PASSED_ON:
                    continue
                yield from unbounded(content["schema"], definitions, f"{method.upper()} {path} ({kind}) #")


@pytest.mark.parametrize("package", SERVICES)
def test_everything_in_a_body_has_a_bound(package: str, tmp_path: Path) -> None:
    assert sorted(set(in_bodies(package, tmp_path))) == []


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({"type": "string"}, ["#: a text of any length"]),
        ({"type": "string", "maxLength": 3}, []),
        ({"type": "array", "items": {"type": "string"}}, ["#: a list of any length", "#/*: a text of any length"]),
        ({"type": "array", "maxItems": 2, "items": {"format": "uuid", "type": "string"}}, []),
        ({"type": "array", "maxItems": 2, "prefixItems": [{"type": "string"}]}, ["#/0: a text of any length"]),
        ({"type": "object", "properties": {"a": {}}}, ["#/a: anything"]),
        (
            {"type": "object", "additionalProperties": True},
            ["#/<name>: a text of any length", "#: any number of entries", "#/*: anything"],
        ),
        (
            {"type": "object", "maxProperties": 3, "additionalProperties": {"type": "integer"}, "propertyNames": {"maxLength": 9}},
            [],
        ),
        ({"type": "object", "additionalProperties": {"type": "integer"}, "propertyNames": {"enum": ["a"]}}, []),
        ({"anyOf": [{"type": "null"}, {"$ref": "#/x/Loop"}]}, ["#/of: a list of any length"]),
    ],
)
def test_a_place_without_a_bound_is_found(schema: dict[str, Any], where: list[str]) -> None:
    loop = {"type": "object", "properties": {"of": {"type": "array", "items": {"$ref": "#/x/Loop"}}}}
    assert list(unbounded(schema, {"Loop": loop}, "#")) == where
