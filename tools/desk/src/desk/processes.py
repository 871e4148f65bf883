"""One child process of a stack: its group, its log, its pid file, its end."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from desk.errors import DeskError
from desk.files import OWNER_ONLY, replace_text
from desk.identity import STACK_VARIABLE, identity, signal_group, signal_process

KEPT_LOGS = 3
LOG_LIMIT = 64 * 1024 * 1024

# The kernel's "parent died" signal comes when the *thread* that forked ends, so all children are forked by one
# thread that lives as long as this process.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="desk-spawner")
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Child:
    """A process in a session and process group of its own, logging to `logs/<name>.log`."""

    name: str
    home: Path
    command: list[str]
    env: dict[str, str] = field(default_factory=dict, repr=False)
    user: str | None = None
    stop_signal: int = signal.SIGTERM
    grace: float = 20.0
    cwd: Path | None = None
    _popen: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.home / "logs" / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        """What the next `up` or `down` finds it by, should this process die."""
        return self.home / "run" / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """Its pid while it runs."""
        return self._popen.pid if self._popen is not None and self.running else None

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs or before it started."""
        return None if self._popen is None else self._popen.poll()

    def start(self) -> None:
        """Start it; raises DeskError if it runs already or its program is missing."""
        if self.running:
            raise DeskError(f"{self.name} runs already")
        _SPAWNER.submit(self._spawn).result()

    def _spawn(self) -> None:
        rotate(self.log)
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._popen = subprocess.Popen(
                self.command,
                env={**os.environ, **self.env, STACK_VARIABLE: str(self.home)},
                cwd=self.cwd or "/",
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
                umask=OWNER_ONLY,
                user=self.user,
                group=_group_of(self.user),
                extra_groups=[] if self.user else None,
                preexec_fn=_die_with_parent(self.stop_signal),
            )
        except OSError as error:
            raise DeskError(f"{self.name} cannot be started: {error}") from error
        finally:
            os.close(descriptor)
        pid = self._popen.pid
        replace_text(self.pid_file, json.dumps({"pid": pid, "identity": identity(pid), "signal": self.stop_signal}))

    def ask_to_stop(self, number: int | None = None) -> None:
        """Send its stop signal, or another, to its leader; a frozen one is thawed to hear it."""
        if self._popen is not None and self.running:
            signal_process(self._popen.pid, number or self.stop_signal)
            signal_group(self._popen.pid, signal.SIGCONT)

    def wait_stopped(self, seconds: float | None = None) -> bool:
        """Wait for its end and clean up behind it; whether it ended by itself (else it was killed)."""
        if self._popen is None:
            return True
        try:
            self._popen.wait(self.grace if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return False
        self._bury()
        return True

    def stop(self, seconds: float | None = None) -> bool:
        """Ask, wait, and kill if it must be; whether it ended by itself."""
        self.ask_to_stop()
        return self.wait_stopped(seconds)

    def kill(self) -> None:
        """SIGKILL to its whole process group, and wait."""
        if self._popen is not None:
            signal_group(self._popen.pid, signal.SIGKILL)
            self._popen.wait()
            self._bury()

    def freeze(self) -> None:
        """SIGSTOP to its process group: it neither answers nor closes its connections."""
        if self._popen is not None and self.running:
            signal_group(self._popen.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """End a freeze."""
        if self._popen is not None:
            signal_group(self._popen.pid, signal.SIGCONT)

    def _bury(self) -> None:
        assert self._popen is not None
        signal_group(self._popen.pid, signal.SIGKILL)
        self.pid_file.unlink(missing_ok=True)


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd

    return pwd.getpwnam(user).pw_gid


def _die_with_parent(number: int) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    libc, parent = _LIBC, os.getpid()

    def arm() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os._exit(1)

    return arm


def settle_spawner() -> None:
    """Wait until no child is half started (after an interrupt, before a stop)."""
    _SPAWNER.submit(lambda: None).result()


def rotate(log: Path) -> None:
    """Keep the logs of the last few runs as `.1`, `.2`, …"""
    if not log.exists() or log.stat().st_size == 0:
        return
    for number in range(KEPT_LOGS - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    log.replace(log.with_name(f"{log.name}.1"))


def bound_log(log: Path, limit: int = LOG_LIMIT) -> None:
    """Empty a log that outgrew the limit; its last quarter stays as `.1`. Its writer appends, so it goes on at 0."""
    with contextlib.suppress(FileNotFoundError):
        size = log.stat().st_size
        if size > limit:
            with log.open("rb") as file:
                file.seek(size - limit // 4)
                log.with_name(f"{log.name}.1").write_bytes(file.read(limit // 4))
            os.truncate(log, 0)
