"""Each service is killed at random moments under load, again and again, and started again."""

import random
import time
from collections.abc import Callable

import pytest

from tests.faults.conftest import SERVICES, Broken, Load


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_killed_again_and_again_loses_and_doubles_nothing(
    service: str, broken: Broken, load: Callable[..., Load]
) -> None:
    dice = random.Random(service)  # the same moments in every run, as far as the machine allows
    with load(150, 30) as traffic:
        for _ in range(3):
            time.sleep(dice.uniform(0.3, 1.2))
            broken.stack.kill(service)
            broken.revive()
    # What notify had in the air when it died may be taken twice by the server: as many as it has connections, each time.
    in_the_air = 3 * 4 if service == "notify" else 0
    traffic.check(doubled_confirmations=in_the_air)


def test_f22_a_rolling_stop_under_load_loses_nothing(broken: Broken, load: Callable[..., Load]) -> None:
    with load(300, 25) as traffic:
        for service in SERVICES:
            assert broken.stack.stop_service(service), f"{service} did not end within its grace"
            broken.stack.start_service(service)
            broken.stack.wait_ready(60, [service])
    traffic.check()
