"""How a notification looks as a mail, and what keeps it out of loops."""

import email
import email.policy
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import TemplateNotFound

from deskstream_contracts.addressing import thread_of_message_id, thread_of_reply_address
from notify_svc.adapters.templates import JinjaWords
from notify_svc.domain import addresses
from notify_svc.domain.email_address import EmailAddress
from notify_svc.domain.mail import Desk, Mail, answering_mailbox, compose, notification_id
from notify_svc.messaging.heard import KINDS

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DESK = Desk("Deskstream Support", "desk.example", "support", b"secret")
ROOT = UUID(int=42)


def composed(subject: str = "Hello", text: str = "Text\n", automatic: bool = True, kind: str = "confirmation") -> Mail:
    return compose(
        DESK,
        id_=UUID(int=7),
        kind=kind,
        thread_root=ROOT,
        mailbox=None,
        recipient=EmailAddress("jim", "sample.com"),
        name="Jim Sämple",
        language="de",
        subject=subject,
        text=text,
        references=["<first@sample.com>", "not an id", "<second@sample.com>"],
        automatic=automatic,
        now=NOW,
    )


def parsed(mail: Mail) -> email.message.EmailMessage:
    message = email.message_from_bytes(mail.content, policy=email.policy.default)
    assert isinstance(message, email.message.EmailMessage)
    return message


def test_a_reply_to_it_leads_back_to_its_thread() -> None:
    message = parsed(composed())
    assert thread_of_reply_address(message["Reply-To"], "desk.example", [b"secret"]) == ROOT
    assert thread_of_message_id(message["Message-ID"], "desk.example") == ROOT
    assert message["In-Reply-To"] == "<second@sample.com>"
    assert message["References"].split() == ["<first@sample.com>", "<second@sample.com>"]


def test_a_reply_address_signed_with_another_secret_leads_nowhere() -> None:
    assert thread_of_reply_address(parsed(composed())["Reply-To"], "desk.example", [b"other"]) is None


def test_an_automatic_mail_says_so_and_an_agents_does_not() -> None:
    assert parsed(composed())["Auto-Submitted"] == "auto-replied"
    assert parsed(composed(automatic=False, kind="agent_reply"))["Auto-Submitted"] is None


def test_what_is_told_again_has_the_same_id() -> None:
    ticket = uuid4()
    once = notification_id(ticket, 3, "confirmation", "jim@sample.com")
    assert once == notification_id(ticket, 3, "confirmation", "Jim@sample.com")
    others = ((ticket, 3, "resolution", "jim@sample.com"), (ticket, 4, "confirmation", "jim@sample.com"))
    assert once not in [notification_id(*other) for other in others]


@given(st.text(max_size=300), st.text(max_size=2000))
@example("Hello\r\nBcc: eve@evil.example", "Text")
@example("Hello\nBcc: eve@evil.example\n\nText", "")
def test_no_subject_and_no_text_can_write_headers_of_its_own(subject: str, text: str) -> None:
    message = parsed(composed(subject, text))
    expected = {
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "X-Deskstream", "Content-Language", "MIME-Version",
        "Content-Type", "Content-Transfer-Encoding", "In-Reply-To", "References", "Auto-Submitted", "X-Auto-Response-Suppress",
    }  # fmt: skip
    assert set(message.keys()) == expected
    assert message.get_content().splitlines() == text.splitlines()


@pytest.mark.parametrize("language", ["en", "de", "fr", "nb"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_worded_in_every_language(kind: str, language: str) -> None:
    values: dict[str, object] = {
        "number": 1042, "subject": "Die Rechnung", "desk": "Desk", "name": "Jim", "priority": "high", "opened_at": "now",
        "text": "Antwort", "agent": "Ada", "solution": "Erstattet", "reason": "late", "customer": "Jim", "team": None,
        "status": "open", "link": None,
    }  # fmt: skip
    subject, text = JinjaWords(KINDS, "en").render(kind, language, values)
    assert "#1042" in subject
    assert "\n" not in subject
    assert text.strip()


def test_an_unknown_language_is_served_in_the_fallback() -> None:
    values: dict[str, object] = {"number": 1, "subject": "s", "desk": "d", "text": "t", "agent": "a"}
    words = JinjaWords(KINDS, "en")
    assert words.render("agent_reply", "xx", values) == words.render("agent_reply", "en", values)


def test_a_kind_without_a_template_is_found_out_at_the_start() -> None:
    with pytest.raises(TemplateNotFound):
        JinjaWords([*KINDS, "birthday"], "en")


@pytest.mark.parametrize(
    ("written_to", "answers"),
    [
        ("support@desk.example", "support"),
        ("Billing+x@DESK.example", "Billing"),
        ("billing@other.example", None),
        ("billing", None),
        ("@desk.example", None),
        (None, None),
    ],
)
def test_the_mailbox_that_was_written_to_answers(written_to: str | None, answers: str | None) -> None:
    assert answering_mailbox(written_to, "desk.example") == answers


def test_two_robots_that_answer_each_other_end_at_the_cap() -> None:
    robot = addresses.fresh("robot@x.example", NOW)
    admitted = 0
    for _ in range(50):
        robot, may_go = addresses.admit_automatic(robot, 30, NOW)
        admitted += may_go
    assert admitted == 30
    _, later = addresses.admit_automatic(robot, 30, NOW + timedelta(hours=1))
    assert later
