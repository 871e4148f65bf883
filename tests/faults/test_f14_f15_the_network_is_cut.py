"""F14, F15: the network to Kafka, or to PostgreSQL, swallows everything and closes nothing; then it comes back."""

import time
from collections.abc import Callable

import pytest

from desk.client import until
from desk.traffic.checker import end_offsets
from deskstream_contracts.topics import INBOUND
from tests.faults.conftest import Broken, Load
from tests.faults.cut_network import wire_to_database_of, wire_to_kafka, wire_to_postgres
from tests.faults.observed import committed, count, ids_between, metric


def test_f14_without_kafka_the_outbox_grows_and_then_drains(broken: Broken, load: Callable[..., Load]) -> None:
    with wire_to_kafka(broken) as wire:
        with load(160, 20) as traffic:
            until(lambda: broken.desk.mailbox_stats()["last_seq"] > traffic.mail_seq, 60, "the first confirmation")
            wire.cut()
            until(lambda: count(broken.stack, "ingest", "outbox") >= 40, 60, "the outbox to grow")
            assert _accepted(traffic) > 40, "the doors must stay open without Kafka"
            wire.mend()
        traffic.check(120)
        until(lambda: count(broken.stack, "ingest", "outbox") == 0, 30, "the outbox to be empty")


def test_f14_a_long_outage_is_shown_and_everything_is_published_when_the_connections_are_gone(
    broken: Broken, load: Callable[..., Load]
) -> None:
    broken.restart("ingest", RELAY_PATIENCE_SECONDS="5")
    with wire_to_kafka(broken) as wire:
        with load(80, 20) as traffic:
            until(lambda: broken.desk.mailbox_stats()["last_seq"] > traffic.mail_seq, 60, "the first confirmation")
            wire.cut()
            until(
                lambda: metric(broken.stack, "ingest", "deskstream_relay_failures_total") >= 1, 90, "the relay to say that it fails"
            )
            until(
                lambda: metric(broken.stack, "ingest", "deskstream_outbox_events") >= 20, 60, "the depth of the outbox to be shown"
            )
            until(lambda: metric(broken.stack, "ingest", "deskstream_outbox_oldest_seconds") > 10, 60, "its age to be shown")
            wire.mend(forgotten=True)
        traffic.check(120)
        until(lambda: metric(broken.stack, "ingest", "deskstream_outbox_events") == 0, 60, "the outbox to be shown as empty")


def test_f15_no_offset_moves_past_a_message_while_the_database_is_away(broken: Broken, load: Callable[..., Load]) -> None:
    with wire_to_database_of(broken, "customer") as wire:
        with load(160, 20) as traffic:
            until(lambda: broken.desk.mailbox_stats()["last_seq"] > traffic.mail_seq, 60, "the first confirmation")
            wire.cut()
            until(lambda: _waiting(traffic) >= 40, 60, "messages that wait for the database")
            taken = ids_between(broken.bootstrap, traffic.offsets, committed(broken.bootstrap, "customer-svc"), INBOUND.name)
            listed = ", ".join(f"'{id_}'" for id_ in taken)
            assert count(broken.stack, "customer", f"inbox WHERE event_id IN ({listed})") == len(taken) > 0
            wire.mend()
        traffic.check(120)


@pytest.mark.parametrize("forgotten", [False, True], ids=["packets are sent again", "connections are reset"])
def test_f15_without_postgresql_nothing_is_accepted_and_then_everything_is(
    forgotten: bool, broken: Broken, load: Callable[..., Load]
) -> None:
    with wire_to_postgres(broken) as wire:
        broken.revive()  # whoever does not survive the move of the server is started again, as a lead would
        with load(120, 30) as traffic:
            until(lambda: _accepted(traffic) > 20, 60, "the first mails")
            wire.cut()
            began = time.time()
            time.sleep(8)
            ended = time.time()
            wire.mend(forgotten=forgotten)
        # An answer that was under way when the line was cut may still have been read, on a busy machine a little later.
        assert not [s for s in traffic.sent if s.accepted_at and began + 3 < s.accepted_at < ended]
        traffic.check(120)


def _waiting(traffic: Load) -> int:
    """Messages of `inbound` that customer-svc has not settled."""
    bootstrap = traffic.broken.bootstrap
    ends, done = end_offsets(bootstrap), committed(bootstrap, "customer-svc")
    return sum(end - done.get(p, traffic.offsets[p]) for p, end in ends.items() if p.topic == INBOUND.name)


def _accepted(traffic: Load) -> int:
    return int(traffic.broken.desk.api("GET", "/ledger/summary")["received"] - traffic.received)
