"""jobs: long work, as it stands."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from desk.cli.door import door
from desk.client import Desk

console = Console(highlight=False)
_LOOK_SECONDS = 0.5


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False)
    group.callback()(jobs)
    group.command()(show)
    group.command()(stop)
    group.command()(resume)
    app.add_typer(group, name="jobs")


def jobs(
    context: typer.Context,
    about: Annotated[str | None, typer.Option(metavar="KIND/ID", help="Only work about this: organization/<id>.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Long work of all services, the newest first: look, stop, let it go on."""
    if context.invoked_subcommand is not None:
        return
    found = door().api("GET", "/jobs", params={"subject": about} if about else {})
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    if not found["items"]:
        console.print("there is no long work" + (f" about {about}" if about else ""))
    else:
        console.print(_table(found["items"]))
    for owner in found["away"]:
        console.print(f"[yellow]{owner}-svc does not answer: its work is not listed[/yellow]")


def show(
    job_id: Annotated[str, typer.Argument(metavar="ID")],
    follow: Annotated[bool, typer.Option("--follow", help="Until it has ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """One piece of work, and with --follow its progress."""
    desk = door()
    job = _get(desk, job_id)
    if follow and job["state"] == "running" and not as_json:
        job = _follow(desk, job)
    if as_json:
        typer.echo(json.dumps(job, indent=2))
    else:
        _print(job)


def stop(job_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Stop it where it is; what is done stays done."""
    _print(door().api("POST", f"/jobs/{job_id}/stop"))


def resume(job_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Let stopped work go on where it was."""
    _print(door().api("POST", f"/jobs/{job_id}/resume"))


def _get(desk: Desk, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.api("GET", f"/jobs/{job_id}")
    return found


def _follow(desk: Desk, job: dict[str, Any]) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(job["kind"], total=job["total"], completed=job["done"])
        while job["state"] == "running":
            time.sleep(_LOOK_SECONDS)
            job = _get(desk, job["id"])
            progress.update(bar, total=job["total"], completed=job["done"])
    return job


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("work", "state", "done", "refused", "asked by"):
        table.add_column(heading, overflow="fold")
    for job in found:
        row = (
            job["kind"],
            job["state"],
            _share(job),
            str(job["failed"] or ""),
            escape(job["asked_by"]["name"] or job["asked_by"]["id"]),
        )
        table.add_row(*row)
        table.add_row(f"[dim]  {job['id']}[/dim]")
    return table


def _share(job: dict[str, Any]) -> str:
    return f"{job['done']} of {job['total']}" if job["total"] is not None else "not begun"


def _print(job: dict[str, Any]) -> None:
    console.print(f"{job['kind']} about {job['subject']}: {job['state']}, {_share(job)}")
    if job["failed"]:
        console.print(f"[yellow]{job['failed']} refused; the last: {escape(job['error'] or '')}[/yellow]")
