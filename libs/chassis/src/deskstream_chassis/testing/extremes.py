"""Values at the edge of what a JSON Schema allows, and beyond it: what strangers send, and colleagues who paste."""

import random
from typing import Any, Final

_ALPHABETS: Final = (
    "😀",
    '"',
    "\\",
    "ü",
    "e\u0301",
    "\u202e",
    "\u2028",
    "'; --",
    "<b>",
    "%s{0}",
    "a",
    "ß",
    " ",
    "\u0130",
    "{{x}}",
    "=",
)
_BEYOND: Final[tuple[Any, ...]] = (
    "\0", "a\x1fb", "\r\n", "\x85", "x" * 70_000, "", " ", -1, 2**63, 10**40, 1e308, True, None, [], {}, [[]], {"a": {}},
    ["x"] * 200, {"\0": "\0"}, {str(n): "y" * 3000 for n in range(120)}, "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00",
    "a\0b@c.example", "ü@bücher.example", "0" * 36,
)  # fmt: skip
_SHA256: Final = r"^[0-9a-f]{64}$"
_WORD_CHARACTERS: Final = 100
_NAME_CHARACTERS: Final = 20


def text(chance: random.Random, longest: int) -> str:
    """A text of an odd alphabet, mostly short, at times as long as may be."""
    length = chance.choice((0, 1, min(7, longest), longest))
    return (chance.choice(_ALPHABETS) * length)[:length]


def value(schema: dict[str, Any], definitions: dict[str, Any], chance: random.Random, beyond: float = 0.0) -> Any:
    """A value of a schema, at its edges; each part of it is beyond them with the probability `beyond`."""
    if chance.random() < beyond:
        return chance.choice(_BEYOND)
    if "$ref" in schema:
        return value(definitions[schema["$ref"].rpartition("/")[2]], definitions, chance, beyond)
    if "const" in schema or "enum" in schema:
        return chance.choice(schema.get("enum", [schema.get("const")]))
    for alternatives in ("anyOf", "oneOf"):
        if alternatives in schema:
            return value(chance.choice(schema[alternatives]), definitions, chance, beyond)
    match schema.get("type"):
        case "string":
            return _string(schema, chance)
        case "integer" | "number":
            low, high = int(schema.get("minimum", schema.get("exclusiveMinimum", 0))), int(schema.get("maximum", 2**31 - 1))
            return chance.choice((low, low + 1, high))
        case "boolean":
            return chance.random() < 0.5
        case "null":
            return None
        case "array":
            least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", 3))
            count = chance.choice((least, min(least + 1, most), min(most, 120)))
            return [value(schema.get("items", {}), definitions, chance, beyond) for _ in range(count)]
        case "object":
            return _object(schema, definitions, chance, beyond)
        case _:
            return chance.choice(_BEYOND)


def _string(schema: dict[str, Any], chance: random.Random) -> str:
    match schema.get("format"):
        case "uuid":
            return f"{chance.getrandbits(128):032x}"
        case "email":
            return f"{text(chance, 3).strip() or 'a'}{chance.getrandbits(32)}@example.com"
        case "date-time":
            return chance.choice(("2026-03-02T09:15:30Z", "2026-03-29T02:30:00+01:00", "1970-01-01T00:00:00Z"))
    if "x-known-values" in schema:
        return str(chance.choice(schema["x-known-values"]))
    if schema.get("pattern") == _SHA256:
        return f"{chance.getrandbits(256):064x}"
    found = text(chance, int(schema.get("x-max-bytes", 4 * schema.get("maxLength", _WORD_CHARACTERS))) // 4)
    return found.ljust(int(schema.get("minLength", 0)), "x")


def _object(schema: dict[str, Any], definitions: dict[str, Any], chance: random.Random, beyond: float) -> Any:
    required = schema.get("required", ())
    if "properties" in schema:
        named = {
            name: value(held, definitions, chance, beyond)
            for name, held in schema["properties"].items()
            if name in required or chance.random() < 0.7
        }
        return {**named, "unknown": 1} if chance.random() < beyond else named
    held = schema.get("additionalProperties")
    count = chance.choice((0, 1, 4))
    values = held if isinstance(held, dict) else {}
    longest = int(schema.get("propertyNames", {}).get("maxLength", _NAME_CHARACTERS))
    names = (f"{n:02}{text(chance, longest)}"[:longest] for n in range(count))
    return {name: value(values, definitions, chance, beyond) for name in names}
