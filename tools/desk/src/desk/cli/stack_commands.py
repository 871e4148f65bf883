"""up, down, status, reset."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from desk.errors import AlreadyRuns, DeskError
from desk.files import OWNER_ONLY, replace_text
from desk.identity import identity, signal_process
from desk.kafka_archive import make_archive
from desk.kafka_jars import fetch_jars
from desk.overview import Overview, addresses, look
from desk.paths import MARKER, claim_home, desk_home, desk_port_base
from desk.postgres import Postgres
from desk.report import Spoken, Written
from desk.stack import Stack
from desk.stale_processes import in_stop_order, stale_processes, take_lock
from desk.supervisor import Interrupts, stop_patiently, supervise

console = Console(highlight=False, soft_wrap=True)
DOWN_SECONDS = 90.0


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(up)
    app.command()(down)
    app.command()(status)
    app.command()(reset)
    app.command(hidden=True)(supervised)


def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when everything is ready.")] = False,
) -> None:
    """Start everything: PostgreSQL, Kafka, the mailbox, all services."""
    home, base = desk_home(), desk_port_base()
    claim_home(home)
    try:
        if detach:
            with _one_at_a_time(home):
                os.close(take_lock(home))
                _up_detached(home, base)
        else:
            os.close(take_lock(home))
            _up_here(Stack(home, base, report=Spoken(console)))
    except AlreadyRuns as error:
        console.print(str(error))
        _print_addresses(look(home).port_base)


def _up_here(stack: Stack) -> None:
    began = time.monotonic()
    Interrupts(stack, console)
    try:
        stack.start()
        console.print(f"[green]everything is ready[/green] after {time.monotonic() - began:.1f} s")
        _print_addresses(stack.topology.port_base)
        console.print("Ctrl-C stops it")
        supervise(stack, console)
    except KeyboardInterrupt:
        console.print()
        stop_patiently(stack, console)


@contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    # Of two that come at once the second waits, and then finds the stack running.
    os.umask(OWNER_ONLY)
    with (home / "run" / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _up_detached(home: Path, base: int) -> None:
    began = time.monotonic()
    spoken = Spoken(console)
    make_archive(fetch_jars(spoken), spoken)
    run = home / "run"
    for name in ("failure.json", "supervisor.json", "phases.json"):
        (run / name).unlink(missing_ok=True)
    env = {**os.environ, "DESK_HOME": str(home), "DESK_PORT_BASE": str(base)}
    with (home / "logs" / "supervisor.log").open("w") as log:
        command = [sys.executable, "-m", "desk", "supervised"]
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=env, cwd="/"
        )
    try:
        _wait_detached(run, child, spoken)
    except KeyboardInterrupt:
        spoken.phase("")
        console.print("stopping …")
        signal_process(child.pid, signal.SIGTERM)
        child.wait()
        raise
    console.print(f"[green]everything is ready[/green] after {time.monotonic() - began:.1f} s")
    _print_addresses(base)
    console.print("./desk down stops it")


def _wait_detached(run: Path, child: subprocess.Popen[bytes], spoken: Spoken) -> None:
    told = 0
    while True:
        ended = child.poll() is not None
        phases = json.loads((run / "phases.json").read_text()) if (run / "phases.json").exists() else []
        for phase in phases[told:]:
            spoken.phase(phase)
        told = len(phases)
        if (run / "supervisor.json").exists():
            return spoken.phase("")
        if ended:
            spoken.phase("")
            failure = run / "failure.json"
            log = run.parent / "logs" / "supervisor.log"
            if not failure.exists():
                raise DeskError("the supervisor ended at its start", log)
            note = json.loads(failure.read_text())
            raise DeskError(note["message"], Path(note["log"]) if note["log"] else None)
        time.sleep(0.05)


def supervised() -> None:
    """What `up --detach` leaves running."""
    home = desk_home()
    run = home / "run"
    stack = Stack(home, desk_port_base(), report=Written(run / "phases.json"))
    Interrupts(stack, console)
    try:
        stack.start()
        supervise(stack, console)
    except DeskError as error:
        note = {"message": str(error), "log": str(error.log) if error.log else None}
        replace_text(run / "failure.json", json.dumps(note))
        raise
    except KeyboardInterrupt:
        stop_patiently(stack, console)


def down() -> None:
    """Stop everything; the data stay."""
    home = desk_home()
    seen = look(home)
    began = time.monotonic()
    if not (home / MARKER).exists():
        console.print(f"nothing runs on {home}")
        return
    if seen.supervisor is not None:
        console.print("stopping …")
        _stop_supervisor(seen.supervisor)
    try:
        lock = take_lock(home)
    except AlreadyRuns as error:
        raise DeskError(f"{error} — it is just starting: try again in a moment") from None
    left = in_stop_order(stale_processes(home))
    for leftover in left:
        console.print(f"stopping {leftover.name}, left by an earlier run (pid {leftover.pid})")
        leftover.stop(15)
    for name in ("stack.json", "supervisor.json", "phases.json"):
        (home / "run" / name).unlink(missing_ok=True)
    os.close(lock)
    stopped = seen.supervisor is not None or left
    console.print(f"stopped in {time.monotonic() - began:.1f} s" if stopped else f"nothing runs on {home}")


def _stop_supervisor(pid: int) -> None:
    known = identity(pid)
    signal_process(pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_SECONDS
    while known is not None and identity(pid) == known:
        if time.monotonic() > deadline:
            console.print(f"[yellow]the supervisor (pid {pid}) does not end: killing it[/yellow]")
            signal_process(pid, signal.SIGKILL)
            deadline += DOWN_SECONDS
        time.sleep(0.05)


def status(as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False) -> None:
    """Show what runs, and where. Exit code 0 if all is ready, 3 if not."""
    seen = look(desk_home())
    if as_json:
        typer.echo(json.dumps(seen.as_json(), indent=2))
    else:
        _print_status(seen)
    raise typer.Exit(0 if seen.ready else 3)


def _print_status(seen: Overview) -> None:
    if not seen.running:
        console.print(f"nothing runs on {seen.home}; ./desk up starts it")
        return
    table = Table(box=None)
    for name in ("process", "state", "pid", "port", "restarts", "up", "CPU", "memory"):
        table.add_column(name, justify="right" if name in ("pid", "port", "restarts", "up", "CPU", "memory") else "left")
    for row in seen.processes:
        colour = {"ready": "green", "running": "green", "stopped": "red"}.get(row.state, "yellow")
        numbers = [
            f"{row.uptime_seconds:.0f} s" if row.uptime_seconds is not None else "",
            f"{row.cpu_seconds:.1f} s" if row.cpu_seconds is not None else "",
            f"{row.memory_mib:.0f} MiB" if row.memory_mib is not None else "",
        ]
        state = f"[{colour}]{row.state}[/{colour}]"
        table.add_row(row.name, state, str(row.pid or ""), str(row.port), str(row.restarts), *numbers)
    console.print(table)
    if seen.supervisor is None:
        console.print("[yellow]left by an earlier run, which was killed: ./desk down or ./desk up cleans it up[/yellow]")
        return
    _print_addresses(seen.port_base)


def _print_addresses(port_base: int) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for what, where in addresses(port_base):
        table.add_row(what, where)
    table.add_row("API token", "./desk token --role agent")
    console.print(table)


def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete all data of the stack: databases, topics, mails, logs."""
    home = desk_home()
    if not (home / MARKER).exists():
        console.print(f"there is nothing at {home}")
        return
    lock = take_lock(home)
    if stale_processes(home):
        raise DeskError("something of the stack still runs: ./desk down first")
    if not yes:
        typer.confirm(f"Delete everything in {home}?", abort=True)
    Postgres(home, 0, "").forget()
    shutil.rmtree(home)
    os.close(lock)
    console.print(f"deleted {home}")
