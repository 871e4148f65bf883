"""What aggregates are found by, beside their id: a column of their table, or rows that they own in another."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Table

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Unique(Generic[A]):
    """A column whose value belongs to one aggregate (`find`); the table has a unique index on it."""

    of: Callable[[A], Hashable]


@dataclass(frozen=True, slots=True)
class Many(Generic[A]):
    """A column whose value several aggregates may share (`find_all`); the table has an index on it.

    All that have the value are loaded and locked: for sets that stay small. A big one is worked through by a process.
    """

    of: Callable[[A], Hashable]


@dataclass(frozen=True, slots=True)
class Owned(Generic[A]):
    """Rows of another table that say which aggregate holds a value: `owner` is the column of its id, `value` that of the value.

    They follow from the aggregate (`of`) and are written with it. With `shared` several may hold a value (`find_all`), without
    it one at most (`find`).
    """

    table: Table
    owner: str
    value: str
    of: Callable[[A], Iterable[Any]]
    shared: bool = False


Key = Unique[A] | Many[A] | Owned[A]


def values_of(key: Key[A], aggregate: A) -> frozenset[Hashable]:
    """The values that an aggregate is found by under `key`."""
    if isinstance(key, Owned):
        return frozenset(key.of(aggregate))
    return frozenset((key.of(aggregate),))


def is_shared(key: Key[A]) -> bool:
    """Whether several aggregates may have the same value."""
    return isinstance(key, Many) or (isinstance(key, Owned) and key.shared)
