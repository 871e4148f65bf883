"""How the mailbox answers: well, or as the outside world does on a bad day. Set over HTTP by tests."""

from __future__ import annotations

from enum import Enum

from pydantic import BaseModel, ConfigDict, Field


class Mode(Enum):
    """What happens to a mail."""

    ACCEPT = "accept"
    REFUSE_TEMPORARILY = "refuse_temporarily"  # 451, not kept
    REFUSE_PERMANENTLY = "refuse_permanently"  # 550, not kept
    CUT_BEFORE_REPLY = "cut_before_reply"  # kept, and the connection is cut before the 250
    SLOW = "slow"  # kept, and answered late


class Behaviour(BaseModel):
    """The mode, for the next `times` mails (all, if None) to recipients that contain `match` (any, if None)."""

    model_config = ConfigDict(extra="forbid")

    mode: Mode = Mode.ACCEPT
    match: str | None = None
    times: int | None = Field(default=None, ge=1)
    seconds: float = Field(default=5.0, ge=0, le=600, description="How late `slow` answers.")

    def next_mode(self, recipients: list[str]) -> Mode:
        """The mode for a mail; counts it."""
        wanted = self.match is None or any(self.match.lower() in address.lower() for address in recipients)
        if self.mode is Mode.ACCEPT or not wanted or self.times == 0:
            return Mode.ACCEPT
        if self.times is not None:
            self.times -= 1
        return self.mode
