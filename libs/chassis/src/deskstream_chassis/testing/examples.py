"""Contract models for tests, made of the golden examples: a test says what matters to it, the rest is a real event's."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from deskstream_chassis.run.clock import new_id
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.wire import Event

M = TypeVar("M", bound=BaseModel)
E = TypeVar("E", bound=Event)
_NUMBERS = frozenset(("number", "ticket_number"))
_fresh_numbers = count(100_001)


def example(model: type[M], **changes: Any) -> M:
    """The golden example of an event, or of a model that occurs in one, with `changes` as `changed` makes them.

        example(TicketOpenedV1, ticket={"priority": "high", "requester": {"language": "de"}})

    Raises LookupError for a model that no example has, TypeError for a field that is not there.
    """
    return changed(_golden_of(model), **changes)


def another(model: type[M], **changes: Any) -> M:
    """Like `example`, about others: each id and ticket number in it is a fresh one (the same one in all its places)."""
    data = json.loads(_golden_of(model).model_dump_json(exclude_none=True))
    return changed(model.model_validate(_renamed(data, {})), **changes)


def changed(instance: M, **changes: Any) -> M:
    """A copy with other values. A mapping for a field that holds a model changes that model's fields; all else is replaced.

    Raises TypeError for a field that is not there (the wire ignores such), ValidationError for a value that does not fit.
    """
    model, values = type(instance), dict(instance)
    for name, value in changes.items():
        if name not in model.model_fields:
            raise TypeError(f"{model.__name__} has no field {name!r}")
        held = values[name]
        values[name] = changed(held, **value) if isinstance(held, BaseModel) and isinstance(value, Mapping) else value
    return model.model_validate(values)


def following(previous: Event, model: type[E], **changes: Any) -> E:
    """What happens next to the aggregate of `previous`: an example of `model` about it, one version on.

        resolved = following(opened, TicketResolvedV1, ticket={"status": "resolved"})

    Both events must be of one aggregate, as `TicketEvent`s are.
    """
    path = previous.sequence_path
    if path is None or path != model.sequence_path:
        raise TypeError(f"a {model.__name__} does not follow a {type(previous).__name__}")
    field, _, version = path.partition(".")
    state = changed(getattr(previous, field), **{version: (previous.sequence() or 0) + 1, **changes.pop(field, {})})
    return example(model, **{field: state}, **changes)


def _golden_of(model: type[M]) -> M:
    golden = _golden(model)
    assert isinstance(golden, model)
    return golden


@cache
def _golden(model: type[BaseModel]) -> BaseModel:
    if issubclass(model, Event):
        path = files("deskstream_contracts") / "examples" / f"{model.event_type()}.json"
        return model.model_validate_json(path.read_bytes())
    for event in EVENTS:
        for part in _parts(_golden(event)):
            if type(part) is model:
                return part
    raise LookupError(f"no golden example has a {model.__name__}")


def _parts(value: object) -> Iterator[BaseModel]:
    """The models inside of one, the outer ones first."""
    if isinstance(value, BaseModel):
        yield value
        for _, held in value:
            yield from _parts(held)
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item)


def _renamed(value: Any, names: dict[Any, Any], field: str = "") -> Any:
    match value:
        case dict():
            return {name: _renamed(held, names, name) for name, held in value.items()}
        case list():
            return [_renamed(item, names, field) for item in value]
        case str() if _is_id(value):
            return names.setdefault(value, str(new_id()))
        case int() if field in _NUMBERS:
            return names.setdefault((field, value), next(_fresh_numbers))
        case _:
            return value


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
