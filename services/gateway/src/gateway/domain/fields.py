"""Custom fields as they are shown: what is defined of each, and its value; and as the read model has them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeVar, cast, get_args

from deskstream_chassis.fields import text_of, value_of
from deskstream_chassis.refusals import Invalid, pointer
from deskstream_contracts.documents import Document
from deskstream_contracts.events.settings import FieldDefinition, FieldDefinitions

D = TypeVar("D", bound=FieldDefinitions)
DETAIL: Final = "detail"


class Defined(Protocol):
    """Knows which custom fields are defined."""

    def of(self, document: Document[D]) -> D:
        """What a document defines, as far as it was heard of."""
        ...


def entries(defined: FieldDefinitions, held: Mapping[str, str], where: str) -> list[dict[str, Any]]:
    """The fields that are shown in a place, in their order, with a value or without; of what is retired, only a value that is
    there. With the rest of something (`detail`) also what it has and nobody has defined."""
    return list(_entries(defined, held, where))


def _entries(defined: FieldDefinitions, held: Mapping[str, str], where: str) -> Iterator[dict[str, Any]]:
    for field in defined.fields:
        text = held.get(field.key)
        if where in field.shown and (field.active or text is not None):
            value = None if text is None else value_of(field, text)
            yield {"key": field.key, "kind": field.kind, "names": field.names, "value": value, "text": text}
    if where == DETAIL:
        known = {field.key for field in defined.fields}
        for key in sorted(held.keys() - known):
            yield {"key": key, "kind": None, "names": {}, "value": held[key], "text": held[key]}


def searchable(texts: Mapping[str, str]) -> dict[str, str | list[str]]:
    """Values as the read model has them beside a ticket: several ids (of a field of several choices) as a list, so that one of
    them can be looked for."""
    return {key: _ids(text) or text for key, text in texts.items()}


def texts_of(found: Mapping[str, str | list[str]]) -> dict[str, str]:
    """The texts that these were made of."""
    return {key: value if isinstance(value, str) else _text(value) for key, value in found.items()}


Comparison = Literal["gte", "gt", "lte", "lt"]
COMPARED: Final = ("number", "date")


@dataclass(frozen=True, slots=True)
class FieldFilter:
    """What is asked of a custom field: that it has a value (`has`, as the read model has it), or how it compares with one."""

    key: str
    has: str | list[str] | None = None
    kind: str = "text"
    compares: Comparison | None = None
    with_text: str = ""


def field_filters(asked: Mapping[str, Sequence[str]], defined: FieldDefinitions) -> list[FieldFilter]:
    """`cost` has a value, `cost.gte` compares with one; of one that nobody has defined, a text is looked for. Raises Invalid."""
    by_key = {field.key: field for field in defined.fields}
    return [_filter(name, value, by_key) for name, values in asked.items() for value in values]


def _filter(name: str, value: str, by_key: Mapping[str, FieldDefinition]) -> FieldFilter:
    def refuse(detail: str) -> Invalid:
        return Invalid(detail, pointer=pointer("query", f"field.{name}"))

    field = by_key.get(name)
    key, _, comparison = name.rpartition(".")
    if field is None and comparison in get_args(Comparison):
        field = by_key.get(key)
        if field is None or field.kind not in COMPARED:
            raise refuse(f"{key!r} is no field that is defined as a number or a date: it cannot be compared.")
        text = text_of(field, value)
        if text is None:
            raise refuse(f"{key!r} is a {field.kind}, and {value!r} is none.")
        return FieldFilter(key, kind=field.kind, compares=cast("Comparison", comparison), with_text=text)
    if field is None and key in by_key:
        raise refuse(f"{key!r} is compared by {', '.join(get_args(Comparison))}.")
    if field is None:
        return FieldFilter(name, has=searchable({name: value})[name])
    text = text_of(field, json.dumps([value]) if field.kind == "multi_choice" else value)
    if text is None:
        raise refuse(f"{value!r} is no value of {name!r}.")
    return FieldFilter(name, has=searchable({name: text})[name])


def _text(ids: list[str]) -> str:
    return json.dumps(ids, ensure_ascii=False, separators=(",", ":"))


def _ids(text: str) -> list[str] | None:
    """The texts of a list, where this is one in its canonical form; what only looks like one stays a text."""
    if not text.startswith('["'):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        return None
    return found if _text(found) == text else None
