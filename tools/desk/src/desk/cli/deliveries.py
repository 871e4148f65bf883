"""deliveries: what the desk sends by mail, what waits and fails and why, and sending it again."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from desk.cli.door import door
from desk.errors import DeskError

Json = Annotated[bool, typer.Option("--json", help="For a program.")]
console = Console(highlight=False)
STYLES = {"sent": "green", "queued": "yellow", "sending": "yellow", "failed": "red"}
_AGO = re.compile(r"\A(\d+)([mhd])\Z")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(invoke_without_command=True, no_args_is_help=False)
    group.callback()(deliveries)
    group.command()(show)
    group.command()(resend)
    group.command()(hurry)
    app.add_typer(group, name="deliveries")


def deliveries(
    context: typer.Context,
    failed: Annotated[bool, typer.Option("--failed", help="Only what will not be sent: refused, given up, withheld.")] = False,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what is still to be sent.")] = False,
    count: Annotated[int, typer.Option("--lines", "-n", min=1, max=500, help="So many of the last.")] = 20,
    as_json: Json = False,
) -> None:
    """What the desk sends by mail, newest first: what became of it, and what the mail server said."""
    if context.invoked_subcommand is not None:
        return
    if failed and waiting:
        raise DeskError("--failed or --waiting: a mail is one of the two")
    status = {"status": "failed"} if failed else {"status": "queued"} if waiting else {}
    found = _ask("GET", "/deliveries", params={"limit": count, **status})["items"]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    elif found:
        console.print(_table(found))
    else:
        console.print("nothing has failed" if failed else "nothing waits" if waiting else "nothing was sent yet")


def show(delivery_id: Annotated[str, typer.Argument(metavar="ID")], as_json: Json = False) -> None:
    """One delivery, and what the mail server said to each attempt."""
    found = _ask("GET", f"/deliveries/{delivery_id}")
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    console.print(f"{found['kind']} of ticket #{found['ticket_number']} to {_plain(found['recipient'])}: {_status(found)}")
    if found["status"] == "queued":
        console.print(f"next attempt at {found['next_attempt_at'][:19]}Z at the earliest")
    for answer in found["answers"]:
        console.print(f"  {answer['at'][:19]}Z  {answer['outcome']}: {_plain(answer['answer'])}")
    if not found["answers"]:
        console.print(_plain(found["detail"]) or "not tried yet")


def resend(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Failed deliveries; or say which:")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="What failed since: 2026-03-02T09:00Z, or 30m, 2h, 1d.")
    ] = None,
    answer: Annotated[str | None, typer.Option(metavar="WORDS", help="What the mail server said, or a part: 535.")] = None,
    as_json: Json = False,
) -> None:
    """Send again what had failed. What was sent, or is being sent, is left alone."""
    if bool(ids) == bool(since or answer):
        raise DeskError("say which: ids, or --since and --answer")
    answers = [_ask("POST", f"/deliveries/{id_}/resend") for id_ in ids] if ids else _resend_all(since, answer)
    if as_json:
        typer.echo(json.dumps(answers))
        return
    sent_again = len(ids) if ids else sum(page["resent"] for page in answers)
    kept_back = 0 if ids else sum(page["kept_back"] for page in answers)
    console.print(f"{sent_again} to be sent again" + (f", {kept_back} cannot be (./desk deliveries --failed)" if kept_back else ""))


def _resend_all(since: str | None, answer: str | None) -> list[dict[str, Any]]:
    body = {name: value for name, value in (("since", since and _moment(since)), ("answer", answer)) if value}
    pages = [_ask("POST", "/deliveries/resend", json=body)]
    while pages[-1]["next"]:
        pages.append(_ask("POST", "/deliveries/resend", json={**body, "after": pages[-1]["next"]}))
    return pages


def hurry(as_json: Json = False) -> None:
    """Try now whatever waits for a later attempt."""
    found = _ask("POST", "/deliveries/hurry")
    typer.echo(json.dumps(found) if as_json else f"{found['hurried']} were waiting for a later attempt, and are tried now")


def _moment(text: str) -> str:
    ago = _AGO.match(text)
    return text if ago is None else (datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).isoformat()


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("queued", "mail", "to", "became", "tries"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "queued", justify="right" if heading == "tries" else "left")
    for d in found:
        what = f"{d['kind']} #{d['ticket_number']}"
        table.add_row(d["queued_at"][5:16].replace("T", " "), what, _plain(d["recipient"]), _status(d), str(d["attempts"]))
    below = Table.grid()
    below.add_row(table)
    for d in found:
        if d["status"] != "sent":
            below.add_row(f"#{d['ticket_number']} [dim]{d['id']}[/dim] {_plain(d['detail']) or 'not tried yet'}")
    return below


def _status(found: dict[str, Any]) -> str:
    return f"[{STYLES[found['status']]}]{found['status']}[/]"


def _plain(text: str) -> str:
    # What strangers write must not be taken for markup, nor move the cursor.
    return escape("".join(c if c.isprintable() else "?" for c in text))


def _ask(method: str, path: str, **options: Any) -> Any:
    return door().api(method, path, role="operator", **options)
