"""What became of notifications, as the contract has it: the translation on the way out."""

from datetime import datetime
from typing import assert_never

from deskstream_contracts.events.notifications import (
    NotificationEvent,
    NotificationFailedV1,
    NotificationSentV1,
    NotificationState,
)
from notify_svc.domain.deliveries import Delivery, Outcome
from notify_svc.domain.notices import Notification, Withheld


def state(of: Notification | Delivery) -> NotificationState:
    """The public state: the same names as the domain's."""
    return NotificationState.model_validate(of, from_attributes=True)


def withheld(notification: Notification, why: Withheld, at: datetime) -> NotificationFailedV1:
    """A mail is not sent, by a decision of ours."""
    return NotificationFailedV1(notification=state(notification), at=at, reason=why.reason, detail=why.detail)


def ended(outcome: Outcome, at: datetime) -> NotificationEvent | None:
    """A delivery has ended; None where it is tried again."""
    match outcome.status:
        case "sent":
            return NotificationSentV1(notification=state(outcome.delivery), at=at, response=outcome.detail)
        case "failed":
            reason = outcome.failed_because
            return NotificationFailedV1(notification=state(outcome.delivery), at=at, reason=reason, detail=outcome.detail)
        case "retry" | "waiting":
            return None
        case _:
            assert_never(outcome.status)
