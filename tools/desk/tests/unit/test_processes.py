"""Children: their identity, their logs, what a dead parent leaves."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.errors import AlreadyRuns
from desk.identity import identity
from desk.processes import Child, bound_log, rotate
from desk.stale_processes import in_stop_order, read_pid_file, stale_processes, take_lock

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("logs", "run"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def sleeper(home: Path) -> Iterator[Child]:
    child = Child("sleeper", home, SLEEP)
    child.start()
    yield child
    child.kill()


def test_a_running_child_is_found_by_its_pid_file(sleeper: Child, home: Path) -> None:
    found = read_pid_file(sleeper.pid_file, home)
    assert found is not None and found.pid == sleeper.pid and found.leads


def test_a_pid_that_another_process_has_now_is_stale(home: Path) -> None:
    path = home / "run" / "ticket.pid"
    path.write_text(json.dumps({"pid": os.getpid(), "identity": "another boot:1", "signal": 15}))
    assert stale_processes(home) == []
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "12", "{}", '{"pid": "x"}', "\x00"])
def test_a_broken_pid_file_is_stale(home: Path, text: str) -> None:
    (home / "run" / "ticket.pid").write_text(text)
    assert stale_processes(home) == []


def test_a_zombie_has_no_identity() -> None:
    process = subprocess.Popen([sys.executable, "-S", "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert identity(process.pid) is None
    process.wait()


def test_what_a_dead_leader_left_in_its_group_is_found_and_stopped(home: Path) -> None:
    script = f"import subprocess; print(subprocess.Popen({SLEEP!r}).pid, flush=True)"
    leader = Child("ingest", home, [sys.executable, "-S", "-c", script])
    leader.start()
    assert leader._popen is not None
    leader._popen.wait()
    (left,) = stale_processes(home)
    assert not left.leads and left.alive()
    left.stop(1)
    worker = int(leader.log.read_text())
    assert identity(worker) is None


def test_a_frozen_child_can_be_stopped(sleeper: Child) -> None:
    sleeper.freeze()
    assert sleeper.stop(5)
    assert not sleeper.running and not sleeper.pid_file.exists()


def test_a_child_that_does_not_listen_is_killed(home: Path) -> None:
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    child = Child("deaf", home, [sys.executable, "-S", "-c", script])
    child.start()
    while not child.log.read_text():
        assert child.running
    assert not child.stop(0.2)
    assert child.exit_code == -9


def test_one_process_holds_a_home(home: Path) -> None:
    lock = take_lock(home)
    with pytest.raises(AlreadyRuns):
        take_lock(home)
    os.close(lock)
    os.close(take_lock(home))


def test_postgres_is_stopped_last(home: Path) -> None:
    for name in ("postgres", "kafka", "ticket", "mailbox"):
        note = {"pid": os.getpid(), "identity": identity(os.getpid()), "signal": 15}
        (home / "run" / f"{name}.pid").write_text(json.dumps(note))
    assert [left.name for left in in_stop_order(stale_processes(home))] == ["ticket", "mailbox", "kafka", "postgres"]


def test_logs_are_rotated_and_bounded(home: Path) -> None:
    log = home / "logs" / "ticket.log"
    for text in ("first", "second", "third"):
        log.write_text(text)
        rotate(log)
    assert [log.with_name(f"ticket.log.{n}").read_text() for n in (1, 2, 3)] == ["third", "second", "first"]
    log.write_text("x" * 99 + "y")
    bound_log(log, 40)
    assert log.read_text() == "" and log.with_name("ticket.log.1").read_text() == "x" * 9 + "y"
