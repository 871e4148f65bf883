"""dashboards: what is written out of definitions in code, for Grafana and for people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from desk import metric_list
from desk.dashboards.files import DASHBOARDS, path_of, text_of
from desk.errors import DeskError
from desk.paths import ROOT

console = Console(highlight=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(dashboards)


def written() -> dict[Path, str]:
    """Every file that this command writes, and what is to be in it."""
    return {path_of(dashboard): text_of(dashboard) for dashboard in DASHBOARDS} | {metric_list.PAGE: metric_list.page()}


def dashboards(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a file is not as defined.")] = False,
) -> None:
    """Write the Grafana dashboards and docs/metrics.md anew."""
    stale = [path for path, text in written().items() if not path.exists() or path.read_text() != text]
    names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
    if check and stale:
        raise DeskError(f"not as defined: {names}")
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written()[path])
    console.print(f"written: {names}" if stale else "as defined")
