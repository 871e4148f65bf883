"""The command line. A group of commands is a module with `add_to(app)`; GROUPS lists them all."""

from __future__ import annotations

import importlib
import logging
import sys

import typer
from rich.console import Console

from desk.errors import DeskError

GROUPS = (
    "desk.cli.stack_commands",
    "desk.cli.top",
    "desk.cli.logs",
    "desk.cli.demo",
    "desk.cli.mailbox",
    "desk.cli.ledger",
    "desk.cli.deliveries",
    "desk.cli.explain",
    "desk.cli.undo",
    "desk.cli.bench",
    "desk.cli.token",
    "desk.cli.parked",
    "desk.cli.jobs",
    "desk.cli.settings",
    "desk.cli.views",
    "desk.cli.backup",
    "desk.cli.checks",
    "desk.cli.contracts",
    "desk.cli.dashboards",
    "desk.cli.lock",
)


def main() -> None:
    """Run the command line; an error that the user can act on is one line, and the log that says why."""
    logging.getLogger("aiokafka").addHandler(logging.NullHandler())
    app = typer.Typer(
        name="desk",
        help="Deskstream on this machine: ./desk up, then ./desk demo.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for group in GROUPS:
        importlib.import_module(group).add_to(app)
    try:
        app(prog_name="desk")
    except DeskError as error:
        complain(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def complain(error: DeskError) -> None:
    """Print an error, and the end of the log that it names."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]desk:[/bold red] {error}", markup=True)
    if error.log is not None and error.log.exists():
        console.print(f"[dim]the end of {error.log}:[/dim]")
        for line in error.lines():
            console.print(f"  {line}", markup=False)
