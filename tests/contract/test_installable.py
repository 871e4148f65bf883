"""Both libraries are packages: in an environment with nothing but what they declare, all of them can be imported."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest

from desk.paths import ROOT
from tests.environments import environment, wheel

LIBS = ROOT / "libs"
IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
assert "site-packages" in package.__file__, package.__file__
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.startswith(tuple(sys.argv[2:])):
        importlib.import_module(module.name)
"""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wheels")
    return {name: wheel(LIBS / name, folder) for name in ("contracts", "chassis")}


def import_all(python: Path, *arguments: str) -> None:
    done = subprocess.run([python, "-I", "-c", IMPORT_ALL, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_contracts_need_nothing_but_what_they_declare(wheels: dict[str, Path], tmp_path: Path) -> None:
    import_all(environment(tmp_path / "env", [wheels["contracts"]]), "deskstream_contracts")


def test_the_chassis_needs_nothing_but_what_it_declares(wheels: dict[str, Path], tmp_path: Path) -> None:
    python = environment(tmp_path / "env", list(wheels.values()))
    import_all(python, "deskstream_chassis", "deskstream_chassis.testing")


def test_what_is_not_declared_is_missed(wheels: dict[str, Path], tmp_path: Path) -> None:
    python = environment(tmp_path / "env", [wheels["contracts"]])
    done = subprocess.run([python, "-I", "-c", "import aiokafka"], capture_output=True, text=True)
    assert "No module named 'aiokafka'" in done.stderr


def test_types_schemas_and_examples_come_along(wheels: dict[str, Path]) -> None:
    names = set(zipfile.ZipFile(wheels["contracts"]).namelist())
    source = LIBS / "contracts" / "src"
    kept = [*source.rglob("*.json"), source / "deskstream_contracts" / "py.typed"]
    assert {str(path.relative_to(source)) for path in kept} <= names
    assert "deskstream_chassis/py.typed" in zipfile.ZipFile(wheels["chassis"]).namelist()
