"""A desk in Compose that is busy with everything that dashboards show, and the Prometheus that watches it."""

from __future__ import annotations

import contextlib
import re
import smtplib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from desk.client import Desk, until
from desk.topology import DOMAIN
from desk.traffic.mails import Mail
from tests.outsider import Outsider

# The scrape interval is 5 s; Grafana would take four of them at least.
_INTERVALS = {"$__rate_interval": "1m", "$__interval": "15s", "$__range": "1h"}
_SUBJECTS = ("An invoice is wrong", "There is an error when I log in", "Where is my parcel?")


@dataclass
class Monitored:
    """Asks a Prometheus what Grafana would ask it."""

    desk: Desk
    prometheus: str

    def query(self, expression: str) -> list[Any]:
        """The series of an instant query, with every template variable on All."""
        for name, value in _INTERVALS.items():
            expression = expression.replace(name, value)
        found: list[Any] = self._get("query", query=re.sub(r"\$\{?\w+\}?", ".*", expression))["result"]
        return found

    def series(self, selector: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self._get("series", **{"match[]": selector})
        return found

    def rules(self) -> list[Any]:
        """The groups of rules, as they were last evaluated."""
        found: list[Any] = self._get("rules")["groups"]
        return found

    def label_values(self, query: str) -> list[str]:
        """What `label_values(selector, label)` of a template variable gives."""
        match = re.fullmatch(r"label_values\((.+), (\w+)\)", query)
        assert match, query
        selector = re.sub(r"\$\w+", ".*", match[1])
        found: list[str] = self._get(f"label/{match[2]}/values", **{"match[]": selector})
        return found

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Within two minutes of scrapes."""
        until(condition, 120, what)

    def _get(self, path: str, **parameters: str) -> Any:
        answer = httpx.get(f"{self.prometheus}/api/v1/{path}", params=parameters, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@contextlib.contextmanager
def busy(desk: Desk) -> Iterator[None]:
    """Mails, answers, resolutions, reopenings, breaches, robots, refusals: again and again, until it ends."""
    stop, failures = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            _shorten_deadlines(desk)
            while not stop.is_set():
                _round(Outsider(desk))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
        if failures:
            raise failures[0]


def _round(outsider: Outsider) -> None:
    desk = outsider.desk
    for subject in _SUBJECTS:
        pat = outsider.person()
        mail = Mail(pat, subject, "Hello, what I wrote in the subject.")
        outsider.write(mail)
        outsider.write(mail)  # a duplicate
        outsider.write(Mail(pat, "Away", "I am away.", headers=(("Auto-Submitted", "auto-replied"),)))
        confirmation = outsider.mail_to(pat.email, "confirmation")
        number = outsider.ticket_of(pat)["ticket"]["number"]
        desk.api("POST", f"/tickets/{number}/replies", json={"text": "Here it is."}, role="agent", name="Ada Lovelace")
        desk.api("POST", f"/tickets/{number}/resolve", json={"solution": "Done."}, name="Ada")
        outsider.write(Mail(pat, f"Re: {confirmation['subject']}", "Not quite.", to=confirmation["reply_to"]))
        with contextlib.suppress(smtplib.SMTPException):
            desk.send(mail.raw(), f"nobody@{DOMAIN}", pat.email)
    body = {
        "email": outsider.person().email,
        "subject": "A dark mode",
        "text": "Please.",
        "requested": {"ticket_type": "Feature Request"},
    }
    desk.api("POST", "/tickets", json=body)  # nobody answers it: a breach
    for path in (
        "/tickets",
        "/customers",
        "/organizations",
        "/sla/policies",
        "/routing/configuration",
        "/addresses/suppressed",
        "/ledger",
    ):
        desk.api("GET", path)
    desk.api_response("GET", f"/tickets/{uuid.uuid4()}")
    httpx.get(f"{desk.url('gateway')}/api/v1/tickets")  # without a token
    time.sleep(0.5)


def _shorten_deadlines(desk: Desk) -> None:
    target = {"first_response": 4, "resolution": 3600}
    short = {
        "name": "Four seconds",
        "conditions": {"types": ["Feature Request"]},
        "targets": dict.fromkeys(("low", "medium", "high", "critical"), target),
        "calendar": "24x7",
    }
    others = [policy for policy in desk.api("GET", "/sla/policies")["policies"] if policy["name"] != short["name"]]
    desk.api("PUT", "/sla/policies", json={"policies": [short, *others]})
