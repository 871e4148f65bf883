"""The chart on a real cluster: the trial installed, used, upgraded under load, rolled back, and gone."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

import pytest
import yaml

from desk.client import until
from desk.traffic.seed import seed
from tests.deploy.cluster import Release, trial
from tests.deploy.load import Load
from tests.deploy.programs import CHART, ROOT, program, run
from tests.deploy.test_chart_renders import OPERATORS, VALUES, render
from tests.e2e.test_main_flow import *  # noqa: F403
from tests.outsider import Outsider

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def release() -> Iterator[Release]:
    """One install serves all tests here."""
    with trial() as release:
        yield release


@pytest.fixture(scope="module")
def outsider(release: Release) -> Iterator[Outsider]:
    """What the tests of the main flow talk to."""
    with release.doors() as desk:
        seed(desk)
        yield Outsider(desk)


def test_helm_test_passes(release: Release) -> None:
    assert "ok: its confirmation was sent" in release.helm("test", "--logs", "--timeout", "180s")


@pytest.mark.parametrize("values", VALUES)
def test_the_cluster_would_take_every_object(values: str, release: Release) -> None:
    """Those of operators only where the cluster has their definitions."""
    known = set(run("kubectl", "api-versions").split())
    objects = render(values=values)
    assert {found["apiVersion"].partition("/")[0] for found in objects if found["apiVersion"] not in known} <= set(OPERATORS)
    offered = [found for found in objects if found["apiVersion"] in known]
    taken = release.kubectl("apply", "--dry-run=server", "--filename=-", text=yaml.safe_dump_all(offered)).splitlines()
    assert len([line for line in taken if line.endswith("(server dry run)")]) == len(offered)


def test_an_upgrade_under_load_loses_nothing_and_refuses_nobody(release: Release) -> None:
    keys = release.secret("internal-private-key")
    with Load(release) as load:
        release.upgrade("--set", "podAnnotations.round=two")
    load.went_well()
    assert release.secret("internal-private-key") == keys, "an upgrade must not make new keys"


def test_a_worker_killed_under_load_comes_back_and_loses_nothing(release: Release) -> None:
    with Load(release) as load:
        for name in ("ticket", "notify"):
            release.kubectl("delete", "pod", f"{release.full}-{name}-worker-0", "--grace-period=0", "--force")
        release.kubectl("rollout", "status", f"statefulset/{release.full}-ticket-worker", "--timeout=120s")
    load.went_well()


def test_an_upgrade_that_fails_is_rolled_back_and_nobody_notices(release: Release) -> None:
    before = json.loads(release.helm("status", "--output", "json"))["version"]
    words = ["upgrade", release.name, CHART, "--reuse-values", "--namespace", release.namespace, "--wait", "--timeout", "30s"]
    newer = "--rollback-on-failure" in run("helm", "upgrade", "--help")  # from Helm 4 on
    words += ["--rollback-on-failure" if newer else "--atomic", "--set", "services.ticket.env.TICKET_HOLD_SECONDS=nonsense"]
    with Load(release) as load:
        assert subprocess.run([program("helm"), *words], cwd=ROOT, capture_output=True).returncode != 0
    load.went_well()
    after = json.loads(release.helm("status", "--output", "json"))
    assert (after["info"]["status"], after["version"]) == ("deployed", before + 2)
    release.kubectl("rollout", "status", f"statefulset/{release.full}-ticket-worker", "--timeout=120s")


def test_a_drain_waits_for_a_second_door_before_it_takes_the_last(release: Release) -> None:
    release.upgrade("--set", "services.gateway.api.replicas=2,services.ingest.api.replicas=2")
    doors = [f"{release.full}-{name}-api" for name in ("gateway", "ingest")]
    nodes = [node["metadata"]["name"] for node in json.loads(run("kubectl", "get", "nodes", "--output", "json"))["items"]]
    ours = f"app.kubernetes.io/instance={release.name},app.kubernetes.io/component in (gateway,ingest,ticket),deskstream.io/role"
    drain = [program("kubectl"), "drain", *nodes, f"--pod-selector={ours}", "--ignore-daemonsets", "--delete-emptydir-data"]
    old = release.pods(ours)
    with Load(release) as load:
        draining = subprocess.Popen([*drain, "--timeout=240s"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            # Where there is but one, as of each worker, it goes at once; of two doors one goes, and its heir finds no node.
            until(lambda: len(old & release.pods(ours)) == len(doors), 60, "the evictions that budgets allow")
            time.sleep(10)
            assert draining.poll() is None, "the last doors were taken"
            assert [release.ready(door) for door in doors] == [1, 1]
        finally:
            run("kubectl", "uncordon", *nodes)
        out, _ = draining.communicate(timeout=240)
        assert draining.returncode == 0, out
        assert "disruption budget" in out
    assert not old & release.pods(ours)
    load.went_well()


def test_migrations_can_be_jobs_and_workers_deployments(release: Release) -> None:
    with Load(release) as load:
        release.upgrade("--set", "migrations.mode=hook,defaults.worker.kind=Deployment")
    kinds = release.kubectl("get", "deployments,statefulsets", "--output", "name").splitlines()
    assert {name.partition("/")[0] for name in kinds if name.endswith("-worker")} == {"deployment.apps"}
    pods = json.loads(release.kubectl("get", "pods", "--output", "json"))["items"]
    apis = [pod for pod in pods if pod["metadata"]["labels"].get("deskstream.io/role") == "api"]
    assert apis
    assert not any("initContainers" in pod["spec"] for pod in apis if "deletionTimestamp" not in pod["metadata"])
    load.went_well()
