"""All metrics of all services, as their registries name them, and the page of the documentation that lists them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType

from prometheus_client.metrics import MetricWrapperBase

from desk.paths import ROOT

REGISTRIES = ("deskstream_chassis", "ingest_svc", "ticket_svc", "routing_svc", "sla_svc", "notify_svc", "gateway")
"""The packages with a metrics.py: the only places that name a metric."""

PAGE = ROOT / "docs" / "metrics.md"

_HEAD = """# Metrics

Written by `./desk dashboards` from the services' `metrics.py`. Each process answers `GET /metrics`; Prometheus adds the labels
`service` and `instance`. Counters end in `_total`, histograms in `_bucket`, `_sum` and `_count`. Besides there are `process_*`
and `python_*` of prometheus-client. A gauge of something in a database is the same in each process that has it: take the maximum.

Not measured, because it does not exist yet: the last successful IMAP poll (there is no IMAP door), customers' satisfaction
(there is no feedback).
"""


@dataclass(frozen=True, slots=True)
class Metric:
    """`series` are the names that can be queried."""

    package: str
    constant: str
    name: str
    kind: str
    labels: tuple[str, ...]
    help: str

    @property
    def series(self) -> tuple[str, ...]:
        match self.kind:
            case "counter":
                return (f"{self.name}_total",)
            case "histogram":
                return tuple(f"{self.name}_{end}" for end in ("bucket", "sum", "count"))
            case _:
                return (self.name,)


def registry(package: str) -> ModuleType:
    room = ".watch" if package == "deskstream_chassis" else ""
    return importlib.import_module(f"{package}{room}.metrics")


def all_metrics() -> list[Metric]:
    """Of all registries, in their order."""
    return [metric for package in REGISTRIES for metric in _of(package)]


def _of(package: str) -> Iterator[Metric]:
    for constant, value in vars(registry(package)).items():
        if isinstance(value, MetricWrapperBase) and constant.isupper():
            yield Metric(package, constant, value._name, value._type or "", tuple(value._labelnames), value._documentation)


def bounds_of(package: str) -> Mapping[str, str]:
    """What each label of a package's metrics is bounded by."""
    own: dict[str, str] = registry(package).LABELS
    common: dict[str, str] = registry("deskstream_chassis").LABELS
    return {**common, **own}


def page() -> str:
    """The text of docs/metrics.md."""
    parts = [_HEAD]
    for package in REGISTRIES:
        title = "Every service" if package == "deskstream_chassis" else package.replace("_", "-")
        parts.append(f"\n## {title}\n\n| metric | kind | labels | what |\n|---|---|---|---|\n")
        metrics = list(_of(package))
        for metric in metrics:
            labels = ", ".join(metric.labels)
            parts.append(f"| `{metric.series[0].removesuffix('_bucket')}` | {metric.kind} | {labels} | {metric.help} |\n")
        bounds, used = bounds_of(package), {label for metric in metrics for label in metric.labels}
        parts.append("\nLabels: " + "; ".join(f"*{name}*: {bounds[name]}" for name in sorted(used)) + ".\n")
    return "".join(parts)
