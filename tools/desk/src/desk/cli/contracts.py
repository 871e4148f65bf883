"""contracts: the published side of the contract library."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from desk.errors import DeskError
from desk.paths import ROOT
from deskstream_contracts.catalogue import EVENTS
from deskstream_contracts.tools.personal import personal_fields
from deskstream_contracts.tools.published import History, differences, write
from deskstream_contracts.topics import TOPICS

VERSION = "0.1.0"
ASYNCAPI = ROOT / "libs" / "contracts" / "src" / "deskstream_contracts" / "asyncapi.json"
CHARTED = ROOT / "deploy" / "helm" / "deskstream" / "files" / "topics.json"
HISTORY = History(ROOT / "libs" / "contracts" / "history")
console = Console(highlight=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="What is published of events: schemas, the AsyncAPI document, the gate, where personal data are.")
    group.callback(invoke_without_command=True)(contracts)
    group.command()(personal)
    app.add_typer(group, name="contracts")


def contracts(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if anything is not as the models say.")] = False,
) -> None:
    """Write the JSON Schemas and the AsyncAPI document anew; a change that readers of old or new could not read is refused."""
    if context.invoked_subcommand is not None:
        return
    problems = HISTORY.problems()
    if problems:
        raise DeskError("\n  ".join(["this would not be read by everybody:", *problems]))
    charted = json.loads(CHARTED.read_text())
    topics = {
        **charted,
        "topics": [{"name": t.name, "owner": t.owner, "partitions": t.partitions, "config": t.config()} for t in TOPICS],
    }
    if not check:
        write(VERSION, ASYNCAPI, HISTORY)
        CHARTED.write_text(json.dumps(topics, indent=2) + "\n")
    elif wrong := differences(VERSION, ASYNCAPI, HISTORY) + ([str(CHARTED)] if topics != charted else []):
        raise DeskError("\n  ".join(["not as they should be:", *wrong]))
    console.print("as they should be" if check else f"written: the schemas and {ASYNCAPI.relative_to(ROOT)}")


def personal(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON: {event: [field, …]}.")] = False,
) -> None:
    """Which fields of which events hold personal data."""
    found = {event.event_type(): personal_fields(event) for event in EVENTS}
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for event, fields in found.items():
        console.print(f"[bold]{event}[/bold]  {', '.join(fields) or '–'}", soft_wrap=True)
