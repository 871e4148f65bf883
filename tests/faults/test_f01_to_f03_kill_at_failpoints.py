"""F1–F3: killed between commit and publish, between publish and mark, between the effect's commit and the offset's."""

from collections.abc import Callable

import pytest

from tests.faults.conftest import SERVICES, Broken, Load

CONSUMERS = tuple(name for name in SERVICES if name != "ingest")


@pytest.mark.parametrize("service", CONSUMERS)
def test_f01_what_was_committed_before_a_kill_is_published(service: str, broken: Broken, load: Callable[..., Load]) -> None:
    broken.restart(service, FAILPOINTS="consumer.committed=kill")
    with load(20) as traffic:
        broken.wait_dead(service)
        broken.revive()
    traffic.check()


@pytest.mark.parametrize("service", ["ingest", "ticket"])
def test_f02_what_was_published_before_a_kill_has_one_effect(service: str, broken: Broken, load: Callable[..., Load]) -> None:
    broken.restart(service, FAILPOINTS="relay.published=kill")
    with load(20) as traffic:
        broken.wait_dead(service)
        broken.revive()
    events = traffic.check()
    ids = [event.id for event in events]
    assert len(ids) > len(set(ids)), "nothing was published twice: the failpoint was not where it should be"


@pytest.mark.parametrize("service", ["customer", "ticket", "sla"])
def test_f03_what_was_committed_before_its_offset_has_one_effect(service: str, broken: Broken, load: Callable[..., Load]) -> None:
    broken.restart(service, FAILPOINTS="consumer.settled=kill")
    with load(20) as traffic:
        broken.wait_dead(service)
        broken.revive()
    traffic.check()


def test_a_mail_accepted_but_not_answered_is_a_duplicate_when_it_comes_again(broken: Broken, load: Callable[..., Load]) -> None:
    broken.restart("ingest", FAILPOINTS="ingest.accepted=kill")
    with load(6) as traffic:
        broken.wait_dead("ingest")
        broken.revive()
    traffic.check()
    reasons = {row["reason"] for row in broken.desk.api("GET", "/ledger/summary")["counts"]}
    assert "duplicate" in reasons


def test_a_mail_taken_by_the_server_is_not_sent_again_after_a_kill(broken: Broken, load: Callable[..., Load]) -> None:
    broken.restart("notify", FAILPOINTS="notify.accepted=kill")
    with load(6) as traffic:
        broken.wait_dead("notify")
        broken.revive()
    traffic.check(doubled_confirmations=0)
