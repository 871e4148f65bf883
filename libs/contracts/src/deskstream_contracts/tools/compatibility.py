"""The gate: which changes of an event's schema are none that anybody notices.

Events live on: in topics that are compacted, in histories and in backups. So both directions count, over every version there ever
was: whoever knows an old version can read new events, and whoever knows the new one can read old events.
"""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]

# In which direction a bound is the tighter one.
_BOUNDS = {
    "minimum": 1,
    "exclusiveMinimum": 1,
    "minLength": 1,
    "minItems": 1,
    "minProperties": 1,
    "maximum": -1,
    "exclusiveMaximum": -1,
    "maxLength": -1,
    "maxItems": -1,
    "maxProperties": -1,
    "x-max-bytes": -1,
    "x-max-characters": -1,
}
_ANNOTATIONS = frozenset(("$id", "$schema", "default", "description", "examples", "title", "x-known-values", "x-personal"))


def breaking_changes(old: Json, new: Json) -> list[str]:
    """Why a schema cannot follow another; empty where it can."""
    old, new = normal(old), normal(new)
    forward = [f"{problem} (old readers, new events)" for problem in _gone(old, new, old, new, "#") + unreadable(new, old)]
    return forward + [f"{problem} (new readers, old events)" for problem in unreadable(old, new)]


def unreadable(written: Json, read: Json) -> list[str]:
    """Why something that keeps to the schema `written` might not be taken by whoever goes by the schema `read`.

    Fields that the reader does not know are passed by.
    """
    return _compare(written, read, written, read, "#")


def normal(schema: Json) -> Json:
    """A schema without what says nothing of what is valid, in one form: nothing is ever written as null, but left out."""
    shaped: Json = _normal(schema)
    return shaped


def _normal(value: Any) -> Any:
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if not isinstance(value, dict):
        return value
    shaped = {key: _normal(item) for key, item in value.items() if key not in _ANNOTATIONS}
    if isinstance(value.get("pattern"), str):
        shaped["pattern"] = portable(value["pattern"])
    if isinstance(value.get("properties"), dict):
        # Names of fields are no keywords: one may be called `title`.
        fields = {name: _normal(held) for name, held in value["properties"].items()}
        required = {*value.get("required", ()), *(name for name, held in fields.items() if "const" in held)}
        shaped["properties"] = {name: held if name in required else without_null(held) for name, held in fields.items()}
        shaped["required"] = sorted(required)
    return shaped


def portable(pattern: str) -> str:
    """A pattern as every language can read it: that of Go has no `\\u`. No text has noncharacters all the same."""
    return pattern.replace(r"\ufffe\uffff", "")


def without_null(schema: Json) -> Json:
    """The schema of a field where it is there: the alternative of null is left away."""
    alternatives = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(alternatives) == len(schema.get("anyOf", ())):
        return schema
    rest = {key: item for key, item in schema.items() if key != "anyOf"}
    return {**alternatives[0], **rest} if len(alternatives) == 1 else {**rest, "anyOf": alternatives}


def _compare(written: Json, read: Json, written_root: Json, read_root: Json, path: str) -> list[str]:
    written, read = _resolved(written, written_root), _resolved(read, read_root)
    if "anyOf" in written or "anyOf" in read:
        known = read.get("anyOf", [read])
        return [
            f"{path}: may be something that readers do not know: {json.dumps(one)[:80]}"
            for one in written.get("anyOf", [written])
            if all(_compare(one, alternative, written_root, read_root, path) for alternative in known)
        ]
    problems = []
    if written.get("type") != read.get("type"):
        problems.append(f"{path}: is a {written.get('type')} to who writes and a {read.get('type')} to who reads")
    problems += _unknown_values(written, read, path)
    problems += _unbounded(written, read, path)
    for name, field in read.get("properties", {}).items():
        here = f"{path}/{name}"
        if name in read.get("required", ()) and name not in written.get("required", ()):
            problems.append(f"{here}: may be left out, and readers need it")
        if name in written.get("properties", {}):
            problems += _compare(written["properties"][name], field, written_root, read_root, here)
    for keyword in ("items", "additionalProperties", "propertyNames"):
        if isinstance(read.get(keyword), dict):
            if isinstance(written.get(keyword), dict):
                problems += _compare(written[keyword], read[keyword], written_root, read_root, f"{path}/{keyword}")
            else:
                problems.append(f"{path}/{keyword}: may be anything, and readers expect something")
    return problems


def _unknown_values(written: Json, read: Json, path: str) -> list[str]:
    known, possible = _values(read), _values(written)
    if known is None:
        return []
    if possible is None:
        return [f"{path}: may be anything, and readers know {', '.join(sorted(known))} only"]
    return [f"{path}: may be {value}, which readers do not know" for value in sorted(possible - known)]


def _values(schema: Json) -> set[str] | None:
    """The only values there are, as JSON; None where they are not counted up."""
    if "const" in schema:
        return {json.dumps(schema["const"])}
    return {json.dumps(value) for value in schema["enum"]} if "enum" in schema else None


def _unbounded(written: Json, read: Json, path: str) -> list[str]:
    problems = [
        f"{path}: {keyword} is {written.get(keyword, 'none')} to who writes and {read[keyword]} to who reads"
        for keyword, tighter in _BOUNDS.items()
        if keyword in read and (keyword not in written or (written[keyword] - read[keyword]) * tighter < 0)
    ]
    return problems + [
        f"{path}: {keyword} is {written.get(keyword, 'none')} to who writes and {read[keyword]} to who reads"
        for keyword in ("pattern", "format")
        if keyword in read and read[keyword] != written.get(keyword)
    ]


def _gone(old: Json, new: Json, old_root: Json, new_root: Json, path: str) -> list[str]:
    """Fields that are there no more, also optional ones: somebody may stand on what they say."""
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    problems = []
    for name, before in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            problems.append(f"{path}/{name}: is gone")
        else:
            problems += _gone(before, new["properties"][name], old_root, new_root, f"{path}/{name}")
    if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
        problems += _gone(old["items"], new["items"], old_root, new_root, f"{path}/items")
    return problems


def _resolved(schema: Json, root: Json) -> Json:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema
