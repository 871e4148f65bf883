"""logs."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.errors import DeskError
from desk.logtail import follow, last_lines
from desk.paths import desk_home


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(logs)


def logs(
    service: Annotated[str | None, typer.Argument(help="One of them; all, if none is named.")] = None,
    follow_on: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is added.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="So many of the last lines.")] = 50,
) -> None:
    """Show the logs of the services, of Kafka, PostgreSQL and the mailbox."""
    known = {path.stem: path for path in sorted((desk_home() / "logs").glob("*.log"))}
    if service is not None and service not in known:
        raise DeskError(f"there is no log of {service}; there are: {', '.join(known) or 'none yet, ./desk up first'}")
    chosen = {service: known[service]} if service is not None else known
    for name, path in chosen.items():
        for line in last_lines(path, lines):
            _show(name, line, len(chosen) > 1)
    if follow_on:
        for name, line in follow(chosen):
            _show(name, line, len(chosen) > 1)


def _show(name: str, line: str, named: bool) -> None:
    typer.echo(f"{name:>9} | {line}" if named else line)
