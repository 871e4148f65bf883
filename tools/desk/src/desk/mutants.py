"""Mutants: small changes of decisions, kept as data beside each service's tests, and which of them the tests notice.

A mutant is applied to a copy of the service's `src`, which stands before the checkout on the path of a pytest of its own; the
checkout is never written to. Before anything is believed of a service, an unmutated copy must pass, and a copy whose packages
raise when they are imported must fail by that: so it is the copy that is tested.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from desk.errors import DeskError

FILE: Final = "mutants.toml"
AT_ONCE: Final = 2
LIMIT_SECONDS: Final = 120.0
ENOUGH: Final = 0.9
"""The share of mutants that the tests must kill."""

_POISON: Final = "poisoned, to see that it is this copy that is imported"
_FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
# Named, as looking for plugins among all that is installed takes half a second of each run.
_PLUGINS: Final = ("no:cacheprovider", "pytest_timeout", "anyio.pytest_plugin", "_hypothesis_pytestplugin")
_TEXTS: Final = ("name", "file", "before", "after")

Verdict = Literal["killed", "survived", "stale"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One slip of a developer. `name` says what goes wrong for a user; `before` stands exactly once in `file`, a path below `src`.

    `tests` names what has to run besides the unit tests, as paths below the service's `tests`.
    """

    service: str
    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """`why`: the test that killed it, or why it could not be applied."""

    mutant: Mutant
    verdict: Verdict
    why: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    outcomes: tuple[Outcome, ...]
    seconds: float

    def of(self, verdict: Verdict, service: str | None = None) -> list[Outcome]:
        return [o for o in self.outcomes if o.verdict == verdict and service in (None, o.mutant.service)]

    @property
    def services(self) -> list[str]:
        return list(dict.fromkeys(o.mutant.service for o in self.outcomes))

    @property
    def good(self) -> bool:
        """Whether enough are killed, and none is stale."""
        return not self.of("stale") and len(self.of("killed")) >= ENOUGH * len(self.outcomes)


class Stale(Exception):
    """The mutant does not fit the code any more."""


def services_of(root: Path) -> list[str]:
    """The services that have unit tests."""
    return sorted(path.parents[1].name for path in root.glob("services/*/tests/unit"))


def read_mutants(root: Path, service: str) -> list[Mutant]:
    """The mutants of a service. Raises DeskError for a file that is missing, empty or wrong."""
    path = root / "services" / service / "tests" / FILE
    if not path.exists():
        raise DeskError(f"{service} has no mutants: write tests/{FILE} (CONTRIBUTING.md says how)")
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
    except tomllib.TOMLDecodeError as error:
        raise DeskError(f"{path.relative_to(root)} is not TOML: {error}") from error
    mutants = [_mutant(service, entry) for entry in entries]
    names = [m.name for m in mutants]
    if not names or len(set(names)) < len(names):
        raise DeskError(f"{path.relative_to(root)} is to have [[mutant]] entries, each with a name of its own")
    return mutants


def _mutant(service: str, entry: dict[str, Any]) -> Mutant:
    texts = {key: entry.get(key) for key in _TEXTS}
    tests = entry.get("tests", [])
    complete = all(isinstance(text, str) and (text or key == "after") for key, text in texts.items())
    if not complete or entry.keys() - {*_TEXTS, "tests"} or not isinstance(tests, list):
        raise DeskError(f"a mutant of {service} has {', '.join(_TEXTS)} (all text) and may have tests (a list): {entry}")
    return Mutant(service, **{key: str(text) for key, text in texts.items()}, tests=tuple(map(str, tests)))


def mutated(source: str, mutant: Mutant) -> str:
    """The source with the mutant in it. Raises Stale where it does not fit, changes nothing, or is no Python."""
    found = source.count(mutant.before)
    if found != 1:
        raise Stale(f"`before` stands {found} times in {mutant.file}, and must stand there once")
    changed = source.replace(mutant.before, mutant.after)
    try:
        # What only a compiler sees is no slip that a test could be praised for.
        if ast.dump(ast.parse(changed)) == ast.dump(ast.parse(source)):
            raise Stale("it changes nothing")
    except SyntaxError as error:
        raise Stale(f"it is no Python any more: {error}") from error
    return changed


@dataclass(frozen=True, slots=True)
class _Run:
    """How a pytest ended: its exit code, or None where its time was up, and what it printed."""

    code: int | None
    output: str

    @property
    def failed(self) -> bool:
        """Whether a test failed, or could not be imported (pytest's exit codes 1 and 2)."""
        return self.code in (1, 2)

    @property
    def by(self) -> str:
        first = _FAILED.search(self.output)
        return first[1] if first else "a test"


@dataclass
class Laboratory:
    """Runs mutants of the checkout at `root`, a few at once."""

    root: Path
    limit_seconds: float = LIMIT_SECONDS
    at_once: int = AT_ONCE
    _running: set[subprocess.Popen[str]] = field(default_factory=set)

    def run(self, services: Sequence[str], progress: Callable[[str], None] = lambda _: None) -> Report:
        """All mutants of these services. Raises DeskError where a service's tests cannot be believed."""
        began = time.monotonic()
        mutants = {service: read_mutants(self.root, service) for service in services}
        with self._pool() as pool:
            for service in pool.map(lambda item: self._trust(*item), mutants.items()):
                progress(f"{service}: the unmutated copy passes")
            outcomes = []
            for outcome in pool.map(self._judge, [m for of_service in mutants.values() for m in of_service]):
                progress(f"{outcome.mutant.service}: {outcome.verdict}: {outcome.mutant.name}")
                outcomes.append(outcome)
        return Report(tuple(outcomes), time.monotonic() - began)

    @contextmanager
    def _pool(self) -> Iterator[ThreadPoolExecutor]:
        pool = ThreadPoolExecutor(self.at_once)
        try:
            yield pool
        finally:
            # After an error or Ctrl-C nothing goes on, as the children have a process group of their own.
            pool.shutdown(wait=False, cancel_futures=True)
            for child in list(self._running):
                _kill(child)
            pool.shutdown()

    def _trust(self, service: str, mutants: Sequence[Mutant]) -> str:
        """Sees that the tests pass on an unmutated copy, and that they fail on one that cannot be imported."""
        tests = tuple(dict.fromkeys(test for m in mutants for test in m.tests))
        with self._copy(service) as src:
            run = self._pytest(src, self._tests(service, "", tests))
            if run.code != 0:
                raise DeskError(f"the tests of {service} do not pass on an unmutated copy of it:\n{_end(run.output)}")
        with self._copy(service) as src:
            for package in src.glob("*/__init__.py"):
                package.write_text(f"raise RuntimeError({_POISON!r})\n", encoding="utf-8")
            run = self._pytest(src, self._tests(service, "", ()))
            if not run.failed or _POISON not in run.output:
                raise DeskError(f"the tests of {service} do not import the copy that is mutated:\n{_end(run.output)}")
        return service

    def _judge(self, mutant: Mutant) -> Outcome:
        began = time.monotonic()
        with self._copy(mutant.service) as src:
            path = src / mutant.file
            try:
                if not path.is_file():
                    raise Stale(f"there is no file {mutant.file}")
                path.write_text(mutated(path.read_text(encoding="utf-8"), mutant), encoding="utf-8")
            except Stale as stale:
                return Outcome(mutant, "stale", str(stale))
            run = self._pytest(src, self._tests(mutant.service, mutant.file, mutant.tests))
        seconds = time.monotonic() - began
        if run.code is None:
            return Outcome(mutant, "killed", f"the time limit of {self.limit_seconds:g} s", seconds)
        if run.failed:
            return Outcome(mutant, "killed", run.by, seconds)
        if run.code == 0:
            return Outcome(mutant, "survived", "", seconds)
        # No tests, a usage error, a crash of pytest: that is no verdict.
        raise DeskError(f"pytest ended with {run.code} on “{mutant.name}” of {mutant.service}:\n{_end(run.output)}")

    @contextmanager
    def _copy(self, service: str) -> Iterator[Path]:
        """A copy of the service's sources; without the compiled ones, which could stand for what was in a file before."""
        with tempfile.TemporaryDirectory(prefix="desk-mutant-", ignore_cleanup_errors=True) as folder:
            src = Path(folder) / "src"
            shutil.copytree(self.root / "services" / service / "src", src, ignore=shutil.ignore_patterns("__pycache__"))
            yield src

    def _tests(self, service: str, file: str, more: Sequence[str]) -> list[str]:
        """The service's unit tests, those that name the module of `file` first, as they kill soonest; and `more` after them."""
        folder = self.root / "services" / service / "tests"
        word = re.compile(rf"\b{re.escape(Path(file).stem)}\b")
        unit = sorted(folder.glob("unit/**/test_*.py"), key=lambda path: (not word.search(path.read_text(encoding="utf-8")), path))
        return [str(path.relative_to(self.root)) for path in (*unit, *(folder / test for test in more))]

    def _pytest(self, src: Path, what: Sequence[str]) -> _Run:
        plugins = [word for name in _PLUGINS for word in ("-p", name)]
        command = [sys.executable, "-m", "pytest", "--import-mode=importlib", *plugins, *what, "-x", "-q", "-ra"]
        env = {
            **os.environ,
            # Before the checkout's own folders, which deskstream.pth appends.
            "PYTHONPATH": os.pathsep.join(filter(None, (str(src), os.environ.get("PYTHONPATH")))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HYPOTHESIS_STORAGE_DIRECTORY": str(src.parent / "hypothesis"),
            # The profile of Hypothesis (conftest.py): a mutant that is killed today is killed tomorrow.
            "DESK_MUTANTS": "1",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "COLUMNS": "400",
        }
        child = subprocess.Popen(
            command, cwd=self.root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        self._running.add(child)
        try:
            output, _ = child.communicate(timeout=self.limit_seconds)
            return _Run(child.returncode, output)
        except subprocess.TimeoutExpired:
            _kill(child)
            return _Run(None, child.communicate()[0])
        finally:
            self._running.discard(child)


def _kill(child: subprocess.Popen[str]) -> None:
    """Ends a child that may have children of its own; it leads their group."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _end(output: str) -> str:
    return "\n".join(output.splitlines()[-15:])
