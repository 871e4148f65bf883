"""What a mail costs in things that can be counted: commits, messages to PostgreSQL, requests to Kafka, bytes of WAL.

Unlike CPU these hardly depend on the machine and on what else it does. They are counted over the whole stack, polls included, from
before the first mail is sent until the last is through.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from desk.client import Desk
from desk.errors import DeskError
from desk.overview import look
from desk.postgres import Postgres
from desk.topology import SERVICES
from desk.traffic.broker_requests import BrokerRequests
from desk.traffic.segments import Segments

REST_SECONDS = 11.0
"""A session of PostgreSQL that falls idle tells its last commits up to 10 s later (PGSTAT_IDLE_INTERVAL in pgstat.c)."""

# `xact_commit` knows reads too, and the single statements that are a transaction of their own.
_ASKED = """
SELECT sum(xact_commit), pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')
  FROM pg_stat_database WHERE datname IN ({names})
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """The counters at one moment (monotonic seconds). Each began at a time of its own: only differences mean something."""

    at: float
    commits: int
    messages: int
    produce: int
    fetch: int
    wal_bytes: int

    @property
    def numbers(self) -> dict[str, int]:
        """All counters by name."""
        return {name: getattr(self, name) for name in NAMES}


NAMES = ("commits", "messages", "produce", "fetch", "wal_bytes")


@dataclass(frozen=True, slots=True)
class Counts:
    """By the names of NAMES: `per_mail` while the mails came, polls included; `idle_per_second` while nothing came after them."""

    seconds: float
    per_mail: dict[str, float]
    idle_per_second: dict[str, float]


def counts(begun: Reading, ended: Reading, rested: Reading, later: Reading, mails: int) -> Counts:
    """What so many mails between `begun` and `ended` cost.

    All but the commits are known at once. Those are told late: they are read when the stack has rested, less what it has committed
    while it rested, which is known from the time between `rested` and `later`. Each reading must follow a rest but `ended`.
    """
    seconds = later.at - rested.at
    idle = {name: (later.numbers[name] - rested.numbers[name]) / seconds for name in NAMES}
    total: dict[str, float] = {name: ended.numbers[name] - begun.numbers[name] for name in NAMES}
    total["commits"] = rested.commits - begun.commits - idle["commits"] * (rested.at - ended.at)
    return Counts(
        seconds=round(ended.at - begun.at, 1),
        per_mail={name: round(total[name] / max(1, mails), 2) for name in NAMES},
        idle_per_second={name: round(idle[name], 2) for name in NAMES},
    )


class Counting:
    """Counts while it is open: `begin` before the first mail, `end` after the last, and then `result`."""

    def __init__(self, desk: Desk) -> None:
        self._postgres = Postgres(desk.home, desk.port("postgres"), desk.secrets["postgres_admin"])
        broker = next((seen.pid for seen in look(desk.home).processes if seen.name == "kafka"), None)
        if broker is None:
            raise DeskError("the broker of the stack does not run: start it with ./desk up --detach")
        self._requests = BrokerRequests(broker, desk.home / "run")
        self._segments = Segments(desk.port("postgres"))
        self._open = ExitStack()
        self._begun: Reading | None = None
        self._ended: Reading | None = None

    def __enter__(self) -> Counting:
        with ExitStack() as opened:
            opened.enter_context(self._requests)
            opened.enter_context(self._segments)
            self._open = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def rest(self, progress: Callable[[float], None]) -> None:
        """Wait until every session has told its commits. `progress` hears how much of it is over (0 to 1)."""
        began = time.monotonic()
        while (passed := time.monotonic() - began) < REST_SECONDS:
            progress(passed / REST_SECONDS)
            time.sleep(min(0.2, REST_SECONDS - passed))
        progress(1.0)

    def mark(self) -> None:
        """The first call is the beginning, the second the end."""
        if self._begun is None:
            self._begun = self._read()
        else:
            self._ended = self._read()

    def result(self, mails: int, progress: Callable[[float], None]) -> Counts:
        """Waits twice REST_SECONDS; what so many mails cost between the two marks. Raises DeskError."""
        assert self._begun is not None
        assert self._ended is not None
        self.rest(lambda done: progress(done / 2))
        rested = self._read()
        self.rest(lambda done: progress(0.5 + done / 2))
        return counts(self._begun, self._ended, rested, self._read(), mails)

    def _read(self) -> Reading:
        at = time.monotonic()
        # The segments before psql comes, whose own would be among them.
        messages = self._segments.total()
        names = ", ".join(f"'{service.name}'" for service in SERVICES)
        commits, wal = self._postgres.psql(_ASKED.format(names=names)).strip().split("|")
        requests = self._requests.totals()
        return Reading(at, int(commits), messages, requests["produce"], requests["fetch"], int(wal))
