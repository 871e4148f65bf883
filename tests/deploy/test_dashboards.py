"""The Grafana dashboards: their JSON by Grafana's rules, each query on a real Prometheus that scrapes a real, busy desk."""

from __future__ import annotations

import copy
import json
import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.deploy.busy_desk import Monitored
from tests.deploy.grafana_rules import Json, complaints
from tests.deploy.programs import CHART, ROOT

FILES = sorted((ROOT / CHART / "files" / "dashboards").glob("*.json"))
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in FILES}
QUERIES = [
    pytest.param(target["expr"], target["legendFormat"], id=f"{name}: {panel['title']} {target['refId']}")
    for name, dashboard in DASHBOARDS.items()
    for panel in dashboard["panels"]
    for target in panel.get("targets", [])
]
VARIABLES = [
    pytest.param(variable["query"]["query"], id=f"{name}: ${variable['name']}")
    for name, dashboard in DASHBOARDS.items()
    for variable in dashboard["templating"]["list"]
    if variable["type"] == "query"
]
# A stranger's word in a label would be seen by one of these.
UNBOUNDED = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|@|/\d+(/|$)")


def test_there_are_dashboards_of_a_service_the_pipeline_mail_and_the_desk() -> None:
    assert set(DASHBOARDS) == {"service", "pipeline", "mail", "desk"}
    assert len({dashboard["uid"] for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_grafana_has_nothing_to_complain_of(name: str) -> None:
    assert complaints(DASHBOARDS[name]) == []


def _panel(dashboard: Json, kind: str = "timeseries") -> Any:
    return next(panel for panel in dashboard["panels"] if panel["type"] == kind)


BREAKS: dict[str, Callable[[Json], object]] = {
    "an id of its own": lambda d: d.update(id=7),
    "an old schema": lambda d: d.update(schemaVersion=16),
    "a range from nowhere": lambda d: d["time"].update({"from": "yesterday"}),
    "an id twice": lambda d: _panel(d).update(id=1),
    "too wide": lambda d: _panel(d)["gridPos"].update(w=25),
    "one over another": lambda d: _panel(d)["gridPos"].update(y=0),
    "an unknown type": lambda d: _panel(d).update(type="graph"),
    "an option of another type": lambda d: _panel(d)["options"].update(reduceOptions={}),
    "an option that is missing": lambda d: _panel(d, "stat")["options"].pop("reduceOptions"),
    "no description": lambda d: _panel(d).update(description=""),
    "a data source by name": lambda d: _panel(d).update(datasource="Prometheus"),
    "an unknown unit": lambda d: _panel(d)["fieldConfig"]["defaults"].update(unit="seconds"),
    "a misplaced default": lambda d: _panel(d)["fieldConfig"]["defaults"].update(units="s"),
    "thresholds out of order": lambda d: _panel(d)["fieldConfig"]["defaults"].update(thresholds={"steps": [{"value": 1}]}),
    "no query": lambda d: _panel(d).update(targets=[]),
    "a refId twice": lambda d: _panel(d)["targets"].append(_panel(d)["targets"][0]),
    "no legend": lambda d: _panel(d)["targets"][0].update(legendFormat=""),
    "an undefined variable": lambda d: _panel(d)["targets"][0].update(expr='up{job="$job"}'),
    "a variable that nobody uses": lambda d: d["templating"]["list"].append({"name": "x", "type": "datasource"}),
    "no data source to choose": lambda d: d["templating"]["list"].pop(0),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_grafana_would_not_take_is_complained_of(name: str) -> None:
    broken = copy.deepcopy(DASHBOARDS["pipeline"])
    BREAKS[name](broken)
    assert complaints(broken)


@pytest.mark.parametrize(("query", "legend"), QUERIES)
def test_a_query_has_data(query: str, legend: str, monitored: Monitored) -> None:
    def usable() -> bool:
        found = monitored.query(query)
        # A share of nothing is no number; but a panel on which there is never one shows nothing.
        return any(math.isfinite(float(series["value"][1])) for series in found)

    monitored.until(usable, f"no number for {query}")
    wanted = set(re.findall(r"{{(\w+)}}", legend))
    found = monitored.query(query)
    assert any(wanted <= set(series["metric"]) for series in found), f"{legend} of {found[0]['metric']}"


@pytest.mark.parametrize("query", VARIABLES)
def test_a_variable_has_values(query: str, monitored: Monitored) -> None:
    assert monitored.label_values(query)


def test_no_series_is_named_by_what_strangers_send(monitored: Monitored) -> None:
    series = monitored.series('{__name__=~"deskstream_.*"}')
    strange = {value for labels in series for value in labels.values() if UNBOUNDED.search(value)}
    assert strange == set()
    assert 500 < len(series) < 6000, "series of one small desk"
