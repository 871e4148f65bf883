"""The registries of metrics: bounded labels, each metric counted and shown somewhere, and what is written out of them."""

from __future__ import annotations

import re

import pytest

from desk.cli.dashboards import written
from desk.dashboards.files import DASHBOARDS, text_of
from desk.metric_list import REGISTRIES, Metric, all_metrics, bounds_of
from desk.paths import ROOT

METRICS = all_metrics()
UNBOUNDED = {
    "id",
    "email",
    "address",
    "customer",
    "sender",
    "recipient",
    "ticket",
    "number",
    "subject",
    "path",
    "url",
    "key",
    "message",
}


def sources(package: str) -> str:
    """Everything that a package says outside of its registry."""
    (home,) = ROOT.glob(f"*/*/src/{package}")
    return "\n".join(path.read_text() for path in sorted(home.rglob("*.py")) if path.name != "metrics.py")


def test_there_are_registries_and_no_metric_outside_of_them() -> None:
    elsewhere = re.compile(r"\b(Counter|Gauge|Histogram|Summary)\(\s*\"deskstream")
    for path in (*ROOT.glob("libs/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")):
        assert path.name == "metrics.py" or not elsewhere.search(path.read_text()), path
    found = {path.relative_to(ROOT).parts[3] for path in ROOT.glob("*/*/src/**/metrics.py")}
    assert found == set(REGISTRIES)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_a_metric_has_words_and_labels_that_say_what_bounds_them(metric: Metric) -> None:
    assert metric.name.startswith("deskstream_")
    assert metric.help.endswith(".")
    assert set(metric.labels) <= set(bounds_of(metric.package))
    assert not UNBOUNDED & set(metric.labels)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_a_metric_is_counted_somewhere_and_shown_on_a_dashboard(metric: Metric) -> None:
    said = "\n".join(map(sources, REGISTRIES)) if metric.package == "deskstream_chassis" else sources(metric.package)
    assert re.search(rf"\b{metric.constant}\b", said), f"{metric.constant} is never set"
    shown = "\n".join(map(text_of, DASHBOARDS))
    assert re.search(rf"\b({'|'.join(metric.series)})\b", shown), f"{metric.name} is on no dashboard"


def test_names_are_unique() -> None:
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))


def test_the_dashboards_and_the_list_of_metrics_are_written_as_they_are_defined() -> None:
    stale = [str(path.relative_to(ROOT)) for path, text in written().items() if not path.exists() or path.read_text() != text]
    assert stale == [], "./desk dashboards writes them anew"
