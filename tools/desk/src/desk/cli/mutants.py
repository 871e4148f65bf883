"""test mutants: which slips in decisions the tests notice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from desk.errors import DeskError
from desk.mutants import ENOUGH, Laboratory, Report, services_of

_WIDTH = 80


def run_mutants(words: Sequence[str], root: Path) -> int:
    """Runs the mutants of all services, or of those named among `words`; `--json` is for a program. Returns the exit code."""
    known = services_of(root)
    unknown = [word for word in words if word != "--json" and word not in known]
    if unknown:
        raise DeskError(f"there is no service {unknown[0]!r}; there are {', '.join(known)}")
    as_json = "--json" in words
    services = [name for name in known if name in words] or known
    console = Console(highlight=False, width=_WIDTH)
    progress = Console(stderr=True, highlight=False, soft_wrap=True)
    laboratory = Laboratory(root)
    report = laboratory.run(services, lambda line: None if as_json else progress.print(f"[dim]{line}[/dim]"))
    if as_json:
        typer.echo(json.dumps(as_data(report), indent=2))
    else:
        print_report(report, console)
    return 0 if report.good else 1


def print_report(report: Report, console: Console) -> None:
    """A table that fits a narrow terminal, and the verdict."""
    table = Table(box=None, width=min(_WIDTH, console.width))
    table.add_column("service", no_wrap=True)
    for name in ("mutants", "killed"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("survived, or stale", ratio=1)
    for service in report.services:
        lived = [f"[red]survived[/red] {o.mutant.name}" for o in report.of("survived", service)]
        lived += [f"[red]stale[/red] {o.mutant.name}: {o.why}" for o in report.of("stale", service)]
        killed, count = len(report.of("killed", service)), sum(o.mutant.service == service for o in report.outcomes)
        table.add_row(service, str(count), str(killed), "\n".join(lived))
    console.print(table)
    killed, count, stale = len(report.of("killed")), len(report.outcomes), len(report.of("stale"))
    words = f"{killed} of {count} killed ({killed / count:.0%}, at least {ENOUGH:.0%} is asked for), {stale} stale"
    console.print(f"[{'green' if report.good else 'red'}]{words}[/], {report.seconds:.0f} s")


def as_data(report: Report) -> dict[str, Any]:
    """The report for a program."""
    return {
        "good": report.good,
        "mutants": len(report.outcomes),
        "killed": len(report.of("killed")),
        "survived": len(report.of("survived")),
        "stale": len(report.of("stale")),
        "seconds": round(report.seconds, 1),
        "outcomes": [
            {
                "service": o.mutant.service,
                "name": o.mutant.name,
                "file": o.mutant.file,
                "verdict": o.verdict,
                "why": o.why,
                "seconds": round(o.seconds, 1),
            }
            for o in report.outcomes
        ],
    }
