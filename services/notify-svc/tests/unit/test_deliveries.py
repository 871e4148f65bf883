"""When a mail that was not taken is tried again, and when no more."""

from dataclasses import replace
from uuid import UUID

import pytest

from notify_svc.domain.deliveries import Delivery, not_taken

HOUR = 3600.0
NOW = 1_000_000.0
DELIVERY = Delivery(
    UUID(int=1), UUID(int=2), 1042, "confirmation", "jim@sample.com", "en", "<1@desk.example>", "support@desk.example", b"", 1, "c",
    "t", expires=NOW + 24 * HOUR, claimed_until=NOW + HOUR, began_at=None,
)  # fmt: skip


def test_each_attempt_waits_twice_as_long_up_to_an_hour() -> None:
    delays = [not_taken(replace(DELIVERY, attempts=n), "busy", 30, NOW).delay_seconds for n in (1, 2, 3, 20)]
    assert delays == [30, 60, 120, HOUR]


@pytest.mark.parametrize("late_by", [0, 1])
def test_what_has_expired_is_not_tried_again(late_by: float) -> None:
    ended = not_taken(replace(DELIVERY, expires=NOW - late_by), "busy", 30, NOW)
    assert (ended.status, ended.failed_because, ended.detail) == ("failed", "expired", "busy")
    assert not_taken(DELIVERY, "busy", 30, NOW).status == "retry"
