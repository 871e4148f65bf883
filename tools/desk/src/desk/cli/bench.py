"""bench: how fast, how cheap, and is everything accounted for."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from desk.client import Desk
from desk.paths import desk_home
from desk.traffic.bench import Result, run_mail_bench
from desk.traffic.seed import seed
from desk.traffic.usage import machine, measure

console = Console(highlight=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="Measure the running stack.", no_args_is_help=True)
    group.callback()(lambda: None)
    group.command()(mail)
    app.add_typer(group, name="bench")


def mail(
    count: Annotated[int, typer.Option(min=2, help="How many mails: half new, half replies.")] = 2000,
    rate: Annotated[float, typer.Option(min=0, help="Mails a second; 0: as fast as they are taken.")] = 0,
    connections: Annotated[int, typer.Option(min=1, max=200, help="SMTP connections at a time.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """From SMTP to routed, timed and confirmed. Exit code 1 if anything was lost or doubled."""
    desk = Desk.running(desk_home())
    seed(desk)
    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as progress:
        tasks = {name: progress.add_task(name, total=1.0) for name in ("sending", "following")}

        def show(phase: str, done: float) -> None:
            progress.update(tasks[phase], completed=done)

        result = run_mail_bench(desk, count, rate, connections, show, lambda: measure(desk.home))
    if as_json:
        given = {"rate": rate, "connections": connections, "machine": machine()}
        typer.echo(json.dumps(asdict(result) | {"mails_per_second": result.mails_per_second} | given, indent=2))
    else:
        _print(result)
    raise typer.Exit(0 if result.flawless else 1)


def _print(result: Result) -> None:
    table = Table(box=None, show_header=False)
    table.add_row("mails", f"{result.accepted} of {result.mails} accepted, all through after {result.seconds:.1f} s")
    table.add_row("throughput", f"{result.mails_per_second} mails/s")
    for name, values in result.latencies.items():
        table.add_row(name.removesuffix("_ms").replace("_", " "), "  ".join(f"{q} {v} ms" for q, v in values.items()))
    table.add_row("CPU", f"{result.cpu_ms_per_mail} ms a mail, over all processes")
    for name, value in result.cpu_ms_by_process.items():
        table.add_row(f"  {name}", f"{value:6.2f} ms   {result.memory_mib.get(name, 0):7.1f} MiB")
    table.add_row("memory", f"{result.memory_mib['all']} MiB")
    table.add_row("lost", ", ".join(f"{n} {name}" for name, n in result.lost.items()))
    table.add_row("doubled", ", ".join(f"{n} {name}" for name, n in result.doubled.items()))
    console.print(table)
