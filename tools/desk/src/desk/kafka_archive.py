"""An archive of Kafka's compiled classes, recorded once: it halves Kafka's start."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from desk.errors import DeskError
from desk.kafka import Kafka
from desk.kafka_jars import Jars, cache_lock
from desk.ports import free_port_base
from desk.report import Report
from desk.topology import PORT_OFFSETS


def make_archive(jars: Jars, report: Report) -> None:
    """Let Kafka run once, only to record its classes. Without an archive it works too, only slower: never raises."""
    if jars.archive.exists():
        return
    with cache_lock(), tempfile.TemporaryDirectory() as home:
        if jars.archive.exists():
            return
        report.phase("Preparing Kafka for quick starts (once)")
        base = free_port_base()
        for folder in ("logs", "run"):
            Path(home, folder).mkdir()
        draft = jars.archive.with_suffix(".draft")
        kafka = Kafka(Path(home), base + PORT_OFFSETS["kafka"], base + PORT_OFFSETS["kafka_controller"], jars)
        try:
            kafka.prepare()
            kafka.record_classes(draft)
            draft.replace(jars.archive)
        except (DeskError, OSError, subprocess.SubprocessError):
            draft.unlink(missing_ok=True)
            jars.archive.touch()  # an empty archive is ignored: don't try at every start
        finally:
            kafka.kill()
