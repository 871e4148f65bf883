"""F7, F8: a rebalance in the middle of a batch, and a worker that freezes, is replaced, and comes back."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from desk.ports import free_port_base
from tests.faults.conftest import Broken, Load


@contextmanager
def another_worker(broken: Broken, name: str, package: str, number: int) -> Iterator[subprocess.Popen[bytes]]:
    """One more worker of a service, beside the stack's own."""
    prefix = f"{name.upper()}_"
    env = {**os.environ, **broken.stack.env(name)}
    env |= {f"{prefix}INSTANCE": f"{name}-extra-{number}", f"{prefix}HTTP_PORT": str(free_port_base())}
    log = broken.stack.home / "logs" / f"{name}-extra-{number}.log"
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", package, "worker"], env=env, stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(30)


def test_f07_members_join_and_leave_under_load(broken: Broken, load: Callable[..., Load]) -> None:
    broken.restart("ticket", CONSUMER_SESSION_TIMEOUT_MS="3000")
    with load(300, 40) as traffic:
        for number in range(3):
            with another_worker(broken, "ticket", "ticket_svc", number):
                time.sleep(2.0)
    traffic.check()


def test_f08_a_frozen_worker_that_was_replaced_changes_nothing_when_it_comes_back(
    broken: Broken, load: Callable[..., Load]
) -> None:
    broken.restart("ticket", CONSUMER_SESSION_TIMEOUT_MS="3000")
    with another_worker(broken, "ticket", "ticket_svc", 9) as frozen:
        time.sleep(4)
        with load(200, 20) as traffic:
            time.sleep(1)
            frozen.send_signal(signal.SIGSTOP)
            time.sleep(20)
            frozen.send_signal(signal.SIGCONT)
        traffic.check()
