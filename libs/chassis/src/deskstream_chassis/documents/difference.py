"""What differs between two versions of a document, as a list that people can read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from pydantic import BaseModel, Field, JsonValue

from deskstream_chassis.refusals import token

_KEYS: Final = ("id", "key", "name")


class Difference(BaseModel):
    """One value that is not the same. Where there is no `before` it was added, where there is no `after` it was taken away."""

    path: str = Field(description="RFC 6901; a member of a list is named by its id, key or name where it has one.")
    before: JsonValue = None
    after: JsonValue = None


def differences(before: JsonValue, after: JsonValue, path: str = "") -> list[Difference]:
    """All differences, in the order of `after`, then what is there no more. Lists of named things are compared by their names,
    a change of their order is one difference; other lists are one value."""
    return list(_walk(before, after, path))


def _walk(before: JsonValue, after: JsonValue, path: str) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _members(before, after, path)
    elif isinstance(before, list) and isinstance(after, list) and (key := _key_of([*before, *after])):
        old, new = _by(key, before), _by(key, after)
        yield from _members(old, new, path)
        stayed = [name for name in old if name in new]
        if stayed != (order := [name for name in new if name in old]):
            yield Difference(path=path, before=list(stayed), after=list(order))
    else:
        yield Difference(path=path, before=before, after=after)


def _members(before: Mapping[str, JsonValue], after: Mapping[str, JsonValue], path: str) -> Iterator[Difference]:
    for name in [*after, *(n for n in before if n not in after)]:
        yield from _walk(before.get(name), after.get(name), f"{path}/{token(name)}")


def _key_of(members: Sequence[JsonValue]) -> str | None:
    """What tells the members of a list apart: the first of `_KEYS` that each has, as a text."""
    if not members or not all(isinstance(member, dict) for member in members):
        return None
    return next((key for key in _KEYS if all(isinstance(m, dict) and isinstance(m.get(key), str) for m in members)), None)


def _by(key: str, members: Sequence[JsonValue]) -> dict[str, JsonValue]:
    return {str(member[key]): member for member in members if isinstance(member, dict)}
