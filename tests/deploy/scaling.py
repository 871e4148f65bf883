"""How the desk scales on a cluster: the mail benchmark with 1, 2 and 4 workers of each service.

    DESK_TEST_CLUSTER_LOAD='…' .venv/bin/python -m tests.deploy.scaling 1 2 4

It wants what the tests on a cluster want (cluster.py). For each number of workers it says how many mails a second were through,
with what latency, and what each part used of the CPU for them (what it uses while nothing happens is taken off), as the kubelet
counts it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from desk.traffic.seed import seed
from tests.deploy.cluster import Release, trial
from tests.deploy.load import run_in_pod
from tests.deploy.programs import run

LAGS = 30.0
"""The kubelet's figures are so many seconds old at most."""


SHARE = "5m"
"""What each worker asks for, so that all find room on a small cluster."""


@dataclass(frozen=True)
class Measured:
    """One run: `cpu` is CPU seconds by part, without what they use while nothing happens; `idle` is that, in cores."""

    workers: int
    result: dict[str, Any]
    cpu: dict[str, float]
    idle: float

    @property
    def row(self) -> str:
        latency = self.result["latencies"]["confirmed_ms"]
        shares = {name: 1000 * used / self.result["accepted"] for name, used in self.cpu.items()}
        parts = ", ".join(f"{name} {share:.2f}" for name, share in sorted(shares.items(), key=lambda s: -s[1]) if share >= 0.05)
        return (
            f"| {self.workers} | {self.result['mails_per_second']} | {latency['p50']:.0f} / {latency['p99']:.0f} "
            f"| {sum(shares.values()):.1f} | {self.idle:.2f} | {parts} |"
        )


@dataclass(frozen=True)
class Account:
    """What a pod had used of the CPU (seconds), as it was seen at a time (seconds since the epoch)."""

    part: str
    at: float
    cpu: float


def accounts(release: Release) -> dict[str, Account]:
    """The kubelet's accounts of the pods of the release."""
    pods = json.loads(release.kubectl("get", "pods", "--output", "json"))["items"]
    parts = {pod["metadata"]["name"]: part_of(pod["metadata"]["labels"]) for pod in pods}
    found: dict[str, Account] = {}
    for node in json.loads(run("kubectl", "get", "nodes", "--output", "json"))["items"]:
        path = f"/api/v1/nodes/{node['metadata']['name']}/proxy/stats/summary"
        for pod in json.loads(run("kubectl", "get", "--raw", path))["pods"]:
            name, cpu = pod["podRef"]["name"], pod["cpu"]
            if pod["podRef"]["namespace"] == release.namespace and name in parts:
                at = datetime.fromisoformat(cpu["time"]).timestamp()
                found[name] = Account(parts[name], at, cpu["usageCoreNanoSeconds"] / 1e9)
    return found


def rates(first: dict[str, Account], last: dict[str, Account]) -> dict[str, float]:
    """Cores that each pod has kept busy in between."""
    return {name: (last[name].cpu - one.cpu) / (last[name].at - one.at) for name, one in first.items()}


def on_workers(resource: str) -> str:
    return ",".join(f"{place}.worker.resources.{resource}" for place in ("defaults", "services.ingest"))


def part_of(labels: dict[str, str]) -> str:
    return "-".join(labels[key] for key in ("app.kubernetes.io/component", "deskstream.io/role") if key in labels)


def measure(release: Release, workers: int, limit: str, count: int, connections: int) -> Measured:
    values = [f"defaults.worker.replicas={workers}", on_workers(f"requests.cpu={SHARE}")]
    if limit:
        values.append(on_workers(f"limits.cpu={limit}"))
    release.upgrade("--set", ",".join(values))
    names = [f"statefulset/{release.full}-{name}-worker" for name in ("ingest", "ticket", "gateway")]
    for name in names:
        release.kubectl("rollout", "status", name, "--timeout=300s")
    bench(release, 200, connections)  # plans, caches, and every partition's first message
    time.sleep(LAGS)
    quiet = accounts(release)
    time.sleep(2 * LAGS)
    before = accounts(release)
    idle = rates(quiet, before)
    result = bench(release, count, connections)
    time.sleep(LAGS)
    after = accounts(release)
    cpu: dict[str, float] = defaultdict(float)
    for name, busy in rates(before, after).items():
        cpu[before[name].part] += (busy - idle[name]) * (after[name].at - before[name].at)
    return Measured(workers, result, cpu, sum(idle.values()))


def bench(release: Release, count: int, connections: int) -> dict[str, Any]:
    env = {"COUNT": str(count), "CONNECTIONS": str(connections)}
    result = run_in_pod(release, "bench_from_inside.py", env)
    assert result["flawless"], result
    return result


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("workers", type=int, nargs="+", help="how many workers of each service")
    given.add_argument(
        "--limit", default="", help="CPU that each worker may take, such as 100m, so that workers are what bounds it"
    )
    given.add_argument("--count", type=int, default=8000, help="mails a run")
    given.add_argument("--connections", type=int, default=8, help="SMTP connections at a time")
    words = given.parse_args()
    with trial() as release:
        with release.doors() as desk:
            seed(desk)
        print(
            "| workers of each service | mails/s | SMTP → confirmation, p50 / p99 ms | CPU ms a mail | cores when idle | of which |"
        )
        print("|---|---|---|---|---|---|", flush=True)
        for workers in words.workers:
            print(measure(release, workers, words.limit, words.count, words.connections).row, flush=True)


if __name__ == "__main__":
    main()
