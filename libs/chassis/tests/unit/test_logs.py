"""What logs hold, and what they must not."""

import json
import logging
from collections.abc import Iterator

import pytest

from deskstream_chassis.watch import logs

SECRET = "the-token-of-an-admin"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level


def _fails(token: str) -> None:
    deep = {"authorization": token}
    if deep:
        raise ValueError("it fails")


@pytest.mark.parametrize("foreign", [False, True], ids=["ours", "of a library"])
def test_a_traceback_names_frames_and_nothing_that_was_in_them(foreign: bool, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("test-svc", "INFO")  # here, as standard output is another while fixtures are made
    try:
        _fails(SECRET)
    except ValueError:
        if foreign:
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
        else:
            logs.logger("test.ours").exception("unforeseen error", path="/x")
    (line,) = capsys.readouterr().out.splitlines()
    assert SECRET not in line
    assert "_fails" in line
    assert "it fails" in line


def test_a_line_is_bounded_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("test-svc", "INFO")
    logs.logger("test.bounded").warning("much", body="x" * 1_000_000, rows=[{"a": "y" * 5000} for _ in range(1000)])
    (line,) = capsys.readouterr().out.splitlines()
    assert len(line) < 17_000
    assert json.loads(line)["message"] == "much"


def test_what_repeats_itself_is_counted_and_not_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("deskstream_chassis.watch.logs.time.monotonic", lambda: now[0])
    logs.configure("test-svc", "INFO")
    log = logs.logger("test.repeated")
    for number in range(500):
        log.error("unforeseen error", path=f"/{number}")
        log.info("started", number=number)
    written = capsys.readouterr().out.splitlines()
    assert sum("unforeseen" in line for line in written) == 20
    assert sum("started" in line for line in written) == 500
    log.error("another error")
    assert "another" in capsys.readouterr().out
    now[0] += 61
    log.error("unforeseen error", path="/later")
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["held_back"] == 480
