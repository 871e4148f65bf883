"""F9: a service whose event loop stands still for 15 s (a blocking parse, a blocking look-up) recovers by itself."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from desk.client import until
from tests.faults.conftest import Broken, Load

_BLOCKED_SECONDS = 15


@dataclass
class Liveness:
    """What a service's liveness answered, one after the other: its status, or None where nothing came within a second."""

    answers: list[int | None] = field(default_factory=list)

    @property
    def longest_silence(self) -> int:
        """The most questions in a row that were not answered."""
        longest = silent = 0
        for answer in self.answers:
            silent = silent + 1 if answer is None else 0
            longest = max(longest, silent)
        return longest


@contextmanager
def asked_whether_it_lives(broken: Broken, service: str) -> Iterator[Liveness]:
    """Asks all the while, as an orchestrator would that gives up on each question after a second."""
    seen, over = Liveness(), threading.Event()

    def ask() -> None:
        while not over.wait(0.2):
            try:
                seen.answers.append(httpx.get(f"{broken.stack.url(service)}/health/live", timeout=1).status_code)
            except httpx.TransportError:
                seen.answers.append(None)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize(
    ("service", "failpoint"),
    [
        ("ingest", "ingest.sorted"),  # the sorter, its lock held
        ("ticket", "relay.published"),  # the relay: told, and not yet marked as told
        ("ticket", "consumer.before_commit"),  # the consumer, in its transaction
    ],
)
def test_f09_blocked_for_15_seconds_under_load_it_goes_on_where_it_was(
    service: str, failpoint: str, broken: Broken, load: Callable[..., Load]
) -> None:
    # Sessions are shorter than the pause, so that the group has given the partitions up meanwhile.
    broken.restart(service, FAILPOINTS=f"{failpoint}=block:{_BLOCKED_SECONDS}", CONSUMER_SESSION_TIMEOUT_MS="6000")
    pid = broken.stack.pid(service)
    began = time.monotonic()
    with asked_whether_it_lives(broken, service) as seen:
        with load(60, 30) as traffic:
            pass
        traffic.check(120)
        until(lambda: seen.answers[-5:] == [200] * 5, 20, f"{service} to say that it lives")
    assert time.monotonic() - began > _BLOCKED_SECONDS
    assert seen.longest_silence >= _BLOCKED_SECONDS // 2, "it was not blocked: the failpoint was not where it should be"
    assert 503 not in seen.answers, "it would have been restarted for nothing"
    assert broken.stack.pid(service) == pid, "it recovers without being started again"
