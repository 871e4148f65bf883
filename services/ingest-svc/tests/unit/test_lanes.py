"""Who waits for whom."""

from typing import Any

from ingest_svc.domain.lanes import LARGE_BYTES, Debts, Lane, Waiting, lane_of

from .given import a_receipt, an_id

RELAY = "192.0.2.1"


def waiting(sender: str, lane: Lane = Lane.SLOW, **changes: Any) -> Waiting:
    values = {"id": an_id(), "attempts": 1, "peer": RELAY, "relay_trusted": True, **changes}
    return Waiting(lane=lane, envelope_from=sender, **values)


def test_a_large_message_waits_beside_the_quick_ones() -> None:
    assert (lane_of(LARGE_BYTES), lane_of(LARGE_BYTES + 1)) == (Lane.QUICK, Lane.LARGE)


def test_what_is_large_goes_before_what_was_slow_and_that_in_its_order() -> None:
    first, second = waiting("a@a.example"), waiting("b@b.example")
    large = waiting("c@c.example", Lane.LARGE)
    unread = waiting("d@d.example", Lane.INDEBTED)
    debts, left, order = Debts(), [second, first, unread, large], []
    while (found := debts.next(left, 0.0)) is not None:
        order.append(found)
        left.remove(found)
    assert order == [large, unread, first, second]


def test_nobody_waits_behind_many_messages_of_one_sender() -> None:
    debts, hostile = Debts(), [waiting("h@h.example") for _ in range(3)]
    good = waiting("good@example.com")
    assert debts.next([*hostile, good], 0.0) == hostile[0]
    debts.charge(hostile[0], 2.0, 0.0)
    assert debts.next([*hostile[1:], good], 0.0) == good


def test_a_sender_of_much_that_is_slow_waits_and_after_a_while_no_more() -> None:
    debts = Debts()
    slow = a_receipt(envelope_from="H@h.example", peer=RELAY)
    for _ in range(6):
        debts.charge(slow, 0.05, 0.0)
    assert debts.is_indebted(a_receipt(envelope_from="h@h.example", peer=RELAY), 1.0)
    assert not debts.is_indebted(a_receipt(envelope_from="good@example.com", peer=RELAY), 1.0)
    assert not debts.is_indebted(slow, 120.0)


def test_a_strangers_relay_owes_for_all_its_senders_and_our_own_for_none() -> None:
    for trusted in (False, True):
        debts = Debts()
        for n in range(25):
            debts.charge(a_receipt(envelope_from=f"{n}@h.example", peer=RELAY, relay_trusted=trusted), 0.05, 0.0)
        another = a_receipt(envelope_from="another@h.example", peer=RELAY, relay_trusted=trusted)
        assert debts.is_indebted(another, 1.0) is not trusted
        assert not debts.is_indebted(a_receipt(envelope_from="another@h.example", peer="192.0.2.2", relay_trusted=trusted), 1.0)


def test_debts_take_no_more_memory_however_many_senders_there_are() -> None:
    debts = Debts()
    for n in range(25_000):
        debts.charge(a_receipt(envelope_from=f"{n}@h.example", peer=RELAY), 0.01 if n != 20_000 else 9.0, 0.0)
    assert len(debts._owed) <= 10_000
    assert debts.is_indebted(a_receipt(envelope_from="20000@h.example", peer=RELAY), 0.0)


def test_what_is_large_waits_a_second_more_for_each_mb_and_not_for_ever() -> None:
    debts = Debts()
    huge = waiting("a@a.example", Lane.LARGE, size=20 << 20, waits_since=0.0)
    small = waiting("b@b.example", Lane.LARGE, size=1 << 20, waits_since=10.0)
    later = waiting("c@c.example", Lane.LARGE, size=1 << 20, waits_since=30.0)
    assert debts.next([huge, small], 0.0) == small
    assert debts.next([huge, later], 0.0) == huge


def test_who_sends_much_that_is_large_and_slow_waits_behind_the_large_ones_of_others() -> None:
    debts, unread = Debts(), waiting("d@d.example", Lane.INDEBTED)
    hostile = [waiting("h@h.example", Lane.LARGE, size=1 << 20) for _ in range(3)]
    good = waiting("good@example.com", Lane.LARGE, size=9 << 20, waits_since=60.0)
    debts.charge(hostile[0], 2.0, 0.0)
    assert debts.next([*hostile[1:], good], 0.0) == good
    assert debts.next([*hostile[1:], unread], 0.0) == unread


def test_a_large_message_may_take_its_time() -> None:
    assert waiting("a@a.example", Lane.LARGE, size=20 << 20).fair_seconds(2.0) == 6.0
