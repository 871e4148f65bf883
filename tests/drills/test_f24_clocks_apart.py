"""F24: the hosts of a desk disagree about the time by hours; deadlines are the database's, and nothing comes early or late."""

import os
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from desk.client import until
from desk.traffic.checker import end_offsets, published_since
from desk.traffic.mails import Mail, Sender
from tests.drills.conftest import started
from tests.faults.conftest import Broken, Load
from tests.faults.observed import metric

AHEAD, BEHIND = "+7200", "-7200"
TARGET = 4


def _at(offset: str) -> dict[str, str]:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "this drill needs libfaketime: apt-get install libfaketime"
    # Only what the time is: how long something takes is told by the monotonic clock, which is right on every host.
    return {"LD_PRELOAD": str(found[0]), "FAKETIME": f"{offset}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}


@pytest.mark.parametrize("odd", [AHEAD, BEHIND], ids=["every other host ahead", "every other host behind"])
def test_f24_deadlines_hold_and_all_is_done_with_clocks_four_hours_apart(odd: str, desk: Broken) -> None:
    even = BEHIND if odd == AHEAD else AHEAD
    seen = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time())"], env={**os.environ, **_at(odd)}, capture_output=True, text=True
    )
    assert abs(float(seen.stdout) - time.time()) > 7000, "the clock is not faked"
    offsets = {"ingest": odd, "customer": even, "ticket": odd, "routing": even, "sla": even, "notify": odd, "gateway": even}
    desk.stack.extra_env = {name: _at(offset) for name, offset in offsets.items()}
    started(desk)
    _promise_an_answer_within(desk, TARGET)

    since = end_offsets(desk.bootstrap)
    senders = [Sender(f"Late {n}", f"late{n}@sample.com") for n in range(8)]
    sent: dict[str, float] = {}
    for sender in senders:
        mail = Mail(sender, "Is anybody there?", "Hello?")
        desk.desk.send(mail.raw(), mail.to, sender.email)
        sent[mail.message_id] = time.time()

    def breaches() -> dict[str, datetime] | None:
        found = [e for e in published_since(desk.bootstrap, since) if e.type == "sla.breached.v1"]
        first = {e.key: datetime.fromisoformat(e.data["at"]) for e in found if e.data["clock"] == "first_response"}
        return first if len(first) == len(senders) else None

    breached = until(breaches, 60, "every breach")
    assert time.time() >= max(sent.values()) + TARGET
    opened = {e.key: e.data for e in published_since(desk.bootstrap, since) if e.type == "ticket.opened.v1"}
    for ticket, data in opened.items():
        assert abs(datetime.fromisoformat(data["ticket"]["opened_at"]).timestamp() - sent[data["rfc_message_id"]]) < 5
        due = datetime.fromisoformat(data["ticket"]["opened_at"]) + timedelta(seconds=TARGET)
        assert due <= breached[ticket] < due + timedelta(seconds=10)
    assert abs(metric(desk.stack, "sla", "deskstream_clock_skew_seconds")) > 7000, "the skew is shown"

    with Load(desk, 40, 20) as traffic:
        pass
    traffic.check()


def _promise_an_answer_within(desk: Broken, seconds: int) -> None:
    target = {"first_response": seconds, "resolution": 3600}
    policy = {
        "name": "Quick",
        "conditions": {"organizations": ["Sample Inc."]},
        "targets": dict.fromkeys(("low", "medium", "high", "critical"), target),
        "calendar": "24x7",
    }
    policies = desk.desk.api("GET", "/sla/policies")["policies"]
    desk.desk.api("PUT", "/sla/policies", json={"policies": [policy, *policies]})
