"""What runs in pods of the cluster beside the release: mails and requests, none of which is tried again."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from desk.client import Desk, until
from tests.deploy.cluster import Release
from tests.deploy.programs import IMAGES, program


def pod_command(release: Release, script: str, env: Mapping[str, str]) -> list[str]:
    """The command that runs a script of this folder in a pod of the release's namespace, which ends with it."""
    name = f"{script.partition('_')[0]}-{secrets.token_hex(4)}"
    known = {"FULL": release.full, "TOKEN_SECRET": release.secret("token-secret"), **env}
    labels = ("name=deskstream", f"instance={release.name}", "component=test")
    options = [
        f"--image={IMAGES[-1]}",
        f"--labels={','.join(f'app.kubernetes.io/{label}' for label in labels)}",
        *(f"--env={key}={value}" for key, value in known.items()),
    ]
    words = ["run", name, *options, "--restart=Never", "--stdin", "--rm", "--quiet", "--command", "--", "python", "-c"]
    return [program("kubectl"), "--namespace", release.namespace, *words, Path(__file__).with_name(script).read_text()]


def run_in_pod(release: Release, script: str, env: Mapping[str, str]) -> dict[str, Any]:
    """What a script of this folder says last, in JSON."""
    done = subprocess.run(pod_command(release, script, env), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, f"{script}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


class Load:
    """As a context: it is running when the context begins and ends with it; then what came of it is known.

    `accepted` are the senders who were told 250, `asked` the number of requests answered, `failures` what was refused or failed.
    """

    accepted: list[str]
    asked: int
    failures: list[str]

    def __init__(self, release: Release) -> None:
        self.run = secrets.token_hex(4)
        self._release = release

    def __enter__(self) -> Load:
        command = pod_command(self._release, "load_from_inside.py", {"RUN": self.run, "ADDRESS": "support@desk.localhost"})
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        until(lambda: self._line()["accepted"], 60, "the load's first mail")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if error is None:
            sofar = self._line()
            until(lambda: _both(self._line()) > _both(sofar) + 10, 120, "mails and answers after what was done")
        self._process.stdin.close()
        while not (last := self._line()).get("ended"):
            pass
        self._process.wait(60)
        self._process.stdout.close()
        self.accepted, self.asked, self.failures = last["accepted"], last["asked"], last["failures"]

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the load's pod ended early: exit {self._process.poll()}"
        found: dict[str, Any] = json.loads(line)
        return found

    def went_well(self) -> None:
        """Nobody was refused, and each who was told 250 has one ticket and one confirmation."""
        assert self.failures == [], self.failures
        with self._release.doors() as desk:
            until(lambda: len(self._confirmations(desk)) >= len(self.accepted), 120, "a confirmation for each mail")
            wanted = Counter(self.accepted)
            for what, found in (("confirmations", self._confirmations(desk)), ("tickets", self._openers(desk))):
                assert found == wanted, f"{what}: {wanted - found} lost, {found - wanted} too many"

    def _confirmations(self, desk: Desk) -> Counter[str]:
        return Counter(to for mail in desk.mails() for to in mail["envelope_to"] if f".{self.run}@" in to)

    def _openers(self, desk: Desk) -> Counter[str]:
        """Who has how many tickets."""
        found: Counter[str] = Counter()
        cursor: str | None = None
        while True:
            params = {"q": f"{self.run}@load.example", "limit": "100", **({"cursor": cursor} if cursor else {})}
            page = desk.api("GET", "/tickets", params=params)
            found.update(ticket["requester"]["email"] for ticket in page["items"])
            cursor = page["next"]
            if not cursor:
                return found


def _both(line: Mapping[str, Any]) -> int:
    """So many mails were taken, and as many requests answered."""
    return min(line["accepted"], line["asked"])
