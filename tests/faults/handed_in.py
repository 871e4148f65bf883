"""Raw bytes through the SMTP door, and what the ledger says of each: the door names the receipt when it takes a message."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from desk.client import Desk, until

MAILBOX = "support@desk.localhost"
Entry = dict[str, Any]


def hand_in(desk: Desk, raws: Iterable[bytes], envelope_from: str = "someone@client.example", rate: float = 0.0) -> list[str]:
    """Hands messages in as they are, over one session, `rate` a second (0: as fast as they are taken). Returns their receipts."""
    host, _, port = desk.address("smtp").rpartition(":")
    receipts: list[str] = []
    begun = time.monotonic()
    with smtplib.SMTP(host, int(port), timeout=60) as smtp:
        smtp.ehlo()
        for raw in raws:
            if rate:
                time.sleep(max(0.0, begun + len(receipts) / rate - time.monotonic()))
            smtp.mail(envelope_from)
            smtp.rcpt(MAILBOX)
            code, words = smtp.data(raw)
            assert code == 250, words
            receipts.append(words.decode().split()[-1])
    return receipts


def entries(desk: Desk) -> Iterator[Entry]:
    """The ledger, the newest entry first."""
    cursor: dict[str, str] = {}
    while True:
        page = desk.api("GET", "/ledger", params={"limit": 200, **cursor})
        yield from page["items"]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def closed(desk: Desk, receipts: Sequence[str], seconds: float = 60) -> list[Entry]:
    """The entries of these receipts, in order, once each has its outcome."""
    found: dict[str, Entry] = {}

    def all_closed() -> bool:
        wanted = set(receipts)
        for entry in entries(desk):
            if entry["id"] in wanted:
                wanted.remove(entry["id"])
                found[entry["id"]] = entry
            if not wanted:
                break
        return not wanted and all(found[receipt]["state"] == "closed" for receipt in receipts)

    until(all_closed, seconds, f"the outcomes of {len(receipts)} messages")
    return [found[receipt] for receipt in receipts]


def seconds_taken(closed_entry: Entry) -> float:
    """From when a message was received to when its ticket was told to be."""
    ended, began = (datetime.fromisoformat(closed_entry[name]) for name in ("closed_at", "received_at"))
    return (ended - began).total_seconds()
