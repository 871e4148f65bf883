"""What the desk has settled about its mail; a use case finds it in its unit of work."""

from dataclasses import dataclass
from datetime import timedelta

from notify_svc.domain.mail import Desk, Words


@dataclass(frozen=True, slots=True)
class NotifyPolicy:
    """`automatic_per_hour`: automatic mails to one address; more are withheld. A mail is tried for as long as `give_up_after`. One
    that awaits an event is sent `wait_at_most` later without it."""

    desk: Desk
    words: Words
    automatic_per_hour: int
    give_up_after: timedelta
    wait_at_most: timedelta = timedelta(seconds=30)
