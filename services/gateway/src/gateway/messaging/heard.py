"""How events become rows of the read model, and the fold of a batch.

Events carry the whole state after them, so only the newest of a batch is read at all. The state is kept as it came: orjson reads
and writes it in a few microseconds, and nothing is validated here that its owner has validated.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from deskstream_chassis.bus.messages import Received
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.events.routing import AgentUpdatedV1, TeamUpdatedV1
from deskstream_contracts.topics import (
    CUSTOMER_SETTINGS,
    CUSTOMERS,
    DECISIONS,
    NOTIFICATIONS,
    ORGANIZATIONS,
    SLAS,
    TICKET_SETTINGS,
    TICKETS,
    WORKFORCE,
    Topic,
)
from gateway.domain import views
from gateway.domain.views import REQUIRED, WHOLE, Changes, Column, Data, Row, View

Read = Callable[[Data], object]


class Projection:
    """The view that an event changes, and the row it gives, read from the event's data as the view's columns say."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._columns = [_reader(column) for column in view.columns]

    def row(self, event: Data) -> Row:
        """Raises KeyError, TypeError or ValueError where the data do not fit."""
        data = event[self.view.root] if self.view.root else event
        return tuple(read(data) for read in self._columns)


def _reader(column: Column) -> Read:
    read = column.of if callable(column.of) else _at(column.of or column.name, column.absent)
    if column.kind not in ("json", "jsonb"):
        return read
    return lambda data: orjson.dumps(read(data)).decode()


def _at(path: str, absent: object) -> Read:
    if path == WHOLE:
        return lambda data: data
    *parents, name = path.split(".")

    def read(data: Data) -> object:
        for parent in parents:
            data = data.get(parent) or {}
        value = data.get(name)
        if value is not None:
            return value
        if absent is REQUIRED:
            raise KeyError(path)
        return absent

    return read


_BY_TOPIC: Final[dict[Topic, Projection]] = {
    TICKETS: Projection(views.TICKETS),
    SLAS: Projection(views.SLAS),
    CUSTOMERS: Projection(views.CUSTOMERS),
    ORGANIZATIONS: Projection(views.ORGANIZATIONS),
    DECISIONS: Projection(views.DECISIONS),
    NOTIFICATIONS: Projection(views.NOTIFICATIONS),
    CUSTOMER_SETTINGS: Projection(views.DOCUMENTS),
    TICKET_SETTINGS: Projection(views.DOCUMENTS),
}
_WORKFORCE: Final = {
    AgentUpdatedV1.event_type(): Projection(views.AGENTS),
    TeamUpdatedV1.event_type(): Projection(views.TEAMS),
}
PROJECTIONS: Final[dict[str, Projection]] = {
    event.event_type(): _BY_TOPIC[event.topic] for event in EVENTS if event.topic in _BY_TOPIC
} | _WORKFORCE
"""Event type → the view it changes."""

TOPICS: Final = (*_BY_TOPIC, WORKFORCE)

# A tombstone has no type; its topic says what it erases.
_ERASES: Final[dict[str, tuple[View, ...]]] = {t.name: (p.view,) for t, p in _BY_TOPIC.items() if not p.view.flow} | {
    WORKFORCE.name: (views.AGENTS, views.TEAMS)
}


@dataclass(frozen=True, slots=True)
class Fold:
    """What a batch comes down to. `sources` says which message gave a row; `unreadable` has the error beside each."""

    changes: Changes
    sources: dict[tuple[str, str], Received]
    unreadable: list[tuple[Received, str]]


_Kept = dict[tuple[str, str | UUID], tuple[Projection, Received]]


def fold(messages: Sequence[Received]) -> Fold:
    """The newest state of each aggregate, and every row of a flow. Of an aggregate whose newest cannot be read: the next older."""
    unreadable: list[tuple[Received, str]] = [(m, m.fault) for m in messages if m.fault]
    left: Sequence[Received] = [m for m in messages if not m.fault] if unreadable else messages
    while True:
        found = _read(*_newest(left))
        if not found.unreadable:
            return Fold(found.changes, found.sources, unreadable)
        unreadable += found.unreadable
        bad = {id(m) for m, _ in found.unreadable}
        left = [m for m in left if id(m) not in bad]


def _newest(messages: Iterable[Received]) -> tuple[_Kept, dict[View, set[str]]]:
    kept: _Kept = {}
    gone: dict[View, set[str]] = {}
    for m in messages:
        projection = PROJECTIONS.get(m.event_type)
        if projection is None:
            if not m.event_type and (key := _uuid(m.key)):
                for view in _ERASES.get(m.topic, ()):
                    kept.pop((view.name, m.key), None)
                    gone.setdefault(view, set()).add(key)
            continue
        # Every event of a flow is a row of its own.
        slot = (projection.view.name, m.event_id if projection.view.flow else m.key)
        other = kept.get(slot)
        if other is None or (m.sequence or 0) >= (other[1].sequence or 0):
            kept[slot] = (projection, m)
    return kept, gone


def _read(kept: _Kept, gone: dict[View, set[str]]) -> Fold:
    changes = Changes(gone=gone)
    found = Fold(changes, {}, [])
    for projection, m in kept.values():
        try:
            row = projection.row(orjson.loads(m.value))
            key = row[0]
            if not isinstance(key, str):
                raise TypeError(f"{projection.view.key} is no text")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            found.unreadable.append((m, f"the data does not fit {m.event_type}: {error!r}"))
            continue
        changes.rows.setdefault(projection.view, {})[key] = row
        found.sources[projection.view.name, key] = m
    return found


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
