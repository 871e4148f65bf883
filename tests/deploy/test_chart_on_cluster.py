"""The chart on a real cluster: the trial installed, used, upgraded under load, rolled back, and gone."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from desk.client import until
from desk.traffic.seed import seed
from tests.deploy.cluster import Release, trial
from tests.deploy.programs import CHART, IMAGES, ROOT, program, run
from tests.e2e.test_main_flow import *  # noqa: F403
from tests.visitor import Visitor

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def release() -> Iterator[Release]:
    """One install serves all tests here."""
    with trial() as release:
        yield release


@pytest.fixture(scope="module")
def visitor(release: Release) -> Iterator[Visitor]:
    """What the tests of the main flow talk to."""
    with release.doors() as desk:
        seed(desk)
        yield Visitor(desk)


def test_helm_test_passes(release: Release) -> None:
    assert "ok: its confirmation was sent" in release.helm("test", "--logs", "--timeout", "180s")


class Load:
    """Mails and requests from a pod of the cluster, that nobody tries again."""

    def __init__(self, release: Release, seconds: float) -> None:
        self.run = secrets.token_hex(4)
        env = {
            "FULL": release.full,
            "SECONDS": str(seconds),
            "RUN": self.run,
            "ADDRESS": "support@desk.localhost",
            "TOKEN_SECRET": release.secret("token-secret"),
        }
        labels = f"app.kubernetes.io/name=deskstream,app.kubernetes.io/instance={release.name},app.kubernetes.io/component=test"
        words = [
            "run",
            f"load-{self.run}",
            f"--image={IMAGES[-2]}",
            f"--labels={labels}",
            "--restart=Never",
            "--stdin",
            "--rm",
        ]
        words += ["--quiet", *(f"--env={key}={value}" for key, value in env.items()), "--command", "--", "python", "-"]
        with (Path(__file__).parent / "load_from_inside.py").open() as script:
            command = [program("kubectl"), "--namespace", release.namespace, *words]
            self._process = subprocess.Popen(command, stdin=script, stdout=subprocess.PIPE, text=True)

    def result(self) -> tuple[list[str], int, list[str]]:
        """Who was told 250, how many requests were answered, what failed."""
        out, _ = self._process.communicate(timeout=600)
        found = json.loads(next(line for line in out.splitlines() if line.startswith("{")))
        return found["accepted"], found["asked"], found["failures"]


def confirmations(visitor: Visitor, load: str) -> Counter[str]:
    """How many confirmations each sender of a load got."""
    mails = visitor.desk.mails()
    return Counter(to for mail in mails for to in mail["envelope_to"] if f".{load}@load.example" in to)


def all_confirmed_once(release: Release, load: Load, accepted: list[str]) -> None:
    with release.doors() as visitor:
        until(lambda: len(confirmations(visitor, load.run)) >= len(accepted), 120, "a confirmation for each mail")
        assert confirmations(visitor, load.run) == Counter(accepted)
        tickets = 0
        page = visitor.desk.api("GET", "/tickets", params={"q": f"{load.run}@load.example", "limit": 100})
        tickets += len(page["items"])
        assert tickets == min(len(accepted), 100)


def test_an_upgrade_under_load_loses_nothing_and_refuses_nobody(release: Release) -> None:
    keys = release.secret("internal-private-key")
    load = Load(release, 150)
    release.upgrade("--set", "podAnnotations.round=two")
    accepted, asked, failures = load.result()
    assert failures == []
    assert len(accepted) > 50
    assert asked > 50
    all_confirmed_once(release, load, accepted)
    assert release.secret("internal-private-key") == keys, "an upgrade must not make new keys"


def test_a_worker_killed_under_load_comes_back_and_loses_nothing(release: Release) -> None:
    load = Load(release, 40)
    for name in ("ticket", "notify"):
        release.kubectl("delete", "pod", f"{release.full}-{name}-worker-0", "--grace-period=0", "--force")
    accepted, _, failures = load.result()
    assert failures == []
    all_confirmed_once(release, load, accepted)


def test_an_upgrade_that_fails_is_rolled_back_and_nobody_notices(release: Release) -> None:
    before = json.loads(release.helm("status", "--output", "json"))["version"]
    load = Load(release, 60)
    words = ["upgrade", release.name, CHART, "--reuse-values", "--namespace", release.namespace, "--wait", "--timeout", "30s"]
    newer = "--rollback-on-failure" in run("helm", "upgrade", "--help")  # from Helm 4 on
    words += ["--rollback-on-failure" if newer else "--atomic", "--set", "services.ticket.env.TICKET_TYPES=nonsense"]
    assert subprocess.run([program("helm"), *words], cwd=ROOT, capture_output=True).returncode != 0
    accepted, _, failures = load.result()
    assert failures == []
    after = json.loads(release.helm("status", "--output", "json"))
    assert (after["info"]["status"], after["version"]) == ("deployed", before + 2)
    release.kubectl("rollout", "status", f"statefulset/{release.full}-ticket-worker", "--timeout=120s")
    all_confirmed_once(release, load, accepted)


def test_migrations_can_run_as_jobs_before_the_upgrade(release: Release) -> None:
    release.upgrade("--set", "migrations.mode=hook")
    pods = json.loads(release.kubectl("get", "pods", "--output", "json"))["items"]
    workers = [pod for pod in pods if pod["metadata"]["labels"].get("deskstream.io/role") == "api"]
    assert workers
    assert not any("initContainers" in pod["spec"] for pod in workers if "deletionTimestamp" not in pod["metadata"])
