"""parked: messages that no service could take, or send."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from desk.cli.door import door
from desk.errors import DeskError

Json = Annotated[bool, typer.Option("--json", help="For a program.")]
Service = Annotated[str | None, typer.Argument(help="As `parked list` names it; all services, if none is said.")]
Topic = Annotated[str | None, typer.Argument(help="As `parked list` names it.")]
Key = Annotated[str | None, typer.Argument(help="As `parked list` names it.")]
OfTopic = Annotated[str | None, typer.Option("--topic", help="All keys of this topic.")]
OfError = Annotated[str | None, typer.Option("--error", help="All keys whose first message has this in its error.")]
console = Console(highlight=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(
        help="Messages that a service could not take or send, and those of the same key behind them.", invoke_without_command=True
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
    console.print("./desk parked replay SERVICE TOPIC KEY takes them again, --error TEXT or --topic TOPIC all that fit;")
    console.print("discard drops the first of each")


def replay(
    service: Service = None,
    topic: Topic = None,
    key: Key = None,
    of_topic: OfTopic = None,
    error: OfError = None,
    as_json: Json = False,
) -> None:
    """Take messages again, each key's in order. Exit code 1 if some were refused again."""
    _all("replay", "replayed", service, topic or of_topic, key, error, as_json)


def discard(
    service: Service = None,
    topic: Topic = None,
    key: Key = None,
    of_topic: OfTopic = None,
    error: OfError = None,
    as_json: Json = False,
) -> None:
    """Drop the first message of each key for good; replay then takes those behind it."""
    _all("discard", "discarded", service, topic or of_topic, key, error, as_json)


def _all(verb: str, done: str, service: str | None, topic: str | None, key: str | None, error: str | None, as_json: bool) -> None:
    if topic is None and key is None and error is None:
        raise DeskError(f"say which: ./desk parked {verb} SERVICE TOPIC KEY, or --error TEXT, or --topic TOPIC")
    said = {"topic": topic, "key": key, "error": error}
    wanted = {name: value for name, value in said.items() if value is not None}
    total: dict[str, Any] = {"messages": 0, "keys": 0, "refused": []}
    for name in [service] if service else _services_of(wanted):
        after: int | None = 0
        while after is not None:
            answer = _ask("POST", f"/admin/parked/{verb}", json={"service": name, "after": after, **wanted})
            total = {
                "messages": total["messages"] + answer["messages"],
                "keys": total["keys"] + answer["keys"],
                "refused": [*total["refused"], *({"service": name, **r} for r in answer["refused"])],
            }
            after = answer["next"]
    if as_json:
        typer.echo(json.dumps(total, indent=2))
    else:
        console.print(f"{done} {total['messages']} of {total['keys']} keys")
        for refused in total["refused"][:20]:
            console.print(escape(f"refused again: {refused['service']} {refused['topic']} {refused['key']}"))
            console.print(escape(f"  {refused['error'].splitlines()[0][:300]}"))
        if len(total["refused"]) > 20:
            console.print(f"and {len(total['refused']) - 20} more")
    raise typer.Exit(1 if total["refused"] else 0)


def _services_of(wanted: dict[str, str]) -> list[str]:
    """Those that have something which fits."""
    items = _ask("GET", "/admin/parked")["items"]
    found = {
        entry["service"]
        for entry in items
        if entry["topic"] == wanted.get("topic", entry["topic"])
        and entry["key"] == wanted.get("key", entry["key"])
        and wanted.get("error", "") in entry["error"]
    }
    if not found:
        raise DeskError("nothing is parked that fits")
    return sorted(found)


def _ask(method: str, path: str, **options: Any) -> Any:
    return door().api(method, path, role="operator", **options)
