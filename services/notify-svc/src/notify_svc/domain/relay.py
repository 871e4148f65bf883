"""When a mail server that refuses us is asked again: by one mail, at growing distances, while all others wait; pure."""

from dataclasses import dataclass
from typing import Final

from notify_svc.domain.answers import Answer, RelayTrouble

_LONGEST_DELAY_SECONDS: Final = 60.0
_MOST_DOUBLINGS: Final = 12


@dataclass(frozen=True, slots=True)
class Closed:
    """The server refuses us. `since` and `try_at` are seconds of this process's monotonic clock."""

    reason: RelayTrouble
    answer: Answer
    since: float
    times: int
    try_at: float

    @property
    def words(self) -> str:
        """Why a mail waits, for people."""
        return f"waits for the mail server, which refuses us ({self.reason}): {self.answer}"


def refuses(
    before: Closed | None, reason: RelayTrouble, answer: Answer, first_delay_seconds: float, monotonic_now: float
) -> Closed:
    """After one more refusal: the next try is twice as far away as the last one was, up to a minute."""
    if before is not None and monotonic_now < before.try_at:
        # Several connections were refused at once: that is one refusal.
        return before
    times = before.times if before else 0
    delay = min(first_delay_seconds * 2 ** min(times, _MOST_DOUBLINGS), _LONGEST_DELAY_SECONDS)
    return Closed(reason, answer, before.since if before else monotonic_now, times + 1, monotonic_now + delay)
