"""Virtual environments with one of our own packages and what it declares, made of this one's packages: without an index."""

from __future__ import annotations

import subprocess
import sys
import venv
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OURS = ("deskstream-contracts", "deskstream-chassis")


def wheel(project: Path, folder: Path) -> Path:
    """Builds a project as pip does, by the build backend that the lock has."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(project)], check=True)
    (built,) = folder.glob(f"deskstream_{project.name}-*.whl")
    return built


def environment(folder: Path, wheels: list[Path], *others: str) -> Path:
    """An environment with these wheels, all that they declare and all that `others` (requirements) do; returns its Python."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*command, *map(str, wheels)], check=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    declared = [requirement for built in wheels for requirement in _declared(packages, built)]
    for found in _closure([*declared, *others]):
        _link(found, packages)
    return python


def _declared(packages: Path, built: Path) -> list[str]:
    name, version = built.name.split("-")[:2]
    return Distribution.at(packages / f"{name}-{version}.dist-info").requires or []


def _closure(requirements: list[str]) -> list[Distribution]:
    """The installed packages that requirements lead to. Fails where one is not installed, or in a version that does not fit."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in OURS or (requirement.marker is not None and not requirement.marker.evaluate({"extra": extra})):
            continue
        if name not in found:
            found[name] = distribution(name)
        assert requirement.specifier.contains(found[name].version, prereleases=True), f"{requirement} is {found[name].version}"
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                waiting += [(Requirement(text), wanted) for text in found[name].requires or ()]
    return list(found.values())


def _link(found: Distribution, packages: Path) -> None:
    for file in found.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(Path(str(found.locate_file(file))).resolve())
