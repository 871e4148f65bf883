"""contracts: the published side of the contract library."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from desk.contracts import differences, write
from desk.errors import DeskError
from desk.paths import ROOT

VERSION = "0.1.0"
ASYNCAPI = ROOT / "docs" / "asyncapi.json"
console = Console(highlight=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(contracts)


def contracts(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if anything is not as the models say.")] = False,
) -> None:
    """Write the JSON Schemas and the AsyncAPI document anew; a change that old readers could not read is refused."""
    problems = differences(VERSION, ASYNCAPI) if check else write(VERSION, ASYNCAPI)
    if problems:
        raise DeskError("\n  ".join(["not as they should be:" if check else "old readers could not read this:", *problems]))
    console.print("as they should be" if check else f"written: the schemas and {ASYNCAPI.relative_to(ROOT)}")
