"""backup and restore: a whole desk into a folder, and into a new one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from desk import backup as backups
from desk.paths import claim_home, desk_home, desk_port_base
from desk.report import Spoken
from desk.stack import Stack

console = Console(highlight=False, soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(backup)
    app.command()(restore)


def backup(folder: Annotated[Path, typer.Argument(help="A new folder for the backup; it will hold secrets.")]) -> None:
    """Write everything that the desk knows into a folder. The desk must be down: ./desk down."""
    claim_home(desk_home())
    _between_backends(desk_home(), lambda stack: backups.take(stack, folder.absolute()), "Writing the backup")
    console.print(f"[green]everything is in {folder}[/green], with the secrets: keep it where nobody else can read it")


def restore(folder: Annotated[Path, typer.Argument(help="The folder of a backup.")]) -> None:
    """Make a new desk from a backup. DESK_HOME must be new or reset; ./desk up starts it then."""
    backups.prepare(folder.absolute(), desk_home())
    _between_backends(desk_home(), lambda stack: backups.restore(stack, folder.absolute()), "Filling databases and topics")
    console.print("[green]restored[/green]: ./desk up starts it, ./desk rebuild-views compares its views with the topics")


def _between_backends(home: Path, work: Callable[[Stack], None], what: str) -> None:
    report = Spoken(console)
    stack = Stack(home, desk_port_base(), report=report)
    stack.start_backends()
    try:
        report.phase(what)
        work(stack)
        report.phase("")
    finally:
        stack.stop()
