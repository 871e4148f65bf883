"""What Grafana asks of a dashboard's JSON (schema version 36 and later), as far as ours use it: the tests have no Grafana."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
COLUMNS = 24
# Panel type → option keys of its schema (grafana/grafana, public/app/plugins/panel/*/panelcfg.cue); the first of them it needs.
OPTIONS = {
    "row": (set(), set()),
    "timeseries": ({"legend", "tooltip"}, {"legend", "tooltip", "timezone", "orientation"}),
    "stat": (
        {"reduceOptions", "colorMode", "graphMode"},
        {
            "reduceOptions",
            "colorMode",
            "graphMode",
            "justifyMode",
            "orientation",
            "textMode",
            "text",
            "wideLayout",
            "showPercentChange",
        },
    ),
    "bargauge": (
        {"reduceOptions", "displayMode"},
        {"reduceOptions", "displayMode", "orientation", "showUnfilled", "text", "valueMode", "namePlacement", "sizing", "legend"},
    ),
    "heatmap": (
        {"calculate", "color"},
        {"calculate", "calculation", "cellGap", "cellValues", "color", "yAxis", "legend", "tooltip", "filterValues", "showValue"},
    ),
}
DEFAULTS = {"unit", "min", "max", "decimals", "color", "thresholds", "custom", "mappings", "noValue", "displayName"}
UNITS = {"none", "short", "s", "bytes", "percentunit", "ops", "reqps", "wps"}
TARGET = {"refId", "datasource", "editorMode", "expr", "legendFormat", "instant", "range", "format"}
FORMATS = {"time_series", "table", "heatmap"}
BUILT_IN = {"__rate_interval", "__interval", "__range"}
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))")


def complaints(dashboard: Json) -> list[str]:
    """All that Grafana would refuse, ignore or draw wrongly."""
    return [*_whole(dashboard), *_grid(dashboard), *_variables(dashboard), *(c for p in dashboard["panels"] for c in _panel(p))]


def variables_in(text: str) -> set[str]:
    """The names of the template variables that a text uses."""
    return {braced or plain for braced, plain in _VARIABLE.findall(text)}


def _whole(dashboard: Json) -> Iterator[str]:
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", dashboard.get("uid", "")):
        yield "uid: up to 40 letters, digits, _ and -"
    if dashboard.get("id") is not None:
        yield "id: is given by the Grafana that it is imported into"
    if not isinstance(dashboard.get("schemaVersion"), int) or dashboard["schemaVersion"] < 36:
        yield "schemaVersion: older models refer to data sources by name"
    for name in ("title", "description"):
        if not dashboard.get(name):
            yield f"{name}: is missing"
    if not re.fullmatch(r"now-\d+[mhd]", dashboard.get("time", {}).get("from", "")) or dashboard["time"].get("to") != "now":
        yield "time: not a range up to now"
    ids = Counter(panel.get("id") for panel in dashboard["panels"])
    yield from (f"id {found}: {times} panels" for found, times in ids.items() if times > 1 or not isinstance(found, int))


def _grid(dashboard: Json) -> Iterator[str]:
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard["panels"]:
        place, title = panel.get("gridPos", {}), panel.get("title", "?")
        if sorted(place) != ["h", "w", "x", "y"] or not all(isinstance(v, int) and v >= 0 for v in place.values()):
            yield f"{title}: gridPos"
            continue
        if not place["w"] or not place["h"] or place["x"] + place["w"] > COLUMNS:
            yield f"{title}: does not fit into {COLUMNS} columns"
        cells = [(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])]
        over = {taken[cell] for cell in cells if cell in taken}
        if over:
            yield f"{title}: lies over {', '.join(sorted(over))}"
        taken.update(dict.fromkeys(cells, title))


def _variables(dashboard: Json) -> Iterator[str]:
    defined = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    if defined.get("datasource", {}).get("type") != "datasource":
        yield "variable datasource: is missing"
    used: set[str] = set()
    for name, variable in defined.items():
        if variable["type"] not in ("datasource", "query"):
            yield f"variable {name}: type {variable['type']}"
        if variable["type"] == "query":
            used |= variables_in(variable["query"]["query"]) | variables_in(variable["datasource"]["uid"])
    for panel in dashboard["panels"]:
        texts = [panel.get("title", ""), str(panel.get("datasource")), *(t["expr"] for t in panel.get("targets", []))]
        used |= set().union(*map(variables_in, texts))
    yield from (f"${name}: is not defined" for name in sorted(used - set(defined) - BUILT_IN))
    yield from (f"${name}: is never used" for name in sorted(set(defined) - used))


def _panel(panel: Json) -> Iterator[str]:
    kind, title = panel.get("type"), panel.get("title", "?")
    if kind not in OPTIONS:
        yield f"{title}: type {kind}"
        return
    if kind == "row":
        return
    needed, known = OPTIONS[kind]
    yield from (f"{title}: option {name}" for name in (needed - set(panel["options"])) | (set(panel["options"]) - known))
    if not panel.get("description"):
        yield f"{title}: no description"
    if panel.get("datasource") != {"type": "prometheus", "uid": "${datasource}"}:
        yield f"{title}: datasource"
    defaults = panel["fieldConfig"]["defaults"]
    yield from (f"{title}: fieldConfig.defaults.{name}" for name in set(defaults) - DEFAULTS)
    if defaults.get("unit") not in UNITS:
        yield f"{title}: unit {defaults.get('unit')}"
    steps = [step["value"] for step in defaults.get("thresholds", {}).get("steps", [])]
    if steps and (steps[0] is not None or sorted(steps[1:]) != steps[1:]):
        yield f"{title}: thresholds"
    yield from (f"{title}: {said}" for said in _targets(panel))


def _targets(panel: Json) -> Iterator[str]:
    targets = panel.get("targets", [])
    if not targets:
        yield "no query"
    refs = Counter(target.get("refId") for target in targets)
    yield from (f"refId {ref}" for ref, times in refs.items() if times > 1 or not re.fullmatch(r"[A-Z]", str(ref)))
    for target in targets:
        yield from (f"target {name}" for name in set(target) ^ TARGET)
        if target.get("datasource") != panel["datasource"]:
            yield "target datasource"
        if target.get("format") not in FORMATS or target.get("instant") is target.get("range"):
            yield "target format"
        if panel["type"] != "stat" and not target.get("legendFormat"):
            yield "no legend"
