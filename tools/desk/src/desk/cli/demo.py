"""demo: an ordinary morning at the desk."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from desk.client import Desk
from desk.paths import desk_home
from desk.traffic.seed import seed
from desk.traffic.story import Arrival, Story

console = Console(highlight=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(demo)


def demo(as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False) -> None:
    """Send about a dozen mails and forms through the real doors, and show what became of each."""
    desk = Desk.running(desk_home())
    with Console(stderr=True).status("making teams, agents and rules") as status:
        seed(desk)
        arrivals = Story(desk, secrets.token_hex(3), status.update).tell()
    if as_json:
        typer.echo(json.dumps([asdict(a) for a in arrivals], indent=2))
        return
    console.print(_table(arrivals))
    console.print(
        "Why one of them is where it is: ./desk explain TICKET. What was sent: ./desk mailbox. All that came: ./desk ledger."
    )


def _table(arrivals: list[Arrival]) -> Table:
    table = Table(show_lines=True)
    for name in ("what came in", "outcome", "customer", "ticket", "team / agent", "first answer due", "solved by", "confirmation"):
        table.add_column(name, overflow="fold")
    for arrival in arrivals:
        table.add_row(arrival.what, *_row(arrival))
    return table


def _row(arrival: Arrival) -> list[str]:
    if arrival.entry is None:
        return [f"[red]refused[/red]: {arrival.refused}", "", "", "", "", "", ""]
    entry = arrival.entry
    outcome = f"[bold]{entry['outcome']}[/bold]: {entry['reason']}"
    if arrival.ticket is None:
        return [outcome, entry["sender"] or "", "", "", "", "", "none, on purpose"]
    ticket = arrival.ticket["ticket"]
    requester = ticket["requester"]
    organization = (requester.get("organization") or {}).get("name")
    customer = (
        f"{requester.get('name') or requester['email']}{f' ({organization})' if organization else ''}, {requester['language']}"
    )
    assignee = ticket["assignee"]
    who = " / ".join(filter(None, (assignee.get("team_name"), assignee.get("agent_name")))) or "nobody"
    due = {clock["kind"]: _time(clock) for clock in arrival.ticket["sla"]["clocks"]}
    return [
        outcome,
        customer,
        f"#{ticket['number']} {ticket['priority']}\n{ticket.get('ticket_type') or ''}",
        who,
        due.get("first_response", ""),
        due.get("resolution", ""),
        arrival.confirmation or "",
    ]


def _time(clock: dict[str, Any]) -> str:
    due = clock.get("due_at")
    return datetime.fromisoformat(due).astimezone().strftime("%a %H:%M:%S") if due else str(clock["status"])
