"""Where the dashboards' JSON is kept: with the chart, from which Compose takes it too."""

from __future__ import annotations

import json
from pathlib import Path

from desk.dashboards.grafana import Dashboard
from desk.dashboards.helpdesk import HELPDESK
from desk.dashboards.mail import MAIL
from desk.dashboards.pipeline import PIPELINE
from desk.dashboards.service import SERVICE
from desk.paths import ROOT

FOLDER = ROOT / "deploy" / "helm" / "deskstream" / "files" / "dashboards"
DASHBOARDS = (SERVICE, PIPELINE, MAIL, HELPDESK)


def path_of(dashboard: Dashboard) -> Path:
    return FOLDER / f"{dashboard.name}.json"


def text_of(dashboard: Dashboard) -> str:
    """The file's content, as Grafana imports and provisions it."""
    return json.dumps(dashboard.as_json(), indent=2, ensure_ascii=False) + "\n"
