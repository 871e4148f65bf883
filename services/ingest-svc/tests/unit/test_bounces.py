"""Reports of mail systems in their own words: recognised, whom and what they are about, and whether for good."""

from pathlib import Path
from typing import NamedTuple

import pytest

from ingest_svc.adapters.parsing.bounces import status_of
from ingest_svc.adapters.parsing.reader import read_mail
from ingest_svc.domain.sorting import Suppressed, decide, examine
from ingest_svc.domain.threading import EarlierMail

from .given import DESK, a_receipt


class Report(NamedTuple):
    system: str
    sender: str
    subject: str
    action: str
    status: str
    text: str


def _reports() -> list[Report]:
    """`### system | sender (name) | subject | action status`, and the text up to the next."""
    found = []
    for block in (Path(__file__).parents[1] / "data" / "bounces.txt").read_text("utf-8").split("### ")[1:]:
        head, _, text = block.partition("\n")
        system, sender, subject, expected = head.split(" | ")
        found.append(Report(system, sender, subject, *expected.split(), text))
    return found


REPORTS = _reports()


def _raw(report: Report) -> bytes:
    head = f"From: {report.sender}\nTo: support@desk.example\nSubject: {report.subject}\nMessage-ID: <report@mx.example>\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\n\n{report.text}".encode()


def test_there_are_many() -> None:
    assert len(REPORTS) >= 60


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.system)
def test_a_report_in_words_is_a_bounce_whatever_its_envelope(report: Report) -> None:
    mail = read_mail(_raw(report))
    for envelope_from in ("", "bounce@mx.example"):
        decision = decide(examine(a_receipt(envelope_from=envelope_from), mail, DESK), EarlierMail(), DESK)
        assert isinstance(decision, Suppressed), report.text
        assert decision.reason == "bounce"


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.system)
def test_a_report_says_whom_it_is_about_and_whether_for_good(report: Report) -> None:
    (bounce,) = read_mail(_raw(report)).bounces
    assert bounce.recipient == "gone@example.com"
    assert (bounce.action, bounce.status) == (report.action, report.status)


def test_what_came_back_is_named() -> None:
    with_copy = [report for report in REPORTS if "Message-ID: <ours@desk.example>" in report.text]
    assert len(with_copy) > 15
    assert {read_mail(_raw(report)).bounced_message_id for report in with_copy} == {"<ours@desk.example>"}


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("ann@example.com", "Mail delivery problems", "Hello, since Monday our customers do not get our mails. Can you help?"),
        (
            "ann@example.com",
            "Fwd: Undelivered Mail Returned to Sender",
            "What is this?\n\n> <bob@example.com>: 550 5.1.1 User unknown",
        ),
        ("ann@example.com", "Re: failure notice", "It works again, thanks. Our server had said 550 5.1.1 user unknown."),
        ("ann@example.com", "Delivery of the printer", "The delivery has failed to arrive. Order 550 of 2026."),
        ("ann@example.com", "Undeliverable parcel", "The parcel could not be delivered, says the courier."),
        ("postmaster@example.com", "Our new mail server", "Please allow 192.0.2.1 in your firewall."),
        ("no-reply@shop.example", "Your order 550", "Your order was sent. It will be delivered on Monday."),
        ("system@monitoring.example", "PROBLEM: mail queue", "The mail queue on web01 is larger than 500."),
        ("ann@example.com", "Message not delivered to Bob", "I could not reach Bob by telephone."),
    ],
)
def test_a_person_who_writes_of_mail_is_no_mail_system(sender: str, subject: str, text: str) -> None:
    mail = read_mail(f"From: {sender}\nTo: support@desk.example\nSubject: {subject}\n\n{text}\n".encode())
    assert not mail.is_bounce
    assert mail.bounces == []


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("550 5.7.26 unauthenticated", "5.7.26"),
        ("452 mailbox is full", "4.2.2"),
        ("550 mailbox is full", "5.2.2"),
        ("550 blocked by policy", "5.7.1"),
        ("554 something odd", "5.0.0"),
        ("450 something odd", "4.2.0"),
        ("550 something odd", "5.1.1"),
        ("the recipient's mailbox is full", "5.2.2"),
        ("message is too large", "5.3.4"),
        ("nothing that tells", "5.0.0"),
    ],
)
def test_codes_go_before_replies_and_those_before_words(words: str, status: str) -> None:
    assert status_of(words) == status
