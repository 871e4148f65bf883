"""bench: how fast, how cheap, and is everything accounted for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from desk.client import Desk
from desk.paths import desk_home
from desk.traffic.bench import BESIDE_RATE, Beside, Fairness, Result, Usage, run_mail_bench
from desk.traffic.counts import Counting, Counts
from desk.traffic.reads import READS, Read, run_reads_bench
from desk.traffic.seed import seed
from desk.traffic.usage import machine, measure

console = Console(highlight=False)

_COUNTED = {
    "commits": "commits in PostgreSQL",
    "messages": "messages to PostgreSQL",
    "produce": "Produce requests to Kafka",
    "fetch": "Fetch requests to Kafka",
    "wal_bytes": "bytes of WAL",
}


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="Measure the running stack.", no_args_is_help=True)
    group.callback()(lambda: None)
    group.command()(mail)
    group.command()(reads)
    app.add_typer(group, name="bench")


def mail(
    count: Annotated[int, typer.Option(min=2, help="How many mails: half new, half replies.")] = 2000,
    rate: Annotated[float, typer.Option(min=0, help="Mails a second; 0: as fast as they are taken.")] = 0,
    connections: Annotated[int, typer.Option(min=1, max=200, help="SMTP connections at a time.")] = 8,
    counted: Annotated[
        bool,
        typer.Option(
            "--counts",
            help="Also commits, messages to PostgreSQL, requests to Kafka and WAL a mail; best with --rate 20 --count 600. "
            "Takes half a minute more.",
        ),
    ] = False,
    beside: Annotated[
        Literal["hostile"] | None,
        typer.Option(
            help="Also beside 20 ordinary, and 20 hostile mails a second: what they cost the others. With --rate 20 --count 600."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """From SMTP to routed, timed and confirmed. Exit code 1 if anything was lost or doubled."""
    desk = Desk.running(desk_home())
    seed(desk)
    if beside:
        _beside(desk, count, rate, connections, as_json)
    counts: Counts | None = None
    phases = ("resting", "sending", "following", "counting") if counted else ("sending", "following")
    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as progress:
        tasks = {name: progress.add_task(name, total=1.0) for name in phases}

        def show(phase: str, done: float) -> None:
            progress.update(tasks[phase], completed=done)

        def run(measured: Callable[[], Usage]) -> Result:
            return run_mail_bench(desk, count, rate, connections, show, measured)

        if counted:
            result, counts = _counted(desk, run, show)
        else:
            result = run(lambda: measure(desk.home))
    if as_json:
        given = {"rate": rate, "connections": connections, "machine": machine()}
        found = asdict(result) | ({"counts": asdict(counts)} if counts else {})
        typer.echo(json.dumps(found | {"mails_per_second": result.mails_per_second} | given, indent=2))
    else:
        _print(result)
        if counts:
            _print_counts(counts)
    raise typer.Exit(0 if result.flawless else 1)


def reads(
    tickets: Annotated[
        list[int] | None,
        typer.Option(min=1000, help="How many there are; given twice, both are measured. [default: 100000]", show_default=False),
    ] = None,
    connections: Annotated[
        list[int] | None,
        typer.Option(min=1, max=64, help="Readers at a time; may be given again. [default: 1 and 8]", show_default=False),
    ] = None,
    requests: Annotated[int, typer.Option(min=8, help="How often each is read.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Lists, filters, counts and searches over many tickets, on a stack of its own; a million take some minutes to make."""
    found: list[Read] = []
    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as progress:
        for many in tickets or [100_000]:
            tasks = {name: progress.add_task(f"{name} {many:,} tickets", total=1.0) for name in ("filling", "reading")}

            def show(phase: str, done: float, tasks: Mapping[str, TaskID] = tasks) -> None:
                progress.update(tasks[phase], completed=done)

            found += run_reads_bench(many, connections or [1, 8], requests, show)
    if as_json:
        typer.echo(json.dumps({"reads": [asdict(read) for read in found], "machine": machine()}, indent=2))
        return
    table = Table(box=None)
    for name in ("read", "tickets", "at once", "p50 ms", "p99 ms", "per s"):
        table.add_column(name, justify="left" if name == "read" else "right")
    for read in sorted(found, key=lambda r: list(READS).index(r.read)):
        figures = (f"{read.tickets:,}", str(read.connections), f"{read.p50_ms}", f"{read.p99_ms}", f"{read.per_second:.0f}")
        table.add_row(read.read, *figures)
    console.print(table)


def _beside(desk: Desk, count: int, rate: float, connections: int, as_json: bool) -> NoReturn:
    """Alternates alone, beside ordinary and beside hostile mails, two runs each; the better ones count."""
    found: dict[Beside | None, list[Result]] = {None: [], "ordinary": [], "hostile": []}
    with Progress(console=Console(stderr=True), disable=as_json, transient=True) as progress:
        task = progress.add_task("alone, beside ordinary, beside hostile mails", total=2.0 * len(found))
        for kind in 2 * list(found):
            found[kind].append(run_mail_bench(desk, count, rate, connections, lambda _phase, _done: None, beside=kind))
            progress.advance(task)
    fair = Fairness.of(found[None], found["ordinary"], found["hostile"])
    if as_json:
        typer.echo(json.dumps(asdict(fair), indent=2))
    else:
        table = Table(box=None, show_header=False)
        table.add_row("p99 of the confirmation, alone", f"{fair.alone_ms} ms")
        table.add_row(f"beside {BESIDE_RATE:.0f} ordinary mails/s", f"{fair.ordinary_ms} ms")
        table.add_row(f"beside {BESIDE_RATE:.0f} hostile mails/s", f"{fair.hostile_ms} ms")
        table.add_row("hostile to alone, to ordinary", f"{fair.ratio}, {fair.to_ordinary}")
        table.add_row("lost, doubled", f"{fair.lost}, {fair.doubled}")
        console.print(table)
    raise typer.Exit(0 if fair.flawless else 1)


def _counted(desk: Desk, run: Callable[[Callable[[], Usage]], Result], show: Callable[[str, float], None]) -> tuple[Result, Counts]:
    with Counting(desk) as counting:
        counting.rest(lambda done: show("resting", done))

        def measured() -> Usage:
            counting.mark()
            return measure(desk.home)

        result = run(measured)
        return result, counting.result(result.accepted, lambda done: show("counting", done))


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


def _print_counts(counts: Counts) -> None:
    table = Table(box=None)
    table.add_column(f"counted over {counts.seconds:.1f} s, polls included")
    table.add_column("a mail", justify="right")
    table.add_column("a second when idle", justify="right")
    for name, value in counts.per_mail.items():
        table.add_row(_COUNTED[name], f"{value:,.1f}", f"{counts.idle_per_second[name]:,.1f}")
    console.print(table)
