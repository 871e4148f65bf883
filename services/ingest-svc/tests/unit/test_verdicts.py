"""What the ledger takes down of a decision, and what is read without a parser."""

import pytest

from deskstream_contracts import addressing
from deskstream_contracts.commands import Submission as Request
from ingest_svc.domain.contents import Unreadable, content_without_parser
from ingest_svc.domain.forms import Form, Submission
from ingest_svc.domain.sorting import decide, examine
from ingest_svc.domain.threading import EarlierMail, EarlierThread
from ingest_svc.domain.verdicts import Verdict, verdict

from .given import DESK, NOW, a_mail, a_receipt, an_id

ROOT = an_id()
OURS = addressing.message_id(ROOT, an_id(), "desk.example")
FORM = Form.model_validate({"secret": "whsec_" + "A" * 32})


def _verdict(content: object, earlier: EarlierMail | None = None) -> Verdict:
    examined = examine(a_receipt(), content, DESK)  # type: ignore[arg-type]
    return verdict(decide(examined, earlier or EarlierMail(), DESK), NOW)


def test_a_first_message_is_sorted_and_its_sender_takes_part_in_the_thread_it_begins() -> None:
    found = _verdict(a_mail())
    assert (found.state, found.outcome, found.reason, found.closed_at) == ("sorted", None, "new", None)
    assert (found.thread_root, found.participant) == (found.id, "alice@example.com")
    assert (found.sender, found.subject) == ("alice@example.com", "The printer is on fire")
    assert found.rfc_message_id == "<first@example.com>"


def test_a_reply_is_sorted_by_its_proof_and_begins_no_thread() -> None:
    earlier = EarlierMail(threads={ROOT: EarlierThread(ROOT, frozenset({"alice@example.com"}))})
    found = _verdict(a_mail(references=[OURS]), earlier)
    assert (found.state, found.reason, found.thread_root, found.participant) == ("sorted", "reply by references", ROOT, None)


def test_a_strangers_proof_is_sorted_as_doubt_and_begins_a_thread() -> None:
    found = _verdict(a_mail("eve@evil.example", references=[OURS]))
    assert (found.reason, found.participant) == ("possible_follow_up", "eve@evil.example")


def test_what_goes_no_further_is_closed_at_once() -> None:
    suppressed = _verdict(a_mail(facts={"auto-submitted": "auto-replied"}))
    assert (suppressed.state, suppressed.outcome, suppressed.reason) == ("closed", "suppressed", "auto_reply")
    quarantined = _verdict(Unreadable("parser_limit", "too slow"))
    assert (quarantined.state, quarantined.outcome, quarantined.reason) == ("closed", "quarantined", "parser_limit")
    assert quarantined.detail == "too slow"
    assert (suppressed.closed_at, quarantined.closed_at) == (NOW, NOW)
    assert (suppressed.participant, quarantined.participant) == (None, None)


@pytest.mark.parametrize("door", ["smtp", "http_mail"])
def test_a_mail_is_left_to_the_parser(door: str) -> None:
    assert content_without_parser(a_receipt(door=door), b"raw", {}) is None


@pytest.mark.parametrize("door", ["smtp", "http_mail", "form", "api"])
def test_a_message_without_its_raw_bytes_cannot_be_read(door: str) -> None:
    assert content_without_parser(a_receipt(door=door), None, {}) == Unreadable("unparseable", "its raw message is gone")


def test_a_request_is_read_as_it_was_kept() -> None:
    raw = Request(email="Ada@acme.example", subject="Help", text="It burns.").model_dump_json().encode()
    found = content_without_parser(a_receipt(door="api"), raw, {})
    assert isinstance(found, Submission)
    assert (found.sender.email, found.sender_proven, found.text) == ("ada@acme.example", False, "It burns.")


def test_a_form_is_read_by_its_configuration_of_today() -> None:
    receipt = a_receipt(door="form", channel="contact", media_type="application/json")
    raw = b'{"email": "ada@acme.example", "text": "It burns."}'
    assert isinstance(content_without_parser(receipt, raw, {"contact": FORM}), Submission)
    gone = content_without_parser(receipt, raw, {})
    changed = content_without_parser(receipt, b"{}", {"contact": FORM})
    assert isinstance(gone, Unreadable)
    assert "no longer configured" in gone.detail
    assert isinstance(changed, Unreadable)
    assert "was changed meanwhile" in changed.detail
