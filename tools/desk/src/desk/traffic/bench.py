"""The mail benchmark: from SMTP acceptance to a routed, timed and confirmed ticket, over everything that is between."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from desk.client import Desk
from desk.errors import DeskError
from desk.traffic.checker import Offsets, end_offsets, published_since

_SETTLE_SECONDS = 120.0
BESIDE_RATE = 20.0
"""Mails a second that go beside those that are measured."""
Beside = Literal["ordinary", "hostile"]


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds and proportional memory (MiB) of each process of the stack, its children counted with it."""

    cpu: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Seen:
    """When things happened to one new mail, by the timestamps of Kafka's records and of the mailbox (seconds since the epoch)."""

    accepted: float
    routed: float | None = None
    timed: float | None = None
    confirmed: float | None = None
    opened: int = 0
    confirmations: int = 0


@dataclass(slots=True)
class Result:
    mails: int
    accepted: int
    seconds: float
    latencies: dict[str, dict[str, float]]
    cpu_ms_per_mail: float
    cpu_ms_by_process: dict[str, float]
    memory_mib: dict[str, float]
    lost: dict[str, int]
    doubled: dict[str, int]

    @property
    def mails_per_second(self) -> float:
        return round(self.accepted / self.seconds, 1)

    @property
    def flawless(self) -> bool:
        return self.accepted == self.mails and not any(self.lost.values()) and not any(self.doubled.values())


@dataclass(frozen=True, slots=True)
class Fairness:
    """The 99th percentile of the confirmation (ms), the best of some runs: alone, and beside other mails, ordinary or hostile.

    What hostile mails cost beyond as many ordinary ones is what they do; the rest is what the machine can carry.
    """

    alone_ms: float
    ordinary_ms: float
    hostile_ms: float
    ratio: float
    to_ordinary: float
    lost: int
    doubled: int
    flawless: bool

    @staticmethod
    def of(alone: Sequence[Result], ordinary: Sequence[Result], hostile: Sequence[Result]) -> Fairness:
        """Of runs of the same load, alone and beside others."""
        first, second, third = (
            min(r.latencies["confirmed_ms"].get("p99", math.inf) for r in some) for some in (alone, ordinary, hostile)
        )
        results = [*alone, *ordinary, *hostile]
        return Fairness(
            alone_ms=first,
            ordinary_ms=second,
            hostile_ms=third,
            ratio=round(third / first, 2),
            to_ordinary=round(third / second, 2),
            lost=sum(sum(r.lost.values()) for r in results),
            doubled=sum(sum(r.doubled.values()) for r in results),
            flawless=all(r.flawless for r in results),
        )


def run_mail_bench(
    desk: Desk,
    count: int,
    rate: float,
    connections: int,
    progress: Callable[[str, float], None],
    measure: Callable[[], Usage] = Usage,
    beside: Beside | None = None,
) -> Result:
    """Sends `count` mails and follows each to its end. `progress` hears a phase and how much of it is done (0 to 1), `measure`
    tells what has been used so far. What goes `beside` them, twenty a second, is followed to an outcome."""
    run = secrets.token_hex(4)
    before_ledger = desk.api("GET", "/ledger/summary")
    if before_ledger["open"]:
        raise DeskError(f"{before_ledger['open']} entries of the ledger are still open: wait until ./desk ledger shows none")
    mail_seq = desk.mailbox_stats()["last_seq"]
    offsets = end_offsets(desk.address("kafka"))
    usage = measure()
    began = time.time()
    with _others(desk, beside):
        sent = _generate(desk, count, rate, connections, run, progress)
    accepted = {s["message_id"]: s for s in sent if s["accepted_at"]}
    new = sum(1 for s in accepted.values() if not s["is_reply"])
    ended = _wait(desk, before_ledger["received"] + len(accepted), mail_seq, new, progress)
    after = measure()
    cpu = {name: round((after.cpu[name] - usage.cpu.get(name, 0.0)) * 1000 / max(1, len(accepted)), 3) for name in after.cpu}
    followed = follow(desk, offsets, mail_seq, accepted)
    return Result(
        mails=count,
        accepted=len(accepted),
        seconds=round(ended - began, 3),
        latencies=_latencies(followed.new.values()),
        cpu_ms_per_mail=round(sum(cpu.values()), 2),
        cpu_ms_by_process=dict(sorted(cpu.items(), key=lambda item: -item[1])),
        memory_mib=after.memory | {"all": round(sum(after.memory.values()), 1)},
        lost=followed.lost,
        doubled=followed.doubled,
    )


def _generate(
    desk: Desk, count: int, rate: float, connections: int, run: str, progress: Callable[[str, float], None]
) -> list[dict[str, Any]]:
    arguments = [*desk.address("smtp").rsplit(":", 1), str(count), str(rate), str(connections), run]
    command = [sys.executable, "-m", "desk.traffic.generator", *arguments]
    before = desk.api("GET", "/ledger/summary")["received"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        reader = asyncio.run(_read_with_progress(process, desk, before, count, progress))
    if process.returncode:
        raise DeskError("the mail generator failed")
    sent: list[dict[str, Any]] = json.loads(reader)
    return sent


@contextmanager
def _others(desk: Desk, kind: Beside | None) -> Iterator[None]:
    if kind is None:
        yield
        return
    arguments = [*desk.address("smtp").rsplit(":", 1), str(BESIDE_RATE), kind]
    command = [sys.executable, "-m", "desk.traffic.hostile", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.terminate()
            said, _ = process.communicate(timeout=60)
    if process.returncode or not int(said):
        raise DeskError(f"the {kind} mails could not be sent")


async def _read_with_progress(
    process: subprocess.Popen[bytes], desk: Desk, before: int, count: int, progress: Callable[[str, float], None]
) -> bytes:
    assert process.stdout is not None
    read = asyncio.create_task(asyncio.to_thread(process.stdout.read))
    while not read.done():
        await asyncio.wait({read}, timeout=2.0)
        if not read.done():
            received = (await asyncio.to_thread(desk.api, "GET", "/ledger/summary"))["received"]
            progress("sending", (received - before) / count)
    progress("sending", 1.0)
    return await read


def _wait(desk: Desk, received: int, mail_seq: int, confirmations: int, progress: Callable[[str, float], None]) -> float:
    """Waits until every entry has its outcome and every confirmation is there; returns when that was."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    confirmed = 0
    while time.monotonic() < deadline:
        confirmed = desk.mailbox_stats()["last_seq"] - mail_seq
        progress("following", confirmed / max(1, confirmations))
        if confirmed >= confirmations:
            summary = desk.api("GET", "/ledger/summary")
            if summary["closed"] >= received and not summary["open"]:
                break
        time.sleep(0.1)
    return time.time()


@dataclass(slots=True)
class Followed:
    new: dict[str, Seen]
    lost: dict[str, int]
    doubled: dict[str, int]


def follow(desk: Desk, offsets: Offsets, mail_seq: int, accepted: dict[str, dict[str, Any]]) -> Followed:
    """Reads what became of every mail: its events from Kafka, its confirmation from the mailbox."""
    new = {id_: Seen(s["accepted_at"]) for id_, s in accepted.items() if not s["is_reply"]}
    appended: Counter[str] = Counter()
    by_ticket: dict[str, str] = {}
    events = published_since(desk.address("kafka"), offsets)
    # A relay that was killed publishes again what it had published: the first coming counts.
    first = {event.id: event for event in reversed(events)}.values()
    # Topics are read side by side: a clock may come before its ticket.
    for event in sorted(first, key=lambda e: (e.type != "ticket.opened.v1", e.at)):
        _note(event.type, event.at, event.data, new, by_ticket, appended)
    ids: Counter[str] = Counter()
    for mail in desk.mails(mail_seq):
        ids[mail["message_id"]] += 1
        seen = new.get(mail["in_reply_to"] or "")
        if seen is not None:
            seen.confirmations += 1
            seen.confirmed = min(seen.confirmed or mail["received_at"], mail["received_at"])
    replies = [id_ for id_, s in accepted.items() if s["is_reply"]]
    lost = {
        "tickets": sum(1 for s in new.values() if not s.opened),
        "routed": sum(1 for s in new.values() if s.routed is None),
        "timed": sum(1 for s in new.values() if s.timed is None),
        "confirmations": sum(1 for s in new.values() if not s.confirmations),
        "replies": sum(1 for id_ in replies if not appended[id_]),
    }
    doubled = {
        "tickets": sum(1 for s in new.values() if s.opened > 1),
        "replies": sum(1 for id_ in replies if appended[id_] > 1),
        "confirmations": sum(1 for s in new.values() if s.confirmations > 1),
        "message_ids": sum(1 for n in ids.values() if n > 1),
    }
    return Followed(new, lost, doubled)


def _note(
    kind: str, at: float, data: dict[str, Any], new: dict[str, Seen], by_ticket: dict[str, str], appended: Counter[str]
) -> None:
    if kind == "ticket.opened.v1" and data.get("rfc_message_id") in new:
        new[data["rfc_message_id"]].opened += 1
        by_ticket[data["ticket"]["id"]] = data["rfc_message_id"]
    elif kind == "ticket.customer_replied.v1":
        appended[data.get("rfc_message_id", "")] += 1
    elif kind == "ticket.assigned.v1" and (id_ := by_ticket.get(data["ticket"]["id"])):
        new[id_].routed = min(new[id_].routed or at, at)
    elif kind == "sla.clock_started.v1" and (id_ := by_ticket.get(data["sla"]["ticket_id"])):
        new[id_].timed = min(new[id_].timed or at, at)


def _latencies(seen: Any) -> dict[str, dict[str, float]]:
    ready = sorted(max(s.routed, s.timed) - s.accepted for s in seen if s.routed and s.timed)
    confirmed = sorted(s.confirmed - s.accepted for s in seen if s.confirmed)
    return {"routed_and_timed_ms": _percentiles(ready), "confirmed_ms": _percentiles(confirmed)}


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that so large a share (0 to 1) of some values in their order does not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    at = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    found = {name: round(1000 * percentile(values, share), 1) for name, share in at.items()}
    return found | {"max": round(1000 * values[-1], 1)}
