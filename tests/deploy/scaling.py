"""How the desk scales on a cluster: the mail benchmark with 1, 2 and 4 workers of each service.

    DESK_TEST_CLUSTER_LOAD='…' .venv/bin/python -m tests.deploy.scaling --count 2000 1 2 4

It wants what the tests on a cluster want (cluster.py). For each number of workers it says how many mails a second were through,
with what latency, and what each part used of the CPU meanwhile, as the kubelet counts it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from desk.traffic.seed import seed
from tests.deploy.cluster import Release, trial
from tests.deploy.load import run_in_pod
from tests.deploy.programs import run

LAGS = 30.0
"""The kubelet's figures are so many seconds old at most."""


@dataclass(frozen=True)
class Measured:
    """One run: `cpu` is CPU seconds by part, `cores` how many cores all of them kept busy."""

    workers: int
    result: dict[str, Any]
    cpu: Counter[str]

    @property
    def row(self) -> str:
        latency = self.result["latencies"]["confirmed_ms"]
        parts = ", ".join(f"{name} {1000 * used / self.result['accepted']:.1f}" for name, used in self.cpu.most_common())
        busy = sum(self.cpu.values())
        each = 1000 * busy / self.result["accepted"]
        return (
            f"| {self.workers} | {self.result['mails_per_second']} | {latency['p50']:.0f} / {latency['p99']:.0f} | {each:.1f} "
            f"| {parts} |"
        )


def used(release: Release) -> Counter[str]:
    """CPU seconds that each part of the release has used, by the kubelet's account of its pods."""
    pods = json.loads(release.kubectl("get", "pods", "--output", "json"))["items"]
    parts = {pod["metadata"]["name"]: part_of(pod["metadata"]["labels"]) for pod in pods}
    found: Counter[str] = Counter()
    for node in json.loads(run("kubectl", "get", "nodes", "--output", "json"))["items"]:
        path = f"/api/v1/nodes/{node['metadata']['name']}/proxy/stats/summary"
        for pod in json.loads(run("kubectl", "get", "--raw", path))["pods"]:
            part = parts.get(pod["podRef"]["name"]) if pod["podRef"]["namespace"] == release.namespace else None
            if part is not None:
                found[part] += pod["cpu"]["usageCoreNanoSeconds"] / 1e9
    return found


def part_of(labels: dict[str, str]) -> str:
    return "-".join(labels[key] for key in ("app.kubernetes.io/component", "deskstream.io/role") if key in labels)


def measure(release: Release, workers: int, count: int, connections: int) -> Measured:
    release.upgrade("--set", f"defaults.worker.replicas={workers}")
    names = [f"statefulset/{release.full}-{name}-worker" for name in ("ingest", "ticket", "gateway")]
    for name in names:
        release.kubectl("rollout", "status", name, "--timeout=300s")
    bench(release, 200, connections)  # plans, caches, and every partition's first message
    time.sleep(LAGS)
    before = used(release)
    result = bench(release, count, connections)
    time.sleep(LAGS)
    return Measured(workers, result, used(release) - before)


def bench(release: Release, count: int, connections: int) -> dict[str, Any]:
    env = {"COUNT": str(count), "CONNECTIONS": str(connections)}
    result = run_in_pod(release, "bench_from_inside.py", env)
    assert result["flawless"], result
    return result


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("workers", type=int, nargs="+", help="how many workers of each service")
    given.add_argument("--count", type=int, default=2000, help="mails a run")
    given.add_argument("--connections", type=int, default=8, help="SMTP connections at a time")
    words = given.parse_args()
    with trial() as release:
        with release.doors() as desk:
            seed(desk)
        print("| workers of each service | mails/s | SMTP → confirmation, p50 / p99 ms | CPU ms a mail | of which |")
        print("|---|---|---|---|---|", flush=True)
        for workers in words.workers:
            print(measure(release, workers, words.count, words.connections).row, flush=True)


if __name__ == "__main__":
    main()
