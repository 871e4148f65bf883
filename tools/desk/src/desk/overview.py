"""What runs on a home, seen from outside: for `status`, `down` and a second `up`."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from desk.health import answers_ready
from desk.identity import identity
from desk.paths import HOST, desk_port_base
from desk.stale_processes import read_pid_file
from desk.topology import PORT_OFFSETS, SERVICES


@dataclass(frozen=True, slots=True)
class Seen:
    """One process of a stack. `cpu_seconds` and `memory_mib` are of its whole process group's leader and children."""

    name: str
    state: str
    pid: int | None
    port: int
    restarts: int
    uptime_seconds: float | None
    cpu_seconds: float | None
    memory_mib: float | None


@dataclass(frozen=True, slots=True)
class Overview:
    """A stack on a home."""

    home: Path
    port_base: int
    supervisor: int | None
    ready: bool
    processes: tuple[Seen, ...]

    @property
    def running(self) -> bool:
        """Whether anything of it runs."""
        return self.supervisor is not None or any(seen.pid for seen in self.processes)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "home": str(self.home),
            "port_base": self.port_base,
            "running": self.running,
            "ready": self.ready,
            "supervisor_pid": self.supervisor,
            "addresses": dict(addresses(self.port_base)),
            "processes": [asdict(seen) for seen in self.processes],
        }


def addresses(port_base: int) -> list[tuple[str, str]]:
    """Where things are."""
    port = {name: port_base + offset for name, offset in PORT_OFFSETS.items()}
    return [
        ("API", f"http://{HOST}:{port['gateway']}/api/v1"),
        ("mail in (SMTP)", f"{HOST}:{port['smtp']}"),
        ("forms and raw mail (HTTP)", f"http://{HOST}:{port['ingest']}/webhooks"),
        ("mailbox of what was sent", f"http://{HOST}:{port['mailbox_http']}/messages"),
        ("Kafka", f"{HOST}:{port['kafka']}"),
        ("PostgreSQL", f"{HOST}:{port['postgres']}"),
    ]


def look(home: Path) -> Overview:
    """See what runs on this home."""
    note = _read(home / "run" / "stack.json")
    pid = note.get("pid")
    alive = isinstance(pid, int) and identity(pid) is not None and identity(pid) == note.get("identity")
    base = note["port_base"] if alive else desk_port_base()
    restarts = _read(home / "run" / "supervisor.json").get("restarts", {})
    names = ("kafka", "postgres", "mailbox", *(service.name for service in SERVICES))
    processes = tuple(_see(home, name, base, restarts.get(name, 0)) for name in names)
    ready = all(seen.state in ("running", "ready") for seen in processes)
    return Overview(home, base, pid if alive else None, ready, processes)


def _see(home: Path, name: str, base: int, restarts: int) -> Seen:
    port = base + PORT_OFFSETS["mailbox_http" if name == "mailbox" else name]
    found = read_pid_file(home / "run" / f"{name}.pid", home)
    if found is None or not found.leads:
        return Seen(name, "stopped", None, port, restarts, None, None, None)
    state = "running"
    if name not in ("kafka", "postgres"):
        state = "ready" if answers_ready(port) else "not ready"
    uptime = cpu = memory = None
    with contextlib.suppress(psutil.Error):
        leader = psutil.Process(found.pid)
        uptime = round(time.time() - leader.create_time(), 1)
        family = [leader, *leader.children(recursive=True)]
        times = [process.cpu_times() for process in family]
        cpu = round(sum(t.user + t.system for t in times), 2)
        memory = round(sum(process.memory_info().rss for process in family) / 2**20, 1)
    return Seen(name, state, found.pid, port, restarts, uptime, cpu, memory)


def _read(path: Path) -> dict[str, Any]:
    try:
        note = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}
