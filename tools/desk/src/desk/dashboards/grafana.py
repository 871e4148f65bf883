"""Dashboards as Grafana reads them (JSON model, schema version 41), out of a few words a panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any, Literal

SCHEMA_VERSION = 41
COLUMNS = 24
HEIGHT = 8
SOURCE = {"type": "prometheus", "uid": "${datasource}"}

Kind = Literal["timeseries", "stat", "bargauge", "heatmap"]


@dataclass(frozen=True, slots=True)
class Panel:
    """`queries` are pairs of legend and PromQL. `unit` is one of Grafana's; `alarm` is the value from which it is red."""

    title: str
    description: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    kind: Kind = "timeseries"
    width: int = 8
    stacked: bool = False
    alarm: float | None = None

    @property
    def height(self) -> int:
        return HEIGHT // 2 if self.kind == "stat" else HEIGHT


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice of several values of a label, all of them at first."""

    name: str
    label: str
    query: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Rows of panels under a title each."""

    name: str
    title: str
    description: str
    since: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    variables: tuple[Variable, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The model of the whole dashboard."""
        return {
            "uid": f"deskstream-{self.name}",
            "title": f"Deskstream: {self.title}",
            "description": self.description,
            "tags": ["deskstream"],
            "schemaVersion": SCHEMA_VERSION,
            "editable": True,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": self.since, "to": "now"},
            "timezone": "browser",
            "links": [_LINKS],
            "annotations": {"list": []},
            "templating": {"list": [_DATASOURCE, *map(_variable, self.variables)]},
            "panels": _layout(self.rows),
        }


_LINKS = {
    "title": "Deskstream",
    "type": "dashboards",
    "tags": ["deskstream"],
    "asDropdown": True,
    "includeVars": False,
    "keepTime": True,
}
_DATASOURCE = {
    "name": "datasource",
    "label": "Data source",
    "type": "datasource",
    "query": "prometheus",
    "current": {},
    "refresh": 1,
    "regex": "",
}


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": variable.query, "refId": variable.name},
        "definition": variable.query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _layout(rows: Sequence[tuple[str, Sequence[Panel]]]) -> list[dict[str, Any]]:
    """Panels from left to right, in lines; the first that finds no room in a line begins the next."""
    made: list[dict[str, Any]] = []
    top = 0
    for title, panels in rows:
        position = {"h": 1, "w": COLUMNS, "x": 0, "y": top}
        made.append({"id": len(made) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": position, "panels": []})
        top, left, line = top + 1, 0, 0
        for panel in panels:
            if left + panel.width > COLUMNS:
                top, left, line = top + line, 0, 0
            position = {"h": panel.height, "w": panel.width, "x": left, "y": top}
            made.append({"id": len(made) + 1, "gridPos": position, **_panel(panel)})
            left, line = left + panel.width, max(line, panel.height)
        top += line
    return made


def _panel(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0, "color": {"mode": "palette-classic"}}
    if panel.alarm is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.alarm}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    if panel.kind in ("stat", "bargauge"):
        defaults["color"] = {"mode": "thresholds"}
    if panel.kind == "timeseries":
        defaults["custom"] = _drawn(panel)
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _OPTIONS[panel.kind],
        "targets": [_target(panel, n, legend, query) for n, (legend, query) in enumerate(panel.queries)],
    }


def _drawn(panel: Panel) -> dict[str, Any]:
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 30 if panel.stacked else 5,
        "showPoints": "never",
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "off" if panel.alarm is None else "line"},
    }


def _target(panel: Panel, number: int, legend: str, query: str) -> dict[str, Any]:
    now = panel.kind in ("stat", "bargauge")
    return {
        "refId": ascii_uppercase[number],
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": query,
        "legendFormat": legend,
        "instant": now,
        "range": not now,
        "format": "heatmap" if panel.kind == "heatmap" else "time_series",
    }


_REDUCED = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: dict[Kind, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": _REDUCED,
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
    },
    "bargauge": {"reduceOptions": _REDUCED, "displayMode": "basic", "orientation": "horizontal", "showUnfilled": True},
    "heatmap": {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5},
        "yAxis": {"unit": "s", "axisPlacement": "left"},
        "legend": {"show": True},
        "tooltip": {"mode": "single", "yHistogram": False},
    },
}
