"""mailbox: what the stack has sent."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from desk.errors import DeskError
from desk.health import request, request_json
from desk.overview import look
from desk.paths import desk_home
from desk.topology import PORT_OFFSETS

Json = Annotated[bool, typer.Option("--json", help="For a program.")]
console = Console(highlight=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="What the stack has sent to the outside world.", invoke_without_command=True)
    group.callback()(by_default)
    group.command("list")(list_mails)
    group.command()(show)
    group.command()(raw)
    group.command()(clear)
    app.add_typer(group, name="mailbox")


def by_default(context: typer.Context, as_json: Json = False) -> None:
    """What the stack has sent to the outside world; `list`, if nothing is said."""
    if context.invoked_subcommand is None:
        list_mails(as_json=as_json)


def list_mails(
    as_json: Json = False, count: Annotated[int, typer.Option("--lines", "-n", min=1, help="So many of the last.")] = 50
) -> None:
    """List the last mails."""
    last = _ask("GET", "/stats")["last_seq"]
    mails = _ask("GET", f"/messages?since={max(0, last - count)}&limit={count}")
    if as_json:
        typer.echo(json.dumps(mails, indent=2))
        return
    if not mails:
        console.print("no mail has been sent yet")
        return
    table = Table(box=None)
    for name in ("#", "at", "to", "subject"):
        table.add_column(name)
    for mail in mails:
        subject, to = mail["subject"] or "", ", ".join(mail["envelope_to"])
        table.add_row(str(mail["seq"]), mail["received_at_iso"][11:19], _plain(to), _plain(subject))
    console.print(table)


def show(number: int, as_json: Json = False) -> None:
    """Show one mail."""
    mail = _ask("GET", f"/messages/{number}")
    if as_json:
        typer.echo(json.dumps(mail, indent=2))
        return
    for name, value in mail["headers"]:
        typer.echo(f"{name}: {value}")
    typer.echo(f"\n{mail['text']}")


def raw(number: int) -> None:
    """Print one mail as it was sent."""
    status, body = _reach("GET", f"/messages/{number}/raw")
    if status != 200:
        raise DeskError(f"there is no mail {number}")
    sys.stdout.buffer.write(body)


def clear(as_json: Json = False) -> None:
    """Forget all mails."""
    answer = _ask("DELETE", "/messages")
    typer.echo(json.dumps(answer) if as_json else f"deleted {answer['deleted']}")


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _port() -> int:
    return look(desk_home()).port_base + PORT_OFFSETS["mailbox_http"]


def _reach(method: str, path: str) -> tuple[int, bytes]:
    try:
        return request(_port(), method, path)
    except OSError as error:
        raise DeskError(f"the mailbox does not answer ({error}): ./desk up starts it") from None


def _ask(method: str, path: str) -> Any:
    try:
        return request_json(_port(), method, path)
    except ConnectionError as error:
        raise DeskError(f"the mailbox does not answer ({error}): ./desk up starts it") from None
    except OSError as error:
        raise DeskError(str(error)) from None
