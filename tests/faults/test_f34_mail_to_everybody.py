"""F34, and a mail server on a bad day: no sender's address holds up mail, a server that refuses us loses none, a slow one gets each
mail once."""

import json
import os
import secrets
import subprocess
import sys
import time
from typing import Any

import httpx

from desk.client import until
from desk.traffic.mails import Mail
from tests.faults.conftest import Broken
from tests.outsider import Outsider


def written_by(broken: Broken, sender: str) -> str:
    """A mail with this From, as it is. Returns the Message-ID."""
    id_ = f"<{secrets.token_hex(8)}@client.example>"
    head = f"From: {sender}\r\nTo: support@desk.localhost\r\nSubject: A question\r\nMessage-ID: {id_}\r\nMIME-Version: 1.0\r\n"
    raw = f"{head}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nHello\r\n".encode()
    broken.desk.send(raw, "support@desk.localhost", "someone@client.example")
    return id_


def confirmation_of(broken: Broken, rfc_message_id: str) -> dict[str, Any]:
    """What became of the confirmation of a mail."""

    def look() -> dict[str, Any] | None:
        entries = broken.desk.api("GET", "/ledger", params={"limit": 100})["items"]
        entry = next((e for e in entries if e["rfc_message_id"] == rfc_message_id), None)
        if entry is None or not entry["ticket_number"]:
            return None
        deliveries = broken.desk.api("GET", "/deliveries", params={"ticket_id": entry["ticket_id"]})["items"]
        return next((d for d in deliveries if d["status"] in ("sent", "failed")), None)

    return until(look, 30, f"the confirmation of {rfc_message_id}")


def test_f34_whatever_a_sender_is_called_the_confirmation_goes_or_says_why_and_nobody_else_waits(broken: Broken) -> None:
    run = secrets.token_hex(3)
    senders = {
        f"Jörg Müller <joerg{run}@bücher.example>": (f"joerg{run}@xn--bcher-kva.example", "sent"),
        f"jörg{run}@case.example": (f"jörg{run}@case.example", "sent"),
        f"Heart <heart{run}@i❤.example>": (f"heart{run}@i❤.example", "failed"),
    }
    found = {sender: confirmation_of(broken, written_by(broken, sender)) for sender in senders}
    assert {sender: (d["recipient"], d["status"]) for sender, d in found.items()} == senders
    assert "cannot be written as a domain" in found[f"Heart <heart{run}@i❤.example>"]["detail"]
    assert broken.desk.api("GET", "/admin/parked")["items"] == []
    outsider = Outsider(broken.desk)
    pat = outsider.person()
    outsider.write(Mail(pat, "After them", "Does anybody answer?"))
    outsider.mail_to(pat.email, "confirmation", 10)


def test_a_mail_server_that_does_not_let_us_in_loses_no_mail_and_is_seen(broken: Broken) -> None:
    outsider = Outsider(broken.desk)
    people = [outsider.person() for _ in range(5)]
    # The mailbox knows no logins.
    broken.restart("notify", SMTP_USERNAME="desk", SMTP_PASSWORD="wrong", RETRY_FIRST_SECONDS="0.5")
    for pat in people:
        outsider.write(Mail(pat, "Are you there?", "Hello"))
    seen = until(lambda: _refused(broken), 40, "the refusal among what ./desk top says")
    assert any("the mail server has refused us" in words and "at login" in words for words in seen)
    waiting = broken.desk.api("GET", "/deliveries", params={"status": "queued"})["items"]
    assert {d["recipient"] for d in waiting} >= {pat.email for pat in people}
    assert all(d["attempts"] == 0 for d in waiting)
    assert any("refuses us (login)" in d["detail"] for d in waiting)
    broken.restart("notify")
    for pat in people:
        outsider.mail_to(pat.email, "confirmation", 30)
        assert len(outsider.mails_to(pat.email)) == 1


def _refused(broken: Broken) -> list[str]:
    command = [sys.executable, "-m", "desk", "top", "--once", "--json", "--every", "0.5"]
    environment = {**os.environ, "DESK_HOME": str(broken.stack.home)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=60)
    warnings: list[str] = json.loads(done.stdout)["warnings"]
    return [words for words in warnings if "mail server" in words]


def test_a_mail_server_that_thinks_for_35_seconds_gets_the_mail_once_and_others_flow_meanwhile(broken: Broken) -> None:
    outsider = Outsider(broken.desk)
    slow, quick = outsider.person(), outsider.person()
    behaviour = {"mode": "slow", "match": slow.email, "seconds": 35}
    url = f"{broken.desk.url('mailbox_http')}/behaviour"
    httpx.put(url, json=behaviour).raise_for_status()
    try:
        outsider.write(Mail(slow, "Think", "about it"))
        outsider.mail_to(slow.email, "confirmation")
        began = time.monotonic()
        outsider.write(Mail(quick, "At once", "please"))
        outsider.mail_to(quick.email, "confirmation", 10)
        number = outsider.ticket_of(slow)["ticket"]["number"]
        told = until(lambda: broken.desk.api("GET", f"/tickets/{number}")["notifications"], 60, "the end of the delivery")
        assert time.monotonic() - began > 25
        assert [(n["status"], n["notification"]["attempts"]) for n in told] == [("sent", 1)]
        assert len(outsider.mails_to(slow.email)) == 1
    finally:
        httpx.put(url, json={"mode": "accept"}).raise_for_status()
