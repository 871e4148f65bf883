"""Each import-linter contract of pyproject.toml bites: an import that it forbids, written into a copy of the sources, breaks it.

What is tried follows from the contracts themselves, so that a new container or layer is tried without anybody thinking of it; a
contract of which nothing can be tried fails, as it may guard nothing.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
SOURCES = sorted(path for part in ("libs", "services", "tools") for path in ROOT.glob(f"{part}/*/src"))
_RESULT = re.compile(r"^(?P<name>.+?) (?P<result>KEPT|BROKEN)(?: .*)?$", re.MULTILINE)


@dataclass(frozen=True)
class Violation:
    """`importer` imports `imported`, which breaks the contract, and no other. `place`: the container or source it is tried for."""

    contract: str
    place: str
    importer: str
    imported: str

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported}"


def file_of(module: str, sources: list[Path]) -> Path | None:
    """The file of one of our modules, or None where there is none."""
    for source in sources:
        path = source.joinpath(*module.split("."))
        for candidate in (path / "__init__.py", path.with_name(f"{path.name}.py")):
            if candidate.is_file():
                return candidate
    return None


def layers_of(contract: dict[str, Any]) -> list[tuple[list[str], bool]]:
    """The layers, the highest first: the names of each, and whether they may not import each other."""
    return [([name.strip().strip("()") for name in re.split(r"[|:]", layer)], "|" in layer) for layer in contract["layers"]]


def there(contract: dict[str, Any], container: str) -> list[tuple[list[str], bool]]:
    """The layers as modules of a container ("" for none), without those that it does not have."""
    prefix = f"{container}." if container else ""
    layers = [([prefix + name for name in names], apart) for names, apart in layers_of(contract)]
    existing = [([module for module in modules if file_of(module, SOURCES)], apart) for modules, apart in layers]
    return [(modules, apart) for modules, apart in existing if modules]


def of_layers(contract: dict[str, Any], container: str) -> Iterator[Violation]:
    """Each layer imports the one above it; and where modules stand beside each other in a layer, each imports its neighbour."""
    layers = there(contract, container)
    for (higher, _), (lower, _) in pairwise(layers):
        yield Violation(contract["name"], container, lower[0], higher[0])
    for modules, apart in layers:
        if apart and len(modules) > 1:
            for module, neighbour in pairwise([*modules, modules[0]]):
                yield Violation(contract["name"], container, module, neighbour)


def violations(contract: dict[str, Any]) -> Iterator[Violation]:
    """What is tried of a contract; nothing for a type that nobody has thought of here."""
    match contract["type"]:
        case "layers":
            for container in contract.get("containers", [""]):
                yield from of_layers(contract, container)
        case "forbidden":
            sources, forbidden = contract["source_modules"], contract["forbidden_modules"]
            # Each source and each forbidden module is tried at least once.
            short, long = sorted((sources, forbidden), key=len)
            for pair in zip(long, cycle(short), strict=False):
                source, target = pair if long is sources else pair[::-1]
                yield Violation(contract["name"], source, source, target)


def places(contract: dict[str, Any]) -> set[str]:
    """The containers or sources of a contract, each of which must have a violation."""
    return set(contract.get("containers") or contract.get("source_modules") or [""])


@dataclass(frozen=True)
class Copy:
    """A copy of the sources with the contracts, in which imports are written."""

    folder: Path

    @property
    def sources(self) -> list[Path]:
        return [self.folder / path.relative_to(ROOT) for path in SOURCES]

    def broken(self) -> set[str]:
        """The contracts that lint-imports reports as broken; it must report on each."""
        env = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, self.sources)),
            "COLUMNS": "400",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        lint = Path(sys.executable).with_name("lint-imports")
        run = subprocess.run([lint], cwd=self.folder, env=env, capture_output=True, text=True, timeout=120)
        found = {match["name"].strip(): match["result"] for match in _RESULT.finditer(run.stdout)}
        assert found.keys() == {c["name"] for c in CONTRACTS}, run.stdout + run.stderr
        return {name for name, result in found.items() if result == "BROKEN"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    made = Copy(tmp_path_factory.mktemp("layers"))
    for source, target in zip(SOURCES, made.sources, strict=True):
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", made.folder)
    return made


def test_the_sources_as_they_are_break_nothing(copy: Copy) -> None:
    assert copy.broken() == set()


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["name"])
def test_every_contract_is_tried_for_each_of_its_containers_or_sources(contract: dict[str, Any]) -> None:
    assert [c["name"] for c in CONTRACTS].count(contract["name"]) == 1
    assert {violation.place for violation in violations(contract)} == places(contract)


@pytest.mark.parametrize("contract", [c for c in CONTRACTS if c["type"] == "layers"], ids=lambda contract: contract["name"])
def test_every_layer_that_is_named_is_there_in_some_container(contract: dict[str, Any]) -> None:
    containers = [f"{container}." for container in contract.get("containers", [])] or [""]
    named = {name for names, _ in layers_of(contract) for name in names}
    assert {name for name in named if not any(file_of(container + name, SOURCES) for container in containers)} == set()


@pytest.mark.parametrize("violation", [v for c in CONTRACTS for v in violations(c)], ids=str)
def test_what_a_contract_forbids_breaks_it_and_no_other(copy: Copy, violation: Violation) -> None:
    path = file_of(violation.importer, copy.sources)
    assert path is not None, f"there is no module {violation.importer}"
    before = path.read_text()
    try:
        path.write_text(f"{before}\nimport {violation.imported}\n")
        assert copy.broken() == {violation.contract}
    finally:
        path.write_text(before)


def test_a_contract_of_a_new_type_or_a_container_without_layers_would_be_noticed() -> None:
    unknown = {"name": "x", "type": "independence", "modules": ["a", "b"]}
    assert not list(violations(unknown))
    assert places(unknown)
    empty = {"name": "x", "type": "layers", "containers": ["ticket_svc", "no_such_svc"], "layers": ["wiring", "domain"]}
    assert {violation.place for violation in violations(empty)} == {"ticket_svc"} != places(empty)
