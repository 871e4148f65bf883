"""The alerts: each fires when it should and is quiet when it should be (promtool), and says what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from desk.metric_list import all_metrics
from tests.deploy.alert_cases import CASES, Case, Series
from tests.deploy.busy_desk import Monitored
from tests.deploy.programs import CHART, ROOT, run

FOLDER = ROOT / CHART / "files" / "rules"
RULES: list[dict[str, Any]] = [
    rule
    for path in sorted(FOLDER.glob("*.yaml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]
NAMES = [rule["alert"] for rule in RULES]
RUNBOOKS = (ROOT / "docs" / "alerts.md").read_text()
# What others export: Prometheus itself, and prometheus-client of each process.
FOREIGN = {"up", "process_start_time_seconds"}
# A busy desk may miss a deadline that is four seconds long.
DELIBERATE = {"DeskstreamManyBreaches"}


def ask_promtool(case: Case, series: Series, fires: bool, folder: Path) -> None:
    """Fails unless the alert fires for these series, or does not, as is said."""
    labels = case.labels if fires else ""
    query = f'count (ALERTS{{alertname="{case.alert}", alertstate="firing", {labels}}})'
    expected = [{"labels": "{}", "value": 1}] if fires else []
    test = {
        "rule_files": [str(path) for path in sorted(FOLDER.glob("*.yaml"))],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {"expr": query, "eval_time": f"{case.minutes}m", "exp_samples": expected},
                ],
            }
        ],
    }
    path = folder / "test.yaml"
    path.write_text(json.dumps(test))
    run("promtool", "test", "rules", str(path))


def test_the_rules_are_well_formed() -> None:
    run("promtool", "check", "rules", *(str(path) for path in sorted(FOLDER.glob("*.yaml"))))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.alert)
def test_an_alert_fires_when_it_should(case: Case, tmp_path: Path) -> None:
    ask_promtool(case, case.firing, True, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.alert)
def test_an_alert_is_quiet_when_it_should_be(case: Case, tmp_path: Path) -> None:
    ask_promtool(case, case.quiet, False, tmp_path)


def test_every_alert_has_its_case() -> None:
    assert sorted(case.alert for case in CASES) == sorted(NAMES)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r["alert"])
def test_an_alert_says_what_is_so_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert rule["annotations"]["runbook"] == f"docs/alerts.md#{rule['alert'].lower()}"
    section = re.search(rf"^### {rule['alert']}\n(.*?)(?=^##|\Z)", RUNBOOKS, re.MULTILINE | re.DOTALL)
    assert section, f"docs/alerts.md has no heading ### {rule['alert']}"
    for part in ("**Means**", "**Look**", "**Do**"):
        assert part in section[1], f"{rule['alert']}: {part}"


def test_there_is_no_runbook_of_an_alert_that_does_not_exist() -> None:
    assert sorted(re.findall(r"^### (Deskstream\w+)$", RUNBOOKS, re.MULTILINE)) == sorted(NAMES)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r["alert"])
def test_an_alert_looks_at_metrics_that_exist(rule: dict[str, Any]) -> None:
    known = {name for metric in all_metrics() for name in metric.series} | FOREIGN
    used = set(re.findall(r"\b(?:deskstream|process)_\w+|\bup\b", rule["expr"]))
    assert used
    assert used <= known


def test_a_busy_and_healthy_desk_raises_no_alarm(monitored: Monitored) -> None:
    monitored.until(lambda: _outcomes(monitored) > 10, "messages with outcomes within the last minute")
    found = {rule["name"]: rule for group in monitored.rules() for rule in group["rules"]}
    assert set(found) == set(NAMES), "the Prometheus of Compose has not read the same rules"
    # Not even pending: a start may have been, but what is wrong with a rule does not pass.
    monitored.until(lambda: not _raised(monitored) - DELIBERATE, "the end of all alarms")
    assert {name for name, rule in found.items() if rule["health"] == "err"} == set()


def _outcomes(monitored: Monitored) -> float:
    found = monitored.query("sum (increase(deskstream_ingest_outcomes_total[1m]))")
    return float(found[0]["value"][1]) if found else 0.0


def _raised(monitored: Monitored) -> set[str]:
    return {rule["name"] for group in monitored.rules() for rule in group["rules"] if rule["state"] in ("pending", "firing")}
