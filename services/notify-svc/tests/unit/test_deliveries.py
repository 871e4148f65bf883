"""When a mail that was not taken is tried again, and when no more; what is about the mail, and what about us."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from notify_svc.adapters.smtp import Timeouts
from notify_svc.domain.answers import Answer, about_us
from notify_svc.domain.deliveries import CannotBeResent, Delivery, KeptDelivery, held_up, not_taken, refused, resend
from notify_svc.domain.relay import Doubt, refuses
from notify_svc.workers.sender import lease_seconds

HOUR = 3600.0
NOW = 1_000_000.0
BUSY, UNKNOWN, LOGIN = Answer(451, "4.3.0 busy"), Answer(550, "5.1.1 no such user"), Answer(535, "5.7.8 bad password")
DELIVERY = Delivery(
    UUID(int=1), UUID(int=2), 1042, "confirmation", "jim@sample.com", "en", "<1@desk.example>", "support@desk.example", b"", 1, "c",
    "t", expires=NOW + 24 * HOUR, claimed_until=NOW + HOUR, began_at=None,
)  # fmt: skip


def test_each_attempt_waits_twice_as_long_up_to_an_hour() -> None:
    delays = [not_taken(replace(DELIVERY, attempts=n), BUSY, 30, NOW).delay_seconds for n in (1, 2, 3, 20)]
    assert delays == [30, 60, 120, HOUR]


@pytest.mark.parametrize("late_by", [0, 1])
def test_what_has_expired_is_not_tried_again(late_by: float) -> None:
    ended = not_taken(replace(DELIVERY, expires=NOW - late_by), BUSY, 30, NOW)
    assert (ended.status, ended.failed_because, ended.detail) == ("failed", "expired", "451 4.3.0 busy")
    assert not_taken(DELIVERY, BUSY, 30, NOW).status == "retry"


@pytest.mark.parametrize(
    ("code", "becomes"), [(550, "failed"), (500, "failed"), (599, "failed"), (499, "retry"), (600, "retry"), (250, "retry")]
)
def test_only_a_refusal_of_class_5_is_for_good(code: int, becomes: str) -> None:
    assert refused(DELIVERY, Answer(code, "no"), 30, NOW).status == becomes


@pytest.mark.parametrize(
    ("at", "code", "about"),
    [
        ("mail", 553, "sender"),
        ("mail", 550, "sender"),
        ("mail", 451, None),
        ("mail", 530, "login"),
        ("rcpt", 530, None),
        ("data", 535, None),
        ("rcpt", 550, None),
        ("rcpt", 553, None),
        ("data", 554, None),
        ("rcpt", 421, None),
    ],
)
def test_what_is_refused_before_the_recipient_is_named_is_about_us(at: Any, code: int, about: str | None) -> None:
    assert about_us(at, Answer(code, "no")) == about


def test_a_login_wanted_after_the_recipient_was_named_is_about_us_only_if_another_domain_is_told_so_too() -> None:
    doubt = Doubt()
    assert not doubt.confirmed_by("evil.example")
    assert not doubt.confirmed_by("EVIL.example")
    assert not doubt.confirmed_by("a.evil.example"), "anybody can make names below one domain"
    assert doubt.confirmed_by("sample.com")
    doubt.dispel()
    assert not doubt.confirmed_by("sample.com")
    assert doubt.confirmed_by("evil.example")


def test_an_answer_is_one_line_that_a_row_can_hold() -> None:
    answer = Answer.of(550, "5.1.1 no\n such\0 user\udce9" + "x" * 1000)
    assert answer.words.startswith("5.1.1 no such\ufffd user\ufffd")
    assert len(answer.words) == 500
    assert (answer.enhanced, Answer(250, "ok").enhanced, Answer(550, "5.11 odd").enhanced) == ("5.1.1", None, None)


def test_while_the_server_refuses_us_it_is_asked_at_growing_distances_up_to_a_minute() -> None:
    closed, now, distances = None, NOW, []
    for _ in range(6):
        closed = refuses(closed, "login", LOGIN, 5, now)
        distances.append(closed.try_at - now)
        now = closed.try_at
    assert distances == [5, 10, 20, 40, 60, 60]
    assert closed is not None
    assert (closed.since, closed.times) == (NOW, 6)


def test_what_several_connections_are_told_at_once_is_one_refusal() -> None:
    first = refuses(None, "login", LOGIN, 5, NOW)
    assert refuses(first, "login", LOGIN, 5, NOW + 4) is first


def test_a_mail_that_waits_for_the_server_is_not_counted_and_given_up_when_it_expires() -> None:
    closed = refuses(None, "login", LOGIN, 5, NOW)
    waiting = held_up(DELIVERY, closed, NOW + 2, tried=True)
    assert (waiting.status, waiting.delay_seconds, waiting.answer) == ("waiting", 3, LOGIN)
    assert waiting.detail == "waits for the mail server, which refuses us (login): 535 5.7.8 bad password"
    assert held_up(DELIVERY, closed, NOW, tried=False).answer is None
    expired = held_up(replace(DELIVERY, expires=NOW), closed, NOW, tried=False)
    assert (expired.status, expired.failed_because) == ("failed", "expired")


def test_each_step_may_take_what_the_standard_gives_it_and_no_claim_ends_before_the_slowest_attempt() -> None:
    standard = Timeouts()
    assert (standard.connect, standard.command, standard.data_start, standard.data_block, standard.data_end) == (
        30,
        300,
        120,
        180,
        600,
    )
    assert standard.transaction == 300 + 300 + 120 + 180 + 600
    assert Timeouts(command=1, data_start=2, data_block=3, data_end=4).transaction == 11
    assert lease_seconds(standard.transaction) >= standard.transaction + 60


def kept(status: str, recipient: str = "jim@sample.com", has_content: bool = True) -> KeptDelivery:
    return KeptDelivery(UUID(int=1), UUID(int=2), 1042, "confirmation", recipient, "en", "<1@desk.example>", 1, status, has_content)


def test_what_has_failed_goes_again_and_what_waits_already_does_not() -> None:
    assert resend(kept("failed"), None, "desk.example")
    assert not resend(kept("queued"), None, "desk.example")


@pytest.mark.parametrize(
    ("delivery", "suppressed", "why"),
    [
        (kept("sent"), None, "the mail server has it"),
        (kept("sending"), None, "at this moment"),
        (kept("failed", has_content=False), None, "no longer kept"),
        (kept("failed", "nonsense"), None, "nobody to go to: it is no mail address"),
        (kept("failed", "support@desk.example"), None, "one of the desk's own"),
        (kept("failed"), "bounced: 5.1.1", r"is not written to \(bounced: 5.1.1\)"),
    ],
)
def test_what_may_have_gone_or_must_not_go_does_not_go_again(delivery: KeptDelivery, suppressed: str | None, why: str) -> None:
    with pytest.raises(CannotBeResent, match=why):
        resend(delivery, suppressed, "desk.example")
