"""Long work as people and programs see it: the answer of `GET /jobs/{id}`."""

from typing import Literal

from pydantic import Field

from deskstream_contracts.wire import Actor, Instant, WireModel


class Job(WireModel):
    """Work that takes longer than a request. It goes on by itself, through restarts, until it is done or stopped."""

    id: str = Field(description="<owner>.<uuid>", examples=["customer.0198c2f0-8f0e-7cc3-8f2e-2f1f3a4b5c6d"])
    kind: str = Field(description="What is done.", examples=["join_by_domain"])
    subject: str = Field(description="What it is about: <kind>/<id>.")
    state: Literal["running", "stopped", "done"] = Field(description="Whether it goes on; `stopped` can be resumed.")
    done: int = Field(ge=0, description="Steps that are done.")
    total: int | None = Field(default=None, ge=0, description="Steps there were when it began; None until it has begun.")
    failed: int = Field(default=0, ge=0, description="Steps that were refused and passed by.")
    error: str | None = Field(default=None, description="What refused the last of them.")
    asked_by: Actor = Field(description="Who asked for it.")
    started_at: Instant = Field(description="When it was asked for.")
    updated_at: Instant = Field(description="When it last went on.")
    finished_at: Instant | None = Field(default=None, description="When it was done; None until then.")
