"""Drills: faults that need root (a disk of their own) or libfaketime. Where these are missing a drill fails, and says what."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from desk.client import Desk
from desk.ports import free_port_base
from desk.stack import Stack
from desk.traffic.seed import seed
from tests.faults.conftest import Broken


@dataclass(frozen=True)
class Disk:
    """A small disk, mounted at `place`."""

    place: Path

    @property
    def _ballast(self) -> Path:
        return self.place / "ballast"

    def fill(self) -> None:
        """Takes all that is free."""
        with self._ballast.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * 4096)

    def free(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def disk() -> Iterator[Callable[[Path, int, str | None], Disk]]:
    """Mounts a disk of so many MiB at a place, for a user; what is there already moves onto it."""
    assert os.geteuid() == 0, "this drill mounts a file system: run it as root"
    mounted: list[Path] = []

    def mount(place: Path, mebibytes: int, user: str | None = None) -> Disk:
        place.mkdir(parents=True, exist_ok=True)
        before = place.with_name(f"{place.name}.before")
        shutil.copytree(place, before)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=700", "tmpfs", place], capture_output=True, text=True
        )
        assert done.returncode == 0, f"this drill needs to mount a tmpfs: {done.stderr.strip()}"
        mounted.append(place)
        shutil.copytree(before, place, dirs_exist_ok=True)
        shutil.rmtree(before)
        if user is not None:
            subprocess.run(["chown", "-R", user, place], check=True)
        return Disk(place)

    yield mount
    for place in mounted:
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture
def desk(tmp_path: Path, disk: object) -> Iterator[Broken]:
    """A desk that is yet to be started (`started`), and gone before the disks are."""
    stack = Stack(tmp_path / "home", free_port_base())
    yield Broken(stack, Desk.at(stack.home, stack.topology.port_base))
    stack.destroy()


def started(desk: Broken) -> Broken:
    desk.stack.start()
    seed(desk.desk)
    return desk
