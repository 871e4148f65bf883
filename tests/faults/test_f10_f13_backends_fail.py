"""F10, F13: the broker is killed, restarted and frozen; PostgreSQL is restarted; nothing that was accepted is lost or doubled."""

import time
from collections.abc import Callable

from tests.faults.conftest import Broken, Load


def test_f10_the_broker_is_killed_and_started_again(broken: Broken, load: Callable[..., Load]) -> None:
    with load(200, 20) as traffic:
        time.sleep(1)
        broken.stack.kafka.kill()
        time.sleep(2)
        broken.stack.kafka.start()
        broken.stack.kafka.wait_ready()
    traffic.check(120)


def test_f10_the_broker_is_frozen_for_a_while(broken: Broken, load: Callable[..., Load]) -> None:
    with load(200, 20) as traffic:
        time.sleep(1)
        broken.stack.kafka.freeze()
        time.sleep(8)
        broken.stack.kafka.thaw()
    traffic.check(120)


def test_f13_postgresql_is_restarted_under_load(broken: Broken, load: Callable[..., Load]) -> None:
    with load(200, 20) as traffic:
        for mode in ("fast", "immediate"):
            time.sleep(1.5)
            broken.stack.postgres.restart(mode)
    traffic.check(120)
