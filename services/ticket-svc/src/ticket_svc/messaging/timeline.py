"""Kept events of a ticket as its timeline shows them, and the state that one of them carries."""

from collections.abc import Mapping
from typing import Any, Final

import orjson

from deskstream_chassis.store.history import Happened
from deskstream_contracts.events.tickets import TicketState
from deskstream_contracts.timeline import Change, TimelineEntry

# They change with everything, and say nothing of what it was.
_ALWAYS_CHANGED: Final = ("version", "updated_at")


def state_after(happened: Happened) -> TicketState:
    """The ticket as it was after an event. A field that is newer than the event has its default."""
    return TicketState.model_validate(orjson.loads(happened.value)["ticket"])


def entry(happened: Happened, before: Happened | None) -> TimelineEntry:
    """`before` is the event before it; None where that is not kept, or there was none."""
    data = orjson.loads(happened.value)
    return TimelineEntry(
        id=happened.id,
        version=happened.sequence,
        at=data["at"],
        type=happened.type,
        by=data["by"],
        reason=data.get("reason"),
        decision_id=data.get("decision_id"),
        caused_by=happened.causation_id,
        correlation_id=happened.correlation_id,
        undoes=data.get("undoes"),
        message_id=data.get("message_id"),
        changes=[] if before is None else _changes(orjson.loads(before.value)["ticket"], data["ticket"]),
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    # An event leaves out what has no value.
    names = [name for name in {**before, **after} if name not in _ALWAYS_CHANGED]
    return [
        Change(field=name, before=before.get(name), after=after.get(name)) for name in names if before.get(name) != after.get(name)
    ]
