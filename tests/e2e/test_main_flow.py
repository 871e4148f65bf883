"""From the mail through SMTP to the confirmation in the mailbox, over all real services."""

from __future__ import annotations

import time
import uuid

import httpx
import pytest

from desk.client import signature, until
from desk.topology import DOMAIN
from desk.traffic.mails import BROKEN, Mail, bounce
from tests.visitor import Visitor

WORDS = {
    "en": ("Hello, since this morning I cannot log in to my account, can you help me?", "We have opened ticket"),
    "de": ("Guten Tag, die Anmeldung funktioniert nicht mehr, seit heute Morgen. Können Sie mir helfen?", "Ticket"),
    "fr": ("Bonjour, depuis ce matin je ne peux plus me connecter à mon compte. Pouvez-vous m'aider ?", "nous avons ouvert"),
    "nb": ("Hei, siden i morges får jeg ikke logget inn på kontoen min. Kan dere hjelpe meg?", "Vi har opprettet sak"),
}


@pytest.mark.parametrize("language", WORDS)
def test_a_mail_becomes_a_routed_timed_and_confirmed_ticket_in_its_language(language: str, visitor: Visitor) -> None:
    text, confirmation = WORDS[language]
    pat = visitor.person()
    mail = Mail(pat, f"Trouble {uuid.uuid4().hex[:6]}", text)
    visitor.write(mail)
    sent = visitor.mail_to(pat.email, "confirmation")
    assert confirmation.lower() in sent["text"].lower()
    assert sent["in_reply_to"] == mail.message_id
    assert sent["auto_submitted"] == "auto-replied"
    detail = visitor.ticket_of(pat, ticket_type="Technical Issue")
    assert detail["ticket"]["requester"]["language"] == language
    assert f"#{detail['ticket']['number']}" in sent["subject"]
    assert detail["ticket"]["assignee"]["team_name"] == "Technical"
    assert detail["ticket"]["assignee"]["agent_name"]
    assert {c["kind"] for c in detail["sla"]["clocks"]} >= {"first_response", "resolution"}
    assert detail["decisions"][0]["rules"]
    (entry,) = visitor.entries_of(pat)
    assert (entry["outcome"], entry["ticket_number"]) == ("opened", detail["ticket"]["number"])


@pytest.mark.parametrize("language", WORDS)
def test_a_form_likewise(language: str, visitor: Visitor) -> None:
    text, confirmation = WORDS[language]
    pat = visitor.person("Kim Li")
    fields = {"email": pat.email, "name": pat.name, "subject": "From the website", "message": text, "urgency": "high"}
    assert visitor.desk.submit_form("contact", fields).status_code == 202
    assert confirmation.lower() in visitor.mail_to(pat.email, "confirmation")["text"].lower()
    ticket = visitor.ticket_of(pat)["ticket"]
    assert (ticket["channel"]["kind"], ticket["priority"], ticket["requester"]["name"]) == ("form", "high", "Kim Li")


def test_a_raw_mail_through_the_webhook_likewise(visitor: Visitor) -> None:
    pat = visitor.person()
    raw = Mail(pat, "By webhook", "An error came by another way.").raw()
    url = f"{visitor.desk.url('ingest')}/webhooks/mail?mailbox=support"
    headers = signature(visitor.desk.secrets["webhook_mail"], raw) | {"Content-Type": "message/rfc822"}
    assert httpx.post(url, content=raw, headers={"Content-Type": "message/rfc822"}).status_code == 401
    stale = signature(visitor.desk.secrets["webhook_mail"], raw, timestamp=int(time.time()) - 600)
    assert httpx.post(url, content=raw, headers=stale).status_code == 401
    first, again = (httpx.post(url, content=raw, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()) == (202, again.json())
    visitor.mail_to(pat.email, "confirmation")
    assert [e["outcome"] for e in visitor.entries_of(pat)] == ["opened"]


def test_an_api_request_likewise(visitor: Visitor) -> None:
    pat = visitor.person("Robin Api")
    body = {
        "email": pat.email,
        "name": pat.name,
        "subject": "From the shop",
        "text": "The order 17 is stuck.",
        "wishes": {"priority": "low"},
    }
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first = visitor.desk.api("POST", "/tickets", json=body, headers=headers)
    again = visitor.desk.api("POST", "/tickets", json=body, headers=headers)
    assert first == again
    visitor.mail_to(pat.email, "confirmation")
    assert visitor.ticket_of(pat)["ticket"]["priority"] == "low"
    assert len(visitor.entries_of(pat)) == 1


def test_a_reply_is_appended_and_reopens_what_was_resolved(visitor: Visitor) -> None:
    pat = visitor.person()
    visitor.write(Mail(pat, "It does not work", "There is an error when I log in."))
    confirmation = visitor.mail_to(pat.email, "confirmation")
    number = visitor.ticket_of(pat)["ticket"]["number"]
    visitor.desk.api("POST", f"/tickets/{number}/resolve", json={"solution": "Try again."}, name="Ada")
    assert "Try again." in visitor.mail_to(pat.email, "resolution")["text"]
    visitor.ticket_of(pat, status="resolved")
    reply = Mail(pat, f"Re: {confirmation['subject']}", "It still does not.", to=confirmation["reply_to"])
    visitor.write(reply)
    detail = visitor.ticket_of(pat, reopen_count=1)
    assert [m["text"].strip() for m in detail["conversation"]] == ["There is an error when I log in.", "It still does not."]
    assert [e["outcome"] for e in visitor.entries_of(pat)] == ["opened", "appended"]
    assert len(visitor.desk.api("GET", "/tickets", params={"q": pat.email})["items"]) == 1


def test_an_agents_answer_reaches_the_customer_in_the_thread_and_fulfils_the_first_response(visitor: Visitor) -> None:
    pat = visitor.person()
    mail = Mail(pat, "Invoice 12", "Please send me invoice 12 again.")
    visitor.write(mail)
    number = visitor.ticket_of(pat, ticket_type="Billing Query")["ticket"]["number"]
    visitor.desk.api("POST", f"/tickets/{number}/replies", json={"text": "Here it is."}, role="agent", name="Ada Lovelace")
    answer = visitor.mail_to(pat.email, "agent_reply")
    assert "Here it is." in answer["text"]
    assert answer["in_reply_to"] == mail.message_id
    assert answer["auto_submitted"] is None
    assert answer["reply_to"].startswith("support+r")
    detail = visitor.ticket_of(pat, status="in_progress", waiting_for="customer")
    until(lambda: _clock(visitor, number, "first_response")["status"] == "fulfilled", 10, "the first response")
    until(lambda: _clock(visitor, number, "resolution")["status"] == "paused", 10, "the pause")
    assert detail["conversation"][-1]["kind"] == "agent"


def _clock(visitor: Visitor, number: int, kind: str) -> dict[str, str]:
    clocks = visitor.desk.api("GET", f"/tickets/{number}")["sla"]["clocks"]
    found: dict[str, str] = next(c for c in clocks if c["kind"] == kind)
    return found


def test_a_known_organizations_people_join_it_and_a_spoofer_does_not(visitor: Visitor) -> None:
    jim = visitor.person("Jim Sample", "sample.com")
    visitor.write(Mail(jim, "Hello", "Where do I find my invoices?"))
    assert visitor.ticket_of(jim)["ticket"]["requester"]["organization"]["name"] == "Sample Inc."
    spoofer = visitor.person("Not Jim", "sample.com")
    visitor.write(Mail(spoofer, "Hello", "Where do I find my invoices?", proven=False))
    assert visitor.ticket_of(spoofer)["ticket"]["requester"].get("organization") is None


def test_a_deactivated_customer_is_reactivated_by_a_new_request(visitor: Visitor) -> None:
    pat = visitor.person()
    visitor.write(Mail(pat, "First", "A first question about the invoice."))
    customer = visitor.ticket_of(pat)["ticket"]["requester"]["customer_id"]
    assert not visitor.desk.api("POST", f"/customers/{customer}/deactivate")["active"]
    visitor.write(Mail(pat, "Second", "A second question.", proven=False))
    until(lambda: len(visitor.entries_of(pat)) == 2, 10, "the second mail")
    assert not visitor.desk.api("GET", f"/customers/{customer}")["active"], "an unproven mail must not reactivate"
    visitor.write(Mail(pat, "Third", "A third question."))
    until(lambda: visitor.desk.api("GET", f"/customers/{customer}")["active"], 20, "the reactivation")


def test_robots_bounces_duplicates_and_garbage_have_their_outcome_and_get_no_confirmation(visitor: Visitor) -> None:
    pat = visitor.person()
    first = Mail(pat, "A question", "Where is my parcel?")
    visitor.write(first)
    confirmation = visitor.mail_to(pat.email, "confirmation")
    visitor.write(first)
    away = Mail(pat, "Away", "I am away.", to=confirmation["reply_to"], headers=(("Auto-Submitted", "auto-replied"),))
    visitor.write(away)
    until(lambda: len([e for e in visitor.entries_of(pat) if e["state"] == "closed"]) == 3, 20, "three outcomes")
    reasons = [(e["outcome"], e["reason"]) for e in visitor.entries_of(pat)]
    assert reasons[1:] == [("suppressed", "duplicate"), ("suppressed", "auto_reply")]
    visitor.desk.send(
        bounce(confirmation["message_id"], pat.email, confirmation["envelope_from"]), confirmation["envelope_from"], ""
    )
    until(lambda: _suppressed(visitor, pat.email), 20, "the bounced address")
    visitor.write(Mail(pat, "Another", "Another question about the parcel."))
    until(lambda: [e["outcome"] for e in visitor.entries_of(pat)].count("opened") == 2, 20, "the second ticket")
    time.sleep(1)
    assert len(visitor.mails_to(pat.email)) == 1, "a bounced address is not written to"


def _suppressed(visitor: Visitor, email: str) -> bool:
    return any(a["email"] == email for a in visitor.desk.api("GET", "/addresses/suppressed"))


def test_a_broken_mail_is_a_ticket_with_the_raw_message_kept(visitor: Visitor) -> None:
    pat = visitor.person("Old System")
    raw = BROKEN.replace(b"monitor@oldsystem.example", pat.email.encode()).replace(b"broken-one", uuid.uuid4().hex.encode())
    visitor.desk.send(raw, f"support@{DOMAIN}", pat.email)
    detail = visitor.ticket_of(pat)
    (message,) = detail["conversation"]
    assert message["defects"]
    response = visitor.desk.api_response("GET", message["raw"]["href"].removeprefix("/api/v1"))
    assert b"klingon-8" in response.content
    assert response.headers["x-content-type-options"] == "nosniff"


def test_an_attachment_is_listed_and_can_be_had(visitor: Visitor) -> None:
    pat = visitor.person()
    visitor.write(Mail(pat, "With a file", "See the file.", attachments=(("r\u00e4port.pdf", "application/pdf", b"%PDF-1.4 x"),)))
    (message,) = visitor.ticket_of(pat)["conversation"]
    (file,) = message["attachments"]
    assert (file["name"], file["media_type"], file["size"]) == ("r\u00e4port.pdf", "application/pdf", 10)
    response = visitor.desk.api_response("GET", file["href"].removeprefix("/api/v1"))
    assert response.content == b"%PDF-1.4 x"


def test_a_breach_is_escalated(visitor: Visitor) -> None:
    """A short SLA, not a faked clock: two seconds to the first response, for one type only."""
    policies = visitor.desk.api("GET", "/sla/policies")
    target = {"first_response": 2, "resolution": 3600}
    short = {
        "name": "Two seconds",
        "conditions": {"types": ["Feature Request"]},
        "targets": dict.fromkeys(("low", "medium", "high", "critical"), target),
        "calendar": "24x7",
    }
    others = [p for p in policies["policies"] if p["name"] != short["name"]]
    visitor.desk.api("PUT", "/sla/policies", json={"policies": [short, *others]})
    pat = visitor.person()
    body = {
        "email": pat.email,
        "subject": "Please add a dark mode for the invoice",
        "text": "An invoice in the dark.",
        "wishes": {"ticket_type": "Feature Request"},
    }
    visitor.desk.api("POST", "/tickets", json=body)
    number = visitor.ticket_of(pat)["ticket"]["number"]
    visitor.desk.api("PATCH", f"/tickets/{number}/classification", json={"ticket_type": "Feature Request"})
    detail = visitor.ticket_of(pat, escalation_level=1)
    assert _clock(visitor, number, "first_response")["status"] == "breached"
    assert detail["ticket"]["priority"] == "high"
    assert [d["kind"] for d in detail["decisions"]].count("escalation") == 1
    manager = "grace@people.localhost"
    notice = visitor.mail_to(manager, "escalation")
    assert f"#{number}" in notice["subject"]
