"""F34, from anybody: crafted mail stops no consumer, each has its outcome, and nobody else's mail is late for it."""

import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

import pytest

from desk.client import until
from desk.paths import HOST
from desk.traffic import hostile
from tests.faults.conftest import Broken, Load
from tests.faults.handed_in import closed, entries, hand_in, seconds_taken

_POISONS = 1001
_HOSTILE_RATE = 10.0  # a second
_MOST_LATE_SECONDS = 2.0
_MOST_BYTES = 512 * 2**20
_SESSIONS, _MEGABYTES = 60, 20
_LINE = b"A" * 1022 + b"\r\n"


def lateness(traffic: Load) -> float:
    """How long the slowest of a load took from its receipt to its ticket, in seconds."""
    wanted = {sent.message_id for sent in traffic.sent}
    found = (entry for entry in entries(traffic.broken.desk) if entry["rfc_message_id"] in wanted)
    return max(map(seconds_taken, islice(found, len(wanted))))


@contextmanager
def sent_beside(broken: Broken, raws: list[bytes], rate: float) -> Iterator[list[str]]:
    """Hands mails in, `rate` a second (0: as fast as they are taken), while the block goes on. Yields the receipts, full at its
    end."""
    receipts: list[str] = []
    thread = threading.Thread(target=lambda: receipts.extend(hand_in(broken.desk, raws, rate=rate)))
    thread.start()
    try:
        yield receipts
    finally:
        thread.join()


def poison(number: int) -> bytes:
    """A mail that is nothing but small, with a NUL where somebody behind might store it."""
    field = (b"Cc", b"Reply-To", b"X-Any", b"Subject")[number % 4]
    return b"From: p%d@poison.example\r\nTo: support@desk.localhost\r\n%s: v\0%d@bank.example\r\n\r\nHello\r\n" % (
        number,
        field,
        number,
    )


@pytest.fixture(scope="module")
def undisturbed(broken: Broken) -> float:
    """How late the same load is by itself, on this machine, today."""
    with Load(broken, 120, 20) as traffic:
        pass
    traffic.check()
    return lateness(traffic)


@pytest.mark.parametrize("what", ["every kind of hostile mail", "1,001 poisons"])
def test_f34_no_crafted_mail_makes_anybody_elses_late(
    what: str, undisturbed: float, broken: Broken, load: Callable[..., Load]
) -> None:
    crafted, rate = {
        "every kind of hostile mail": ([raw for _, raw in islice(hostile.mails(), 3 * len(hostile.KINDS))], _HOSTILE_RATE),
        "1,001 poisons": ([poison(number) for number in range(_POISONS)], 0.0),
    }[what]
    with load(120, 20) as traffic, sent_beside(broken, crafted, rate) as receipts:
        pass
    traffic.check(120)
    assert lateness(traffic) < undisturbed + _MOST_LATE_SECONDS
    became = closed(broken.desk, receipts, 120)
    assert len(became) == len(crafted)
    assert {entry["outcome"] for entry in became} <= {"opened", "quarantined"}
    assert broken.desk.api("GET", "/admin/parked")["items"] == []
    assert all(broken.stack.is_ready(service) for service in broken.stack.names if service not in ("kafka", "postgres"))


def most_memory(pid: int) -> int:
    """The most bytes that a process has held in memory at a time since its start."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def half_a_message(port: int, size: int) -> socket.socket:
    """An SMTP session in the middle of a message. It sends until it has sent `size` bytes, or is thrown out."""
    session = socket.create_connection((HOST, port), timeout=20)
    answers = session.makefile("rb")
    answers.readline()
    for command in (b"HELO x", b"MAIL FROM:<a@hostile.example>", b"RCPT TO:<support@desk.localhost>", b"DATA"):
        session.sendall(command + b"\r\n")
        answers.readline()
    try:
        for _ in range(size // len(_LINE) // 64):
            session.sendall(_LINE * 64)
    except OSError:
        pass  # told to try again later
    return session


def test_f34_sixty_messages_that_never_end_hold_neither_memory_nor_anybodys_mail(broken: Broken) -> None:
    broken.restart("ingest")
    pid = broken.stack.pid("ingest")
    assert pid is not None
    port = broken.desk.port("smtp")
    with ExitStack() as sessions:
        for _ in range(_SESSIONS):
            sessions.enter_context(half_a_message(port, _MEGABYTES * 2**20))
        began = time.monotonic()
        (entry,) = closed(broken.desk, hand_in(broken.desk, [poison(0)]), 20)
        assert time.monotonic() - began < 10
        assert entry["outcome"] == "opened"
        assert most_memory(pid) < _MOST_BYTES
    assert broken.stack.pid("ingest") == pid
    with smtplib.SMTP(HOST, port, timeout=10) as smtp:
        assert smtp.noop()[0] == 250
    until(lambda: broken.stack.is_ready("ingest"), 10, "ingest to be ready")
