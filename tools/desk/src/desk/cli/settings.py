"""settings: what a team has settled, its versions, and changing it."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from desk.cli.door import door
from desk.client import Desk
from desk.errors import DeskError

console = Console(highlight=False)
_NOTHING = "it is so already"
Document = Annotated[str, typer.Argument(metavar="DOCUMENT", help="As `./desk settings` lists them: ticket-types, closing, …")]
Number = Annotated[int, typer.Argument(metavar="VERSION", min=0, help="0 is what the desk came with.")]
Note = Annotated[str, typer.Option("--note", help="Why, for whoever reads the history.")]
AsJson = Annotated[bool, typer.Option("--json", help="For a program.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False)
    group.callback()(settings)
    group.command()(show)
    group.command()(put)
    group.command(name="try")(try_)
    group.command()(history)
    group.command()(compare)
    group.command(name="put-back")(put_back)
    app.add_typer(group, name="settings")


def settings(context: typer.Context, as_json: AsJson = False) -> None:
    """What a team settles while the desk runs: types, closing, languages, domains. Each document keeps its versions."""
    if context.invoked_subcommand is not None:
        return
    found = door().api("GET", "/settings")
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    console.print(_table(found["items"], "document"))
    for owner in found["away"]:
        console.print(f"[yellow]{owner}-svc does not answer: its documents are not listed[/yellow]")


def show(
    document: Document, version: Annotated[int | None, typer.Option("--version", min=0, help="An earlier one.")] = None
) -> None:
    """What is in force, as JSON; `put` takes what is under `content`."""
    path = f"/settings/{document}" + ("" if version is None else f"/versions/{version}")
    typer.echo(json.dumps(door().api("GET", path), indent=2, ensure_ascii=False))


def put(
    document: Document,
    file: Annotated[typer.FileText, typer.Argument(metavar="FILE", help="The content as JSON; - for standard input.")],
    note: Note = "",
    replaces: Annotated[
        int | None, typer.Option("--replaces", min=0, help="The version that you have seen; else the one that is in force now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put a document as a whole; refused where another version than the one replaced is in force."""
    desk, content = door(), _content(file)
    now = desk.api("GET", f"/settings/{document}")["version"] if replaces is None else replaces
    answer = desk.api("PUT", f"/settings/{document}", json={"content": content, "note": note}, headers={"If-Match": f'"{now}"'})
    _print_put(desk, document, now, answer, as_json)


def try_(document: Document, file: Annotated[typer.FileText, typer.Argument(metavar="FILE")], as_json: AsJson = False) -> None:
    """What would differ, and how many tickets or customers it concerns; changes nothing."""
    answer = door().api("POST", f"/settings/{document}/try", json={"content": _content(file)})
    if as_json:
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    _print_differences(answer["differences"])
    for consequence in answer["consequences"]:
        console.print(f"{consequence['code'].replace('_', ' ')}: {consequence['count']}")


def history(document: Document, as_json: AsJson = False) -> None:
    """Who put what when, and why; the newest first."""
    found = door().api("GET", f"/settings/{document}/versions")
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    elif not found["items"]:
        console.print(f"nobody has changed {escape(document)}: it is as the desk came with it")
    else:
        console.print(_table(found["items"], "version"))


def compare(document: Document, version: Number, other: Number, as_json: AsJson = False) -> None:
    """What differs between two versions."""
    found = door().api("GET", f"/settings/{document}/versions/{version}/compare/{other}")
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        _print_differences(found["differences"])


def put_back(document: Document, version: Number, note: Note = "", as_json: AsJson = False) -> None:
    """Put what an earlier version said in force again, as a new version."""
    desk = door()
    now = desk.api("GET", f"/settings/{document}")["version"]
    body, headers = {"note": note}, {"If-Match": f'"{now}"'}
    answer = desk.api("POST", f"/settings/{document}/put-back/{version}", json=body, headers=headers)
    _print_put(desk, document, now, answer, as_json)


def _content(file: typer.FileText) -> Any:
    try:
        return json.load(file)
    except ValueError as error:
        name = "standard input" if file is sys.stdin else file.name
        raise DeskError(f"{name} is no JSON: {error}") from error


def _print_put(desk: Desk, document: str, before: int, answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    now = answer["version"]
    if now == before:
        console.print(f"{_NOTHING}: version {now} stays")
        return
    _print_differences(desk.api("GET", f"/settings/{document}/versions/{before}/compare/{now}")["differences"])
    console.print(f"version {now} is in force; back with ./desk settings put-back {escape(document)} {before}")


def _print_differences(found: list[dict[str, Any]]) -> None:
    if not found:
        console.print(_NOTHING)
    for difference in found:
        console.print(escape(difference["path"]))
        for mark, colour, value in (("-", "red", difference["before"]), ("+", "green", difference["after"])):
            if value is not None:
                console.print(f"  [{colour}]{mark} {escape(json.dumps(value, ensure_ascii=False))}[/{colour}]")


def _table(found: list[dict[str, Any]], first: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in dict.fromkeys((first, "version", "put by", "when", "why")):
        table.add_column(heading, overflow="fold")
    for entry in found:
        by = entry["by"]
        values = {
            "document": entry["document"],
            "version": str(entry["version"]),
            "put by": (by["name"] or by["id"]) if by else "as the desk came",
            "when": (entry["at"] or "")[:16].replace("T", " "),
            "why": entry["note"],
        }
        table.add_row(*(escape(values[str(column.header)]) for column in table.columns))
    return table
