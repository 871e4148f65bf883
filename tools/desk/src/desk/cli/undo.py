"""undo: take a command back, by the id that it has answered."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from desk.cli.door import door

console = Console(highlight=False, soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(undo)


def undo(
    undo_id: Annotated[str, typer.Argument(metavar="ID", help="<owner>.<uuid>: `undo.id` of what the command answered.")],
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Undo a command: by a new one, or by never sending what is held. Undone before, it stays so."""
    undone = door().api("POST", f"/undo/{undo_id}")
    if as_json:
        typer.echo(json.dumps(undone, indent=2))
        return
    console.print(f"{undone['act']} of {undone['subject']}: undone")
    if undone.get("withdrawn"):
        console.print(f"never sent: [dim]{escape(undone['withdrawn']['text'])}[/dim]")
