"""How many Produce and Fetch requests a running broker has handled.

Kafka keeps the numbers in JMX (kafka.network:type=RequestMetrics,name=RequestsPerSec), which only a Java program can read, and
the stack has no compiler to make one. So the Java runtime itself counts the calls of the two methods that handle these requests
(JEP 520: Java 25's method timing, a part of Flight Recorder). It is turned on and off in a broker that runs, needs no flag
at its start, and records nothing else. A Fetch that waits for data is one call and one request.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from desk.errors import DeskError
from desk.kafka_jars import java

METHODS = {"produce": "handleProduceRequest", "fetch": "handleFetchRequest"}
"""What is counted, and the method of kafka.server.KafkaApis that is called once for each."""

_RECORDING = "deskstream-counts"


class BrokerRequests:
    """A count in the broker with this pid while this is open. `folder`: where it may write a file for a moment."""

    def __init__(self, pid: int, folder: Path) -> None:
        self._pid = str(pid)
        self._file = folder / "kafka-requests.jfr"

    def __enter__(self) -> BrokerRequests:
        self._tell("JFR.stop", f"name={_RECORDING}", check=False)  # of a count that was killed
        methods = ";".join(f"kafka.server.KafkaApis::{name}" for name in METHODS.values())
        settings = {"enabled": "true", "period": "endChunk", "filter": methods}
        # With a plus, as `none` has no settings of this event that could be changed.
        added = [f"+jdk.MethodTiming#{key}={value}" for key, value in settings.items()]
        self._tell("JFR.start", f"name={_RECORDING}", "settings=none", *added)
        return self

    def __exit__(self, *_: object) -> None:
        self._tell("JFR.stop", f"name={_RECORDING}", check=False)
        self._file.unlink(missing_ok=True)

    def totals(self) -> dict[str, int]:
        """Requests by the names of METHODS since this was opened. Takes 0.3 s. Raises DeskError."""
        self._tell("JFR.dump", f"name={_RECORDING}", f"filename={self._file}")
        return parse(json.loads(_run("jfr", "print", "--json", "--events", "jdk.MethodTiming", str(self._file))))

    def _tell(self, *command: str, check: bool = True) -> None:
        _run("jcmd", self._pid, *command, check=check)


def parse(printed: dict[str, Any]) -> dict[str, int]:
    """The calls by the names of METHODS out of what `jfr print --json` says. Raises DeskError if a method was not counted."""
    calls: dict[str, int] = {}
    for event in printed["recording"]["events"]:
        values = event["values"]
        name = values["method"]["name"]
        # Each part of a recording ends with the calls since its beginning.
        calls[name] = max(calls.get(name, 0), values["invocations"])
    missing = [name for name in METHODS.values() if name not in calls]
    if missing:
        raise DeskError(f"Kafka's Java does not count the calls of {', '.join(missing)}: another Kafka may call it otherwise")
    return {what: calls[method] for what, method in METHODS.items()}


def _run(program: str, *arguments: str, check: bool = True) -> str:
    command = [str(Path(java()).with_name(program)), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeskError(f"Kafka's requests cannot be counted: {error}") from error
    if check and done.returncode:
        raise DeskError(f"Kafka's requests cannot be counted: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout
