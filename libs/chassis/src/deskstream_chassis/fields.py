"""Custom fields: what a value is as JSON, and the one text that it is kept, told and compared as.

| kind | JSON | text |
|---|---|---|
| text, long_text | a text: on one line, of up to 1,000 characters; of up to 4,000 | the same |
| number | a number of at most 15 digits, which a double holds exactly (IEEE 754) | `-12.5`: plain, without exponent or + |
| date | `"2026-11-28"` (RFC 3339 §5.6, full-date) | the same |
| checkbox | true, false | `true`, `false` |
| choice | the id of an option | the same |
| multi_choice | ids of options, each once | a JSON array of them, in their order |

A text that is there already may be given in place of JSON: whoever writes back what was read changes nothing. All is pure.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, TypeVar, get_args

from deskstream_chassis.documents.retired import retired
from deskstream_chassis.refusals import Invalid, pointer
from deskstream_contracts.commands import FieldValue
from deskstream_contracts.events.settings import FieldDefinition, FieldDefinitions, FieldKind, FieldOption, ShownWhere
from deskstream_contracts.wire import LINE_PATTERN

D = TypeVar("D", bound=FieldDefinitions)
AT: Final = ("custom_fields",)
"""Where in a request values stand, if nothing else is said."""
MOST_DIGITS: Final = 15
_MOST_ON_A_LINE: Final = 1000
_MOST_CHARACTERS: Final = 4000
_LINE: Final = re.compile(LINE_PATTERN)
_NUMBER: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CHECKED: Final = {"true": "true", "on": "true", "false": "false", "off": "false"}
_CHOICES: Final = ("choice", "multi_choice")
_WHAT: Final[Mapping[str, str]] = {
    "text": "a text on one line, of at most 1,000 characters",
    "number": f"a number of at most {MOST_DIGITS} digits",
    "date": "a date as 2026-11-28",
    "checkbox": "true or false",
    "choice": "the id of one of its options",
    "multi_choice": "a list of ids of its options, each once",
}


class NoFieldValue(Invalid):
    """What was given is no value of the field."""

    def __init__(self, key: str, detail: str, at: Sequence[str] = AT) -> None:
        super().__init__(detail, pointer=pointer(*at, key))


class FieldMissing(Invalid):
    """A field has no value where it has to have one."""

    def __init__(self, missing: Sequence[str], at: Sequence[str] = AT) -> None:
        super().__init__(f"A value is required of: {', '.join(missing)}.", pointer=pointer(*at, missing[0]))


def text_of(field: FieldDefinition, value: FieldValue) -> str | None:
    """The text of a value, or of its text; None where it is none of the field's kind. Of a kind that is not known: any text."""
    match field.kind:
        case "number":
            return _number(value)
        case "date":
            return value if isinstance(value, str) and _is_date(value) else None
        case "checkbox":
            text = str(value).lower() if isinstance(value, bool) else value
            return text if isinstance(text, str) and text in ("true", "false") else None
        case "choice":
            return value if isinstance(value, str) and _option(field, value) else None
        case "multi_choice":
            return _choices(field, value)
        case "text":
            return value if isinstance(value, str) and len(value) <= _MOST_ON_A_LINE and _LINE.fullmatch(value) else None
        case _:
            return value if isinstance(value, str) else None


def value_of(field: FieldDefinition, text: str) -> FieldValue | None:
    """The value that a text is read as; None where the field's kind has none such."""
    found = text_of(field, text)
    if not found:
        return None
    match field.kind:
        case "number":
            return float(found) if "." in found else int(found)
        case "checkbox":
            return found == "true"
        case "multi_choice":
            ids: list[str] = json.loads(found)
            return ids
        case _:
            return found


def texts(
    defined: FieldDefinitions, given: Mapping[str, FieldValue | None], present: Mapping[str, str], at: Sequence[str] = AT
) -> dict[str, str]:
    """The texts of what somebody sets, by key; an empty one clears. What is as it is at `present` may stay. Raises NoFieldValue,
    which points to the key below `at`."""
    by_key = {field.key: field for field in defined.fields}
    found = {}
    for key, value in given.items():
        if value is None or value in ("", []):
            found[key] = ""
        elif value == present.get(key):
            found[key] = present[key]
        elif (field := by_key.get(key)) is not None:
            found[key] = _set(field, value, present.get(key, ""), at)
        elif defined.only_defined:
            raise NoFieldValue(key, f"There is no field {key!r}.", at)
        elif isinstance(value, str):
            found[key] = value
        else:
            raise NoFieldValue(key, f"{key!r} is no field that is defined: its value can only be a text.", at)
    return found


def all_texts(
    defined: FieldDefinitions, given: Mapping[str, FieldValue | None], present: Mapping[str, str], at: Sequence[str] = AT
) -> dict[str, str]:
    """The texts of all fields that something has from now on: what is cleared is not among them. Raises NoFieldValue."""
    return {key: text for key, text in texts(defined, given, present, at).items() if text}


def read(defined: FieldDefinitions, written: Mapping[str, str]) -> dict[str, str]:
    """The texts of what came from where nobody can be told: a form, a rule. What is no value of its field stays as it is written;
    what has no field is left out where only defined ones may be set. An option may go by any of its names."""
    by_key = {field.key: field for field in defined.fields}
    found = {}
    for key, text in written.items():
        field = by_key.get(key)
        if field is not None:
            found[key] = text_of(field, text) or _understood(field, text.strip()) or text
        elif not defined.only_defined:
            found[key] = text
    return found


def missing(defined: FieldDefinitions, where: str, held: Mapping[str, str]) -> list[str]:
    """Keys of fields that have to have a value there, and have none."""
    required = (field for field in defined.fields if field.active and where in field.required)
    return [field.key for field in required if value_of(field, held.get(field.key, "")) is None]


def check_required(defined: FieldDefinitions, where: str, held: Mapping[str, str], at: Sequence[str] = AT) -> None:
    """Raises FieldMissing."""
    if found := missing(defined, where, held):
        raise FieldMissing(found, at)


def settled(before: D, wanted: D, places: Collection[str]) -> D:
    """What is put of definitions that are wanted. Fields and options that are left out are retired. `places`: where a field can be
    required. Raises Invalid for what no field can be, and for another kind under a known key."""
    known = {field.key: field for field in before.fields}
    for index, field in enumerate(wanted.fields):
        _check(field, known.get(field.key), places, index)
    kept = [_with_options(field, known.get(field.key)) for field in wanted.fields]
    left_out = retired(before.fields, wanted.fields, lambda field: field.key)
    return type(wanted)(fields=[*kept, *left_out], only_defined=wanted.only_defined)


def _set(field: FieldDefinition, value: FieldValue, present: str, at: Sequence[str]) -> str:
    text = text_of(field, value)
    if text is None:
        raise NoFieldValue(field.key, f"{field.key!r} takes {_WHAT.get(field.kind, 'a text')}.", at)
    if text == present:
        return text
    if not field.active:
        raise NoFieldValue(field.key, f"The field {field.key!r} is retired: it is given no value any more.", at)
    if field.kind in _CHOICES:
        held = _ids(field, present)
        for id_ in _ids(field, text):
            option = _option(field, id_)
            if option is not None and not option.active and id_ not in held:
                raise NoFieldValue(field.key, f"The option {id_!r} of {field.key!r} is retired: it is not chosen any more.", at)
    return text


def _ids(field: FieldDefinition, text: str) -> list[str]:
    value = value_of(field, text)
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []


def _understood(field: FieldDefinition, text: str) -> str | None:
    if field.kind == "checkbox":
        return _CHECKED.get(text.lower())
    found = text_of(field, text)
    if found is not None or field.kind != "choice":
        return found
    folded = text.casefold()
    for option in field.options:
        if option.active and folded in (name.casefold() for name in (option.id, *option.names.values())):
            return option.id
    return None


def _number(value: FieldValue) -> str | None:
    if isinstance(value, bool | list):
        return None
    if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
        return None  # Python writes out no int of thousands of digits
    found = _NUMBER.fullmatch(value if isinstance(value, str) else format(Decimal(repr(value)), "f"))
    if found is None:
        return None
    whole, part = found[2].lstrip("0") or "0", (found[3] or "").rstrip("0")
    if len(whole) + len(part) > MOST_DIGITS:
        return None
    plain = f"{whole}.{part}" if part else whole
    return plain if plain == "0" else found[1] + plain


def _is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


def _choices(field: FieldDefinition, value: FieldValue) -> str | None:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, list) or not value or not all(isinstance(id_, str) and _option(field, id_) for id_ in value):
        return None
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(set(value)) == len(value) and len(text) <= _MOST_CHARACTERS else None


def _option(field: FieldDefinition, id_: str) -> FieldOption | None:
    return next((option for option in field.options if option.id == id_), None)


def _check(field: FieldDefinition, before: FieldDefinition | None, places: Collection[str], index: int) -> None:
    def refuse(detail: str, *where: object) -> Invalid:
        return Invalid(detail, pointer=pointer("content", "fields", index, *where))

    kinds = get_args(FieldKind)
    if before is not None and before.kind != field.kind:
        raise refuse(
            f"The kind of {field.key!r} is {before.kind} and never changes: retire it, and define another one under another key.",
            "kind",
        )
    if before is None and field.kind not in kinds:
        raise refuse(f"A field is of one of these kinds: {', '.join(kinds)}.", "kind")
    if field.kind in _CHOICES and not field.options:
        raise refuse(f"{field.key!r} is a field of choice and has no option.", "options")
    if field.kind not in _CHOICES and field.options:
        raise refuse(f"{field.key!r} has options and is no field of choice.", "options")
    for name, words, known in (("required", field.required, places), ("shown", field.shown, get_args(ShownWhere))):
        for place, word in enumerate(words):
            if word not in known:
                raise refuse(f"{word!r} is none of these: {', '.join(known)}.", name, place)


def _with_options(field: FieldDefinition, before: FieldDefinition | None) -> FieldDefinition:
    left_out = retired(before.options if before else [], field.options, lambda option: option.id)
    return field.model_copy(update={"options": [*field.options, *left_out]})
