"""Raw bytes through the SMTP door, and what the ledger says of each: the door names the receipt when it takes a message."""

from __future__ import annotations

import smtplib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from desk.client import Desk, until

MAILBOX = "support@desk.localhost"
Entry = dict[str, Any]


def hand_in(desk: Desk, raws: Iterable[bytes], envelope_from: str = "someone@client.example") -> list[str]:
    """Hands messages in as they are, over one session. Returns their receipts, in order."""
    host, _, port = desk.address("smtp").rpartition(":")
    receipts = []
    with smtplib.SMTP(host, int(port), timeout=60) as smtp:
        smtp.ehlo()
        for raw in raws:
            smtp.mail(envelope_from)
            smtp.rcpt(MAILBOX)
            code, words = smtp.data(raw)
            assert code == 250, words
            receipts.append(words.decode().split()[-1])
    return receipts


def entry(desk: Desk, receipt: str) -> Entry:
    """The ledger's entry of a receipt, as it is now."""
    found: Entry = desk.api("GET", f"/ledger/{receipt}")
    return found


def closed(desk: Desk, receipts: Iterable[str], seconds: float = 60) -> list[Entry]:
    """The entries of these receipts, in order, once each has its outcome."""

    def is_closed(receipt: str) -> Entry | None:
        found = entry(desk, receipt)
        return found if found["state"] == "closed" else None

    return [until(lambda r=receipt: is_closed(r), seconds, f"the outcome of {receipt}") for receipt in receipts]  # type: ignore[misc]


def seconds_taken(closed_entry: Entry) -> float:
    """From when a message was received to when its ticket was told to be."""
    ended, began = (datetime.fromisoformat(closed_entry[name]) for name in ("closed_at", "received_at"))
    return (ended - began).total_seconds()
