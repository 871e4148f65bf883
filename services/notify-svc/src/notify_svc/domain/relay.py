"""When a mail server refuses us, and when it is asked again: by one mail, at growing distances, while all others wait; pure."""

from dataclasses import dataclass
from typing import Final

from notify_svc.domain.answers import Answer, RelayTrouble

_LONGEST_DELAY_SECONDS: Final = 60.0
_MOST_DOUBLINGS: Final = 12


@dataclass(frozen=True, slots=True)
class Closed:
    """The server refuses us. `since` and `try_at` are seconds of this process's monotonic clock. `at_a_mail`: it lets us in, and
    then wants a login of each mail; so only a mail finds out whether it still does."""

    reason: RelayTrouble
    answer: Answer
    since: float
    times: int
    try_at: float
    at_a_mail: bool = False

    @property
    def words(self) -> str:
        """Why a mail waits, for people."""
        return f"waits for the mail server, which refuses us ({self.reason}): {self.answer}"


class Doubt:
    """Whether a server that has let us in wants a login after the recipient was named because of us, or because of the recipient.

    Such words may come from the recipient's own server through ours. So they are about that mail, until a mail to another domain is
    told the same and none was answered otherwise in between: a stranger who answers like that holds up nobody else's mail.
    """

    def __init__(self) -> None:
        self._about: str | None = None

    def confirmed_by(self, domain: str) -> bool:
        """A mail to this domain was told so, too: whether that is about us by now."""
        # Anybody can make names below one domain; two under `co.uk` count as one here, which only makes us believe it later.
        about = ".".join(domain.lower().rsplit(".", 2)[-2:])
        if self._about is None:
            self._about = about
        return self._about != about

    def dispel(self) -> None:
        """A mail was answered otherwise."""
        self._about = None


def refuses(
    before: Closed | None,
    reason: RelayTrouble,
    answer: Answer,
    first_delay_seconds: float,
    monotonic_now: float,
    *,
    at_a_mail: bool = False,
) -> Closed:
    """After one more refusal: the next try is twice as far away as the last one was, up to a minute."""
    if before is not None and monotonic_now < before.try_at:
        # Several connections were refused at once: that is one refusal.
        return before
    times = before.times if before else 0
    delay = min(first_delay_seconds * 2 ** min(times, _MOST_DOUBLINGS), _LONGEST_DELAY_SECONDS)
    return Closed(reason, answer, before.since if before else monotonic_now, times + 1, monotonic_now + delay, at_a_mail)
