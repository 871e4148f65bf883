"""F21, F26: a consumer ten times too slow, and replies that race a breach."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import httpx
import psutil

from desk.client import until
from desk.traffic.checker import end_offsets, published_since
from desk.traffic.mails import Mail, Sender
from tests.faults.conftest import Broken, Load


def test_f21_a_consumer_that_is_too_slow_shows_its_lag_and_keeps_its_memory(broken: Broken, load: Callable[..., Load]) -> None:
    # One message a transaction, and half a second for each: some two a second, where forty come.
    broken.restart("customer", FAILPOINTS="consumer.before_commit=sleep:0.5", CONSUMER_MAX_BATCH="1")
    pid = broken.stack.pid("customer")
    assert pid is not None
    before = psutil.Process(pid).memory_info().rss
    with load(240, 80) as traffic:
        pass
    lag = until(lambda: _lag(broken), 30, "the lag to be shown")
    assert lag > 100
    assert psutil.Process(pid).memory_info().rss - before < 64 * 2**20
    broken.restart("customer")
    traffic.check(120)


def _lag(broken: Broken) -> float:
    text = httpx.get(f"{broken.stack.url('customer')}/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("deskstream_consumer_lag_messages{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def test_f26_replies_that_race_a_breach_leave_one_outcome_each(broken: Broken) -> None:
    desk = broken.desk
    policies = desk.api("GET", "/sla/policies")["policies"]
    target = {"first_response": 2, "resolution": 3600}
    racing = {
        "name": "Race",
        "conditions": {"organizations": ["Sample Inc."]},
        "targets": dict.fromkeys(("low", "medium", "high", "critical"), target),
        "calendar": "24x7",
    }
    desk.api("PUT", "/sla/policies", json={"policies": [racing, *(p for p in policies if p["name"] != "Race")]})
    offsets = end_offsets(broken.bootstrap)
    try:
        senders = [Sender(f"Racer {n}", f"racer{n}.{time.time_ns()}@sample.com") for n in range(12)]
        threads = [threading.Thread(target=_race, args=(broken, sender, n)) for n, sender in enumerate(senders)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(3)
        events = [e for e in published_since(broken.bootstrap, offsets) if e.type.startswith("sla.")]
        outcomes: Counter[tuple[str, str]] = Counter()
        for event in {e.id: e for e in events}.values():
            if event.type in ("sla.fulfilled.v1", "sla.breached.v1") and event.data["clock"] == "first_response":
                outcomes[event.key, event.type] += 1
        assert len({key for key, _ in outcomes}) == len(senders)
        assert set(outcomes.values()) == {1}
        _check_final_states(broken, {key for key, _ in outcomes}, outcomes)
    finally:
        desk.api("PUT", "/sla/policies", json={"policies": [p for p in policies if p["name"] != "Race"]})


def _race(broken: Broken, sender: Sender, n: int) -> None:
    """Writes, and is answered within some milliseconds of the deadline, before or after it."""
    mail = Mail(sender, f"A race {n}", "Who is first, the agent or the clock?")
    broken.desk.send(mail.raw(), mail.to, sender.email)

    def found() -> list[dict[str, str]]:
        items: list[dict[str, str]] = broken.desk.api("GET", "/tickets", params={"q": sender.email})["items"]
        return items

    ticket = until(found, 15, "the ticket")[0]
    due = until(lambda: broken.desk.api("GET", f"/tickets/{ticket['number']}")["sla"], 15, "the clock")
    opened = due["clocks"][0]["started_at"]
    deadline = datetime.fromisoformat(opened).timestamp() + 2
    time.sleep(max(0.0, deadline - time.time() - 0.12 + n * 0.02))
    broken.desk.api("POST", f"/tickets/{ticket['number']}/replies", json={"text": "I am."}, role="agent", name="Ada")


def _check_final_states(broken: Broken, tickets: set[str], outcomes: "Counter[tuple[str, str]]") -> None:
    for ticket in tickets:
        detail = until(lambda t=ticket: broken.desk.api("GET", f"/tickets/{t}")["sla"], 10, "the state")  # type: ignore[misc]
        clock = next(c for c in detail["clocks"] if c["kind"] == "first_response")
        if outcomes[ticket, "sla.breached.v1"]:
            assert clock["breached_at"]
        else:
            assert clock["status"] == "fulfilled"
