"""rebuild-views: the gateway's read model again from Kafka, beside the old one."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from desk.cli.door import door
from desk.client import Desk
from desk.errors import DeskError

console = Console(highlight=False)
_RUNS = ("reading", "comparing", "swapping")
_COUNTS = ("equal", "only_live", "only_rebuilt", "different", "other_version")


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command("rebuild-views")(rebuild_views)


def rebuild_views(
    swap: Annotated[bool, typer.Option("--swap", help="Then make the rebuilt views the live ones.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Build the gateway's views again from Kafka and compare them with the live ones. Exit code 1 if they differ."""
    desk = door()
    report = desk.api("POST", "/admin/views/rebuild", role="operator", params={"swap": swap})
    report = _watched(desk, report, quiet=as_json)
    if report["state"] != "done":
        raise DeskError(f"the rebuild has {report['state']}: {report['error'] or 'its process ended'}")
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        _print(report)
    raise typer.Exit(0 if report["agree"] else 1)


def _watched(desk: Desk, report: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("events"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        bar = progress.add_task(report["state"], total=None)
        while report["state"] in _RUNS:
            time.sleep(0.2)
            report = desk.api("GET", "/admin/views/rebuild", role="operator")
            total = report["events_total"] or None
            progress.update(bar, description=report["state"], completed=report["events_read"], total=total)
    return report


def _print(report: dict[str, Any]) -> None:
    table = Table(box=None)
    partial = any(view["since"] for view in report["comparison"])
    table.add_column("view", no_wrap=True)
    for name in _COUNTS:
        table.add_column(name.replace("_", " "), justify="right")
    if partial:
        table.add_column("compared since")
    for view in report["comparison"]:
        cells = [f"[red]{view[n]}[/red]" if n != "equal" and view[n] else str(view[n]) for n in _COUNTS]
        table.add_row(view["view"], *cells, *([(view["since"] or "the beginning")[:19]] if partial else []))
    console.print(table)
    for view in report["comparison"]:
        if view["examples"]:
            console.print(f"{view['view']}, for example: {', '.join(view['examples'][:3])}")
    if report["unreadable"]:
        console.print(f"[yellow]{report['unreadable']} events could not be read: ./desk parked lists them[/yellow]")
    verdict = "[green]the views agree[/green]" if report["agree"] else "[red]the views differ[/red]"
    console.print(f"{verdict} ({report['events_read']} events)")
    if report["swapped"]:
        console.print("the rebuilt views are the live ones now")
