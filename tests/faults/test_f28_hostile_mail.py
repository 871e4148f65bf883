"""F28: whatever a mail is like, its raw form is kept, and it is a ticket or in quarantine; received = closed."""

import hashlib
import smtplib

import httpx
import pytest

from desk.client import until
from desk.traffic import hostile
from tests.faults.conftest import Broken
from tests.faults.handed_in import Entry, closed, hand_in
from tests.faults.hostile_mails import KINDS

_WITHOUT_FROM = ("a sender in comments", "header fields")
"""Of the others' kinds: those whose From is none, or stands behind more fields than are read."""


@pytest.fixture(scope="module")
def became(broken: Broken) -> dict[str, tuple[bytes, Entry]]:
    """Every kind of mail there is, as it was sent, and what became of it."""
    sent = {kind: make() for kind, (make, _) in KINDS.items()} | {kind: make() for kind, make in hostile.KINDS.items()}
    sent = {kind: raw if raw.endswith(b"\r\n") else raw + b"\r\n" for kind, raw in sent.items()}  # as SMTP ends every message
    receipts = hand_in(broken.desk, sent.values())
    return dict(zip(sent, zip(sent.values(), closed(broken.desk, receipts, 90), strict=True), strict=True))


def test_f28_each_is_a_ticket_or_in_quarantine(became: dict[str, tuple[bytes, Entry]]) -> None:
    tickets = {kind for kind, (_, is_ticket) in KINDS.items() if is_ticket} | hostile.KINDS.keys() - set(_WITHOUT_FROM)
    outcomes = {kind: entry["outcome"] for kind, (_, entry) in became.items()}
    assert {kind: outcome for kind, outcome in outcomes.items() if kind in tickets and outcome != "opened"} == {}
    assert set(outcomes.values()) <= {"opened", "quarantined"}, outcomes
    assert all((entry["ticket_number"] is not None) == (entry["outcome"] == "opened") for _, entry in became.values())
    assert all(entry["reason"] for _, entry in became.values()), "nothing is put aside without a reason"


def test_f28_the_raw_form_of_each_is_kept(broken: Broken, became: dict[str, tuple[bytes, Entry]]) -> None:
    for kind, (raw, entry) in became.items():
        answer = broken.desk.api_response("GET", f"/messages/{entry['id']}/raw")
        assert answer.status_code == 200, kind
        assert answer.content == raw, kind
        assert (entry["size"], entry["sha256"]) == (len(raw), hashlib.sha256(raw).hexdigest()), kind


def test_f28_each_ticket_can_be_shown_and_nothing_is_open_or_parked(broken: Broken, became: dict[str, tuple[bytes, Entry]]) -> None:
    for kind, (_, entry) in became.items():
        if entry["ticket_number"] is not None:
            shown = broken.desk.api("GET", f"/tickets/{entry['ticket_number']}")
            assert [m["kind"] for m in shown["conversation"]] == ["customer"], kind
    summary = until(lambda: _settled(broken), 30, "the end of every entry")
    assert summary["received"] == summary["closed"]
    assert broken.desk.api("GET", "/admin/parked")["items"] == []


def _settled(broken: Broken) -> dict[str, int] | None:
    summary: dict[str, int] = broken.desk.api("GET", "/ledger/summary")
    return summary if summary["open"] == 0 else None


def test_f28_a_mail_that_comes_again_is_a_duplicate_and_another_of_the_same_name_is_not(broken: Broken) -> None:
    first = KINDS["an unknown charset"][0]()
    other = first.replace(b"Gr\xfc\xdfe", b"another text")
    assert first != other
    entries = closed(broken.desk, hand_in(broken.desk, [first, first, other]))
    assert [(e["outcome"], e["reason"]) for e in entries][:2] == [("opened", "new"), ("suppressed", "duplicate")]
    assert entries[2]["outcome"] == "opened", "who takes a name that another mail has is not taken for it"


def test_f28_a_mail_beyond_the_limit_is_refused_at_the_door_and_the_session_goes_on(broken: Broken) -> None:
    host, _, port = broken.desk.address("smtp").rpartition(":")
    too_large = KINDS["a file of 16 MB"][0]() * 2
    with smtplib.SMTP(host, int(port), timeout=60) as smtp:
        smtp.ehlo()
        answers = []
        for raw in (too_large, KINDS["winmail.dat"][0]()):
            smtp.mail("someone@client.example")
            smtp.rcpt("support@desk.localhost")
            answers.append(smtp.data(raw))
    assert [code for code, _ in answers] == [552, 250]
    closed(broken.desk, [answers[1][1].decode().split()[-1]])
    assert httpx.get(f"{broken.stack.url('ingest')}/health/ready", timeout=10).status_code == 200
