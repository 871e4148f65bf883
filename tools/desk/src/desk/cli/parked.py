"""parked: messages that no service could take."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from desk.cli.door import door

Json = Annotated[bool, typer.Option("--json", help="For a program.")]
Service = Annotated[str, typer.Argument(help="As `parked list` names it.")]
Topic = Annotated[str, typer.Argument(help="As `parked list` names it.")]
Key = Annotated[str, typer.Argument(help="As `parked list` names it.")]
console = Console(highlight=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="Messages that a service could not take, and those of the same key behind them.", invoke_without_command=True
    )
    group.callback()(by_default)
    group.command("list")(list_parked)
    group.command()(replay)
    group.command()(discard)
    app.add_typer(group, name="parked")


def by_default(context: typer.Context, as_json: Json = False) -> None:
    """Messages that a service could not take; `list`, if nothing is said."""
    if context.invoked_subcommand is None:
        list_parked(as_json=as_json)


def list_parked(as_json: Json = False) -> None:
    """List what is parked, in all services."""
    found = _ask("GET", "/admin/parked")
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for service in found["away"]:
        console.print(f"[yellow]{service} does not answer now: what it has parked is not listed[/yellow]")
    if not found["items"]:
        console.print("nothing is parked")
        return
    table = Table(box=None)
    for name in ("service", "topic", "key", "messages", "since", "first", "error"):
        table.add_column(name, justify="right" if name == "messages" else "left", overflow="fold")
    for entry in found["items"]:
        error = entry["error"].splitlines()[0][:200] if entry["error"] else ""
        cells = (
            entry["service"],
            entry["topic"],
            entry["key"],
            str(entry["messages"]),
            entry["since"][:19],
            entry["event_type"],
            error,
        )
        table.add_row(*map(escape, cells))
    console.print(table)
    console.print("./desk parked replay SERVICE TOPIC KEY takes them again; discard drops the first of them")


def replay(service: Service, topic: Topic, key: Key, as_json: Json = False) -> None:
    """Take a key's messages again, in order."""
    answer = _ask("POST", "/admin/parked/replay", json={"service": service, "topic": topic, "key": key})
    typer.echo(json.dumps(answer) if as_json else f"replayed {answer['replayed']}")


def discard(service: Service, topic: Topic, key: Key, as_json: Json = False) -> None:
    """Drop a key's first message for good; replay then takes those behind it."""
    answer = _ask("POST", "/admin/parked/discard", json={"service": service, "topic": topic, "key": key})
    typer.echo(json.dumps(answer) if as_json else f"discarded {answer['discarded']}")


def _ask(method: str, path: str, **options: Any) -> Any:
    return door().api(method, path, role="operator", **options)
