"""What happens to the clocks of a ticket, in the words of the domain."""

from dataclasses import dataclass
from datetime import datetime

from sla_svc.domain.policy import ClockKind


@dataclass(frozen=True, slots=True)
class Started:
    """Clocks were started, or set anew by another target."""

    clocks: tuple[ClockKind, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Paused:
    """Clocks wait for the customer, or ended because nothing is waited for any more: their outcome says which."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """Clocks run on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Fulfilled:
    """A clock ended; not `in_time` where it had been breached before."""

    clock: ClockKind
    in_time: bool


@dataclass(frozen=True, slots=True)
class Warned:
    """A clock is about to be breached; noticed so many seconds after it was time to warn."""

    clock: ClockKind
    due_at: datetime
    late_seconds: float


@dataclass(frozen=True, slots=True)
class Breached:
    """A clock was due and had not ended; noticed so many seconds after."""

    clock: ClockKind
    due_at: datetime
    late_seconds: float


@dataclass(frozen=True, slots=True)
class Updated:
    """Nothing of the above, and yet something that can be seen: whose ticket it is, or by which version of a policy it goes."""


SlaHappening = Started | Paused | Resumed | Fulfilled | Warned | Breached | Updated
