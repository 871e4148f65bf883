"""test and lint."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from desk.cli.mutants import run_mutants
from desk.errors import DeskError
from desk.paths import ROOT, source_folders

PARTS = {
    "unit": ("*/*/tests/unit", "tests/unit"),
    "contract": ("tests/contract", "*/*/tests/contract"),
    "integration": ("*/*/tests/integration", "tests/integration"),
    "e2e": ("tests/e2e",),
    "faults": ("tests/faults",),
}
"""The parts of the test suite, the quick ones first."""

DEMANDING = {
    "drills": ("tests/drills",),
    "generators": ("tests/generators",),
    "deploy": ("tests/deploy",),
}
"""Parts that run only where they are named, as they want more than Python: drills root and libfaketime; generators go, npm, mvn and
a JDK; deploy docker, helm, kubectl and a cluster (tests/deploy/cluster.py)."""


MUTANTS = "mutants"
"""A part that stands alone and is no pytest: it tests the tests (desk/mutants.py)."""


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    passing = {"ignore_unknown_options": True, "allow_interspersed_args": False}
    app.command(context_settings=passing)(test)
    app.command()(lint)


def test(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PART]... [-- PYTEST ARGUMENTS]",
            help="unit contract integration e2e faults; drills generators deploy; all; mutants",
        ),
    ] = None,
) -> None:
    """Run the tests: what wants nothing but Python, or the named parts, or all. What follows the parts goes to pytest."""
    parts, rest = split_parts(what or [])
    if MUTANTS in parts:
        raise typer.Exit(run_mutants(rest, ROOT))
    paths = [path for part in parts or PARTS for path in paths_of(part)]
    if not paths:
        raise DeskError(f"there are no tests of {', '.join(parts) or 'any part'}")
    command = [sys.executable, "-m", "pytest", "--import-mode=importlib", *paths, *rest]
    os.chdir(ROOT)
    os.execv(sys.executable, command)


def split_parts(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The parts, which come first, and the arguments for pytest. Raises DeskError for an unknown part."""
    parts: list[str] = []
    for index, word in enumerate(words):
        if word == "--":
            return parts, list(words[index + 1 :])
        if word.startswith("-") or "/" in word or "::" in word:
            return parts, list(words[index:])
        if word == MUTANTS:
            if index:
                raise DeskError("mutants are not run with other parts: ./desk test mutants [-- SERVICE... --json]")
            return [MUTANTS], [w for w in words[1:] if w != "--"]
        if word == "all":
            parts += PARTS | DEMANDING
        elif word in PARTS | DEMANDING:
            parts.append(word)
        else:
            raise DeskError(f"there is no part {word!r} of the tests; there are {', '.join(PARTS | DEMANDING)}, all and mutants")
    return parts, []


def paths_of(part: str) -> list[str]:
    """The folders of a part that exist, relative to the root."""
    found = (path for pattern in (PARTS | DEMANDING)[part] for path in sorted(ROOT.glob(pattern)))
    return [str(path.relative_to(ROOT)) for path in found if path.is_dir() and path.parts[len(ROOT.parts)][0] != "."]


def lint() -> None:
    """Check style, format, types and layers: ruff, mypy --strict, import-linter. Runs all, then says which failed."""
    code = [name for name in ("libs", "services", "tools", "tests") if (ROOT / name).exists()]
    sources = [str(path.relative_to(ROOT)) for path in source_folders()]
    python = [sys.executable, "-m"]
    steps = {
        "ruff check": [*python, "ruff", "check", *code],
        "ruff format": [*python, "ruff", "format", "--check", *code],
        "mypy": [*python, "mypy", "--strict", *sources],
        "layers": [str(Path(sys.executable).with_name("lint-imports"))],
    }
    env = {**os.environ, "MYPYPATH": os.pathsep.join(sources), "PYTHONPATH": os.pathsep.join(sources)}
    console = Console(highlight=False)
    failed = []
    for name, command in steps.items():
        began = time.monotonic()
        console.print(f"[bold]{name}[/bold]")
        if subprocess.run(command, cwd=ROOT, env=env).returncode:
            failed.append(name)
        console.print(f"[dim]{time.monotonic() - began:.1f} s[/dim]")
    if failed:
        raise DeskError(f"failed: {', '.join(failed)}")
    console.print("[green]all is well[/green]")
