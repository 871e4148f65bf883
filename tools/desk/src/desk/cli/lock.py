"""lock."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from desk.errors import DeskError
from desk.kafka_jars import compile_lock
from desk.paths import ROOT

REQUIREMENTS = ROOT / "requirements"
OLDEST_PYTHON = "3.11"
LOCKS = ("services", "desk")
SILENT = ("--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header", "--quiet")

console = Console(highlight=False)


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(lock)


def lock(
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Take the newest versions, not those of the lock.")] = False,
    kafka: Annotated[bool, typer.Option("--kafka", help="Resolve the jars of Kafka anew too.")] = False,
) -> None:
    """Compile requirements/*.in into hashed locks for every platform (needs the network)."""
    with tempfile.TemporaryDirectory() as folder:
        uv = _uv(Path(folder))
        constraint: list[str] = []
        for name in LOCKS:
            target = REQUIREMENTS / f"{name}.lock"
            command = [
                uv,
                "pip",
                "compile",
                "--universal",
                "--python-version",
                OLDEST_PYTHON,
                "--generate-hashes",
                *SILENT,
            ]
            # Without --upgrade uv keeps the versions of the output file. One version of a package in both locks.
            command += ["--upgrade"] if upgrade else []
            if subprocess.run([*command, *constraint, f"{name}.in", "-o", target.name], cwd=REQUIREMENTS).returncode:
                raise DeskError(f"{name}.lock cannot be compiled")
            addresses = addresses_in(target.read_text())
            if addresses:
                raise DeskError(f"{target} holds an address or a path: {addresses[0]}")
            constraint = ["-c", target.name]
            count = len(re.findall(r"^[a-z].*==", target.read_text(), re.MULTILINE))
            console.print(f"{target.relative_to(ROOT)}: {count} packages")
    if kafka:
        console.print(f"requirements/kafka.lock: {compile_lock()} jars")


def addresses_in(lock_text: str) -> list[str]:
    """The lines of a lock that name an index, an address or a path of this machine: there must be none."""
    marks = ("://", "--index", "--extra-index", "--find-links", "-i ", "file:", " /")
    return [line for line in lock_text.splitlines() if any(mark in line for mark in marks) or line.startswith("/")]


def _uv(folder: Path) -> str:
    found = shutil.which("uv")
    if found:
        return found
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "uv"]
    if subprocess.run(command).returncode:
        raise DeskError("uv cannot be installed: check the network, or install uv yourself")
    return str(folder / "bin" / "uv")
