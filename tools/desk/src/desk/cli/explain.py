"""explain: why a ticket is where it is, and when it is due."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from desk.client import Desk
from desk.paths import desk_home

console = Console(highlight=False, soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(explain)


def explain(
    ticket: Annotated[str, typer.Argument(help="Its number, or its id.")],
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Every decision on a ticket with its rules, conditions and agents, what people have done, and each deadline line by line."""
    desk = Desk.running(desk_home())
    reference = ticket.removeprefix("#")
    detail = desk.api("GET", f"/tickets/{reference}")
    sla = desk.api_response("GET", f"/tickets/{reference}/sla/explain")
    deadlines = sla.json() if sla.status_code == 200 else None
    acts = _acts(desk, reference)
    if as_json:
        found = {"ticket": detail["ticket"], "decisions": detail["decisions"], "acts": acts, "sla": deadlines}
        typer.echo(json.dumps(found, indent=2))
        return
    state = detail["ticket"]
    console.print(f"[bold]#{state['number']}[/bold] {escape(state['subject'])} — {state['status']}, {state['priority']}")
    for notice in detail.get("parked", ()):
        said = f"{notice['messages']} messages about it are parked in {notice['service']}: {notice['error']}"
        console.print(f"[yellow]{escape(said)}[/yellow] (./desk parked)")
    for message in detail["conversation"] or ():
        if message["held"] is not None:
            _print_held(message)
    _print_acts(acts)
    for decision in detail["decisions"]:
        _print_decision(decision)
    if deadlines is not None:
        _print_deadlines(deadlines)


def _acts(desk: Desk, reference: str) -> list[dict[str, Any]]:
    """What people and programs have done with the ticket, as far as it is kept, oldest first."""
    found: list[dict[str, Any]] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = desk.api("GET", f"/tickets/{reference}/timeline", params={"cursor": cursor, "limit": 200})
        found += [entry for entry in page["items"] if entry["by"]["kind"] != "rule"]
        cursor = page["next"]
    return found


def _print_acts(acts: list[dict[str, Any]]) -> None:
    console.print("\n[bold]what people have done[/bold]" + ("" if acts else ": nothing that is kept"))
    for act in acts:
        what = act["type"].split(".")[1].replace("_", " ")
        by = act["by"]["name"] or act["by"]["id"]
        why = f": {act['reason']}" if act["reason"] else ""
        undoing = " [dim](undoes an earlier act)[/dim]" if act["undoes"] else ""
        console.print(f"  {act['at'][:19]} {what} by {escape(by)} ({act['by']['kind']}){escape(why)}{undoing}")
        for change in act["changes"]:
            before, after = (escape(str(change[name]))[:120] for name in ("before", "after"))
            console.print(f"    [dim]{escape(change['field'])}: {before} → {after}[/dim]")


def _print_held(message: dict[str, Any]) -> None:
    held = message["held"]
    what = "an answer" if held["answers"] else "a solution"
    overtaken = "; the customer has written since" if held["overtaken"] else ""
    console.print(f"{what} of {escape(message['from']['name'] or '')} is held until {held['until'][:19]}{overtaken}")
    if held["refused"]:
        console.print(f"  [red]it cannot be sent: {escape(held['refused'])}[/red]")
    console.print(f"  [dim]./desk undo ticket.{message['id']}[/dim]")


def _print_decision(decision: dict[str, Any]) -> None:
    console.print(
        f"\n[bold]{decision['kind']}[/bold] at {decision['at'][:19]}, configuration {decision['configuration_version']}: "
        f"{escape(decision['reason'])}"
    )
    for rule in decision["rules"]:
        sign = "[green]applied[/green]" if rule["applied"] else ("matched" if rule["matched"] else "[dim]did not match[/dim]")
        console.print(f"  rule “{escape(rule['rule_name'])}” v{rule['rule_version']}: {sign}")
        if rule.get("note"):
            console.print(f"    [yellow]{escape(rule['note'])}: the next rules were asked[/yellow]")
        for condition in rule["conditions"]:
            values = ", ".join(f"{name} = {value!r}"[:120] for name, value in condition["values"].items())
            console.print(f"    [dim]{'✓' if condition['matched'] else '✗'} {escape(condition['expression'])}[/dim]")
            console.print(f"      [dim]{escape(values)}[/dim]")
            if condition.get("error"):
                console.print(f"      [red]{escape(condition['error'])}[/red]")
    if decision["agents"]:
        table = Table(box=None, padding=(0, 2))
        for name in ("agent", "available", "open tickets", "", "why"):
            table.add_column(name)
        for agent in decision["agents"]:
            chosen = "[green]chosen[/green]" if agent["chosen"] else ""
            free = "yes" if agent["available"] else "no"
            table.add_row(escape(agent["agent_name"]), free, str(agent["open_tickets"]), chosen, escape(agent["why"]))
        console.print(table)


def _print_deadlines(deadlines: dict[str, Any]) -> None:
    console.print(f"\n[bold]deadlines[/bold]: {escape(deadlines['why_this_policy'])}")
    for clock in deadlines["clocks"]:
        due = f", due {clock['due_at'][:19]}" if clock["due_at"] else ""
        console.print(f"  {clock['clock'].replace('_', ' ')}: {clock['status']}{due}")
        for line in clock["lines"]:
            console.print(f"    [dim]{escape(line['text'])}[/dim]")
