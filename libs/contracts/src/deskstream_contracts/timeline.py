"""What happened to a thing, as people and programs see it: the answer of `GET /tickets/{reference}/timeline`."""

from typing import Any
from uuid import UUID

from pydantic import Field

from deskstream_contracts.wire import Actor, Instant, Line, Paragraph, Personal, WireModel, Word


class Change(WireModel):
    """A field of the state that was otherwise before."""

    field: Word = Field(description="Its name in the state.")
    before: Any = Field(default=None, description="As the state had it before; null: it had none.")
    after: Any = Field(default=None, description="As it has had it since; null: it has none.")


class TimelineEntry(WireModel):
    """Something that somebody did: a person, a program, a rule, or the desk itself."""

    id: UUID = Field(description="The event (ce_id).")
    version: int = Field(ge=1, description="The version that it led to.")
    at: Instant = Field(description="When.")
    type: Word = Field(description="The event's type.", examples=["ticket.assigned.v1"])
    by: Actor = Field(description="Who did it.")
    reason: Personal[Paragraph] | None = Field(
        default=None, description="Why, in the words of who did it; left out: it was not said."
    )
    decision_id: UUID | None = Field(default=None, description="The routing decision that it follows; left out: it follows none.")
    caused_by: UUID | None = Field(default=None, description="The event that was being handled; left out: it was asked for.")
    correlation_id: Line = Field(description="What belongs to the same request, or to the same mail, has the same.")
    undoes: UUID | None = Field(default=None, description="The event that it takes back; left out: it takes back none.")
    message_id: UUID | None = Field(default=None, description="The message that it is about; left out: it is about none.")
    changes: list[Change] = Field(
        default=[], description="What of the state it changed; of the first that is kept that is not known."
    )


class Timeline(WireModel):
    """A page, the oldest first. `next` is the cursor of the following page, null on the last."""

    items: list[TimelineEntry] = Field(description="What happened.")
    next: str | None = Field(default=None, description="Cursor of the following page; null on the last.")
    complete: bool = Field(description="Whether it is known from the beginning.")
    begins_at: Instant | None = Field(default=None, description="What happened before is not kept; null: nothing is kept yet.")
