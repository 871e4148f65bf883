"""What became of notifications, as the contract has it: the translation on the way out."""

from datetime import datetime
from typing import Final, assert_never

from deskstream_contracts.events.notifications import (
    NotificationEvent,
    NotificationFailedV1,
    NotificationRequeuedV1,
    NotificationSentV1,
    NotificationState,
)
from deskstream_contracts.wire import Actor
from notify_svc.domain.deliveries import Delivery, KeptDelivery, Outcome
from notify_svc.domain.notices import Notification, Withheld
from notify_svc.domain.wording import one_line

_LONGEST_DETAIL: Final = 1000


def state(of: Notification | Delivery | KeptDelivery) -> NotificationState:
    """The public state: the same names as the domain's."""
    return NotificationState.model_validate(of, from_attributes=True)


def withheld(notification: Notification, why: Withheld, at: datetime) -> NotificationFailedV1:
    """A mail is not sent, by a decision of ours."""
    return NotificationFailedV1(notification=state(notification), at=at, reason=why.reason, detail=why.detail)


def came_back(kept: KeptDelivery, detail: str, at: datetime) -> NotificationFailedV1:
    """A mail that a server had taken has bounced."""
    return NotificationFailedV1(notification=state(kept), at=at, reason="bounced", detail=one_line(detail, _LONGEST_DETAIL))


def requeued(kept: KeptDelivery, by: Actor, at: datetime) -> NotificationRequeuedV1:
    """A delivery that had failed is sent again."""
    return NotificationRequeuedV1(notification=state(kept), at=at, by=by)


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
