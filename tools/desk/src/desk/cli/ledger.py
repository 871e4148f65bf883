"""ledger: everything received, and what became of it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from desk.client import Desk
from desk.paths import desk_home

console = Console(highlight=False)
STYLES = {"opened": "green", "appended": "green", "suppressed": "yellow", "quarantined": "red"}


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(ledger)


def ledger(
    count: Annotated[int, typer.Option("--lines", "-n", min=1, max=200, help="So many of the last.")] = 20,
    outcome: Annotated[str | None, typer.Option(help="opened, appended, suppressed or quarantined.")] = None,
    sender: Annotated[str | None, typer.Option(help="Only from this address.")] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Counts only: received = closed + open.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Everything received, newest first, each with its one outcome and the reason."""
    desk = Desk.running(desk_home())
    counts = desk.api("GET", "/ledger/summary")
    filters = {"limit": count, "outcome": outcome, "sender": sender}
    items = [] if summary else desk.api("GET", "/ledger", params={k: v for k, v in filters.items() if v})["items"]
    if as_json:
        typer.echo(json.dumps({"summary": counts} if summary else {"summary": counts, "items": items}, indent=2))
        return
    if items:
        console.print(_table(items))
    outcomes = ", ".join(f"{n} {name}" for name, n in counts["outcomes"].items()) or "nothing yet"
    console.print(f"received {counts['received']} = closed {counts['closed']} + open {counts['open']} ({outcomes})")


def _table(items: list[dict[str, Any]]) -> Table:
    table = Table(box=None)
    for name in ("received", "door", "from", "subject", "outcome", "reason", "ticket"):
        table.add_column(name, overflow="fold", max_width=40)
    for entry in items:
        outcome = entry["outcome"] or entry["state"]
        table.add_row(
            entry["received_at"][11:19],
            entry["door"],
            _plain(entry["sender"] or entry["envelope_from"] or ""),
            _plain(entry["subject"] or ""),
            f"[{STYLES.get(outcome, 'white')}]{outcome}[/]",
            _plain(_why(entry)),
            f"#{entry['ticket_number']}" if entry["ticket_number"] else "",
        )
    return table


def _plain(text: str) -> str:
    # What strangers write must not be taken for markup, nor move the cursor.
    return "".join(c if c.isprintable() else "?" for c in text).replace("[", r"\[")


def _why(entry: dict[str, Any]) -> str:
    """The reason; of an entry that a service holds up, which one."""
    waits = [f"parked in {notice['service']}: ./desk parked" for notice in entry.get("parked", ())]
    return "; ".join(filter(None, (entry["reason"], *waits)))
