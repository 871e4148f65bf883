"""Undoing as people and programs see it: what a command answers that can be undone, and the answer of `POST /undo/{id}`."""

from uuid import UUID

from pydantic import Field

from deskstream_contracts.wire import Actor, Addresses, Files, Instant, Personal, Text, WireModel, Word


class Undo(WireModel):
    """What a command can be undone by."""

    id: str = Field(description="<owner>.<uuid>", examples=["ticket.0198c2f0-8f0e-7cc3-8f2e-2f1f3a4b5c6d"])
    until: Instant = Field(description="Until then; what was not sent yet can be undone for as long as it is not.")


class Withdrawn(WireModel):
    """What was to be sent and never will be, as it was written, to be written anew."""

    text: Personal[Text] = Field(description="The answer, or the solution.")
    cc: Addresses = Field(default=[], description="Who else was to get it.")
    files: Files = Field(default=[], description="What was to go with it: uploaded still, and free to be used again.")


class Undone(WireModel):
    """A command that was undone; asking again answers the same."""

    id: str = Field(description="<owner>.<uuid>")
    act: Word = Field(description="What was undone.", examples=["close"])
    subject: str = Field(description="What it was done to: <kind>/<id>.")
    version: int | None = Field(default=None, description="The version of the subject after it; left out where it did not change.")
    undone_at: Instant = Field(description="When.")
    undone_by: Actor = Field(description="Who undid it.")
    withdrawn: Withdrawn | None = Field(default=None, description="What is not sent now; left out where nothing was to be.")


def undo_id(owner: str, id_: UUID) -> str:
    """The id that is told outside; `owner` is a service's short name."""
    return f"{owner}.{id_}"
