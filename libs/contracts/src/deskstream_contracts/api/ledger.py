"""The ledger: everything that was received, and what became of it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from deskstream_contracts.wire import Personal

Door = Literal["smtp", "http_mail", "form", "api"]
LedgerState = Literal["received", "sorted", "closed"]
Outcome = Literal["opened", "appended", "suppressed", "quarantined"]
RawGone = Literal["age", "room"]


class LedgerEntry(BaseModel):
    """One thing received."""

    id: UUID = Field(description="Its id, which is the message's id everywhere.")
    door: Door = Field(description="How it came in.")
    channel: str = Field(description="Which door of its kind: a mailbox, the id of a form, the name of a program.")
    mailbox: str | None = Field(description="The address of the desk that it came to; null where its door has none.")
    recipient: Personal[str] | None = Field(description="That address as its sender wrote it.")
    envelope_from: Personal[str] | None = Field(description="MAIL FROM (RFC 5321 §3.3), empty for the null sender; null without.")
    media_type: str = Field(description="What its raw form is (RFC 2046).")
    size: int = Field(description="Bytes of the raw form.")
    sha256: str = Field(description="SHA-256 of the raw form, in hex.")
    received_at: datetime = Field(description="When the desk said that it has it.")
    correlation_id: str = Field(description="By it everything that followed is found.")
    traceparent: str = Field(description="Its trace (W3C Trace Context).")
    state: LedgerState = Field(description="How far it has come.")
    outcome: Outcome | None = Field(description="What became of it; null while it is open.")
    reason: str | None = Field(description="Why, as a code; null while it is open.")
    detail: str | None = Field(description="Why, for people; null where there is no more to say.")
    rfc_message_id: str | None = Field(description="Its Message-ID; null where it had none.")
    sender: Personal[str] | None = Field(description="Who wrote it; null until it is known.")
    subject: Personal[str] | None = Field(description="Its subject; null until it is known.")
    thread_root: UUID | None = Field(description="Names its conversation; null until it is known.")
    ticket_id: UUID | None = Field(description="The ticket it belongs to; null where there is none (yet).")
    ticket_number: int | None = Field(description="The number people use.")
    sorted_at: datetime | None = Field(description="When it was looked at; null until then.")
    closed_at: datetime | None = Field(description="When its outcome was known; null until then.")
    raw_gone: RawGone | None = Field(
        description="Why its raw form is gone (old, or too much was in quarantine); null while it is kept."
    )


class LedgerCount(BaseModel):
    """How many entries have this state, outcome and reason."""

    state: LedgerState = Field(description="How far they have come.")
    outcome: Outcome | None = Field(description="What became of them; null: they are open.")
    reason: str | None = Field(description="Why, as a code; null: they are open.")
    entries: int = Field(description="How many.")


class OldestOpen(BaseModel):
    """The entry that waits the longest for its outcome."""

    id: UUID = Field(description="The entry.")
    state: LedgerState = Field(description="How far it has come.")
    received_at: datetime = Field(description="Since when it waits.")


class LedgerSummary(BaseModel):
    """received = closed + open: nothing is lost."""

    received: int = Field(description="How many entries there are.")
    closed: int = Field(description="How many have an outcome.")
    open: int = Field(description="How many have none yet.")
    states: dict[LedgerState, int] = Field(description="How many have come how far.")
    outcomes: dict[Outcome, int] = Field(description="How many have which outcome.")
    oldest_open: OldestOpen | None = Field(description="The one that waits the longest; null: none is open.")
    counts: list[LedgerCount] = Field(description="What `states` and `outcomes` add up.")
