"""From the mail through SMTP to the confirmation in the mailbox, over all real services."""

from __future__ import annotations

import email
import email.policy
import secrets
import time
import uuid
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from desk.client import Desk, signature, until
from desk.topology import DOMAIN
from desk.traffic.mails import BROKEN, Mail, bounce
from tests.outsider import Outsider

WORDS = {
    "en": ("Hello, since this morning I cannot log in to my account, can you help me?", "We have opened ticket"),
    "de": ("Guten Tag, die Anmeldung funktioniert nicht mehr, seit heute Morgen. Können Sie mir helfen?", "Ticket"),
    "fr": ("Bonjour, depuis ce matin je ne peux plus me connecter à mon compte. Pouvez-vous m'aider ?", "nous avons ouvert"),
    "nb": ("Hei, siden i morges får jeg ikke logget inn på kontoen min. Kan dere hjelpe meg?", "Vi har opprettet sak"),
}


@pytest.mark.parametrize("language", WORDS)
def test_a_mail_becomes_a_routed_timed_and_confirmed_ticket_in_its_language(language: str, outsider: Outsider) -> None:
    text, confirmation = WORDS[language]
    pat = outsider.person()
    mail = Mail(pat, f"Trouble {uuid.uuid4().hex[:6]}", text)
    outsider.write(mail)
    sent = outsider.mail_to(pat.email, "confirmation")
    assert confirmation.lower() in sent["text"].lower()
    assert sent["in_reply_to"] == mail.message_id
    assert sent["auto_submitted"] == "auto-replied"
    detail = outsider.ticket_of(pat, ticket_type="Technical Issue")
    assert detail["ticket"]["requester"]["language"] == language
    assert f"#{detail['ticket']['number']}" in sent["subject"]
    assert detail["ticket"]["assignee"]["team_name"] == "Technical"
    assert detail["ticket"]["assignee"]["agent_name"]
    assert {c["kind"] for c in detail["sla"]["clocks"]} >= {"first_response", "resolution"}
    assert detail["decisions"][0]["rules"]
    (entry,) = outsider.entries_of(pat)
    assert (entry["outcome"], entry["ticket_number"]) == ("opened", detail["ticket"]["number"])


@pytest.mark.parametrize("language", WORDS)
def test_a_form_likewise(language: str, outsider: Outsider) -> None:
    text, confirmation = WORDS[language]
    pat = outsider.person("Kim Li")
    fields = {"email": pat.email, "name": pat.name, "subject": "From the website", "message": text, "urgency": "high"}
    assert outsider.desk.submit_form("contact", fields).status_code == 202
    assert confirmation.lower() in outsider.mail_to(pat.email, "confirmation")["text"].lower()
    ticket = outsider.ticket_of(pat)["ticket"]
    assert (ticket["channel"]["kind"], ticket["priority"], ticket["requester"]["name"]) == ("form", "high", "Kim Li")


def test_a_raw_mail_through_the_webhook_likewise(outsider: Outsider) -> None:
    pat = outsider.person()
    raw = Mail(pat, "By webhook", "An error came by another way.").raw()
    url = f"{outsider.desk.url('ingest')}/webhooks/mail?mailbox=support"
    headers = signature(outsider.desk.secrets["webhook_mail"], raw) | {"Content-Type": "message/rfc822"}
    assert httpx.post(url, content=raw, headers={"Content-Type": "message/rfc822"}).status_code == 401
    stale = signature(outsider.desk.secrets["webhook_mail"], raw, timestamp=int(time.time()) - 600)
    assert httpx.post(url, content=raw, headers=stale).status_code == 401
    first, again = (httpx.post(url, content=raw, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()) == (202, again.json())
    outsider.mail_to(pat.email, "confirmation")
    assert [e["outcome"] for e in outsider.entries_of(pat)] == ["opened"]


def test_an_api_request_likewise(outsider: Outsider) -> None:
    pat = outsider.person("Robin Api")
    body = {
        "email": pat.email,
        "name": pat.name,
        "subject": "From the shop",
        "text": "The order 17 is stuck.",
        "requested": {"priority": "low"},
    }
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first = outsider.desk.api("POST", "/tickets", json=body, headers=headers)
    again = outsider.desk.api("POST", "/tickets", json=body, headers=headers)
    assert first == again
    outsider.mail_to(pat.email, "confirmation")
    assert outsider.ticket_of(pat)["ticket"]["priority"] == "low"
    assert len(outsider.entries_of(pat)) == 1


def test_a_reply_is_appended_and_reopens_what_was_resolved(outsider: Outsider) -> None:
    pat = outsider.person()
    outsider.write(Mail(pat, "It does not work", "There is an error when I log in."))
    confirmation = outsider.mail_to(pat.email, "confirmation")
    number = outsider.ticket_of(pat)["ticket"]["number"]
    outsider.desk.api("POST", f"/tickets/{number}/resolve", json={"solution": "Try again."}, name="Ada")
    assert "Try again." in outsider.mail_to(pat.email, "resolution")["text"]
    outsider.ticket_of(pat, status="resolved")
    reply = Mail(pat, f"Re: {confirmation['subject']}", "It still does not.", to=confirmation["reply_to"])
    outsider.write(reply)
    detail = outsider.ticket_of(pat, reopen_count=1)
    assert [m["text"].strip() for m in detail["conversation"]] == ["There is an error when I log in.", "It still does not."]
    assert [e["outcome"] for e in outsider.entries_of(pat)] == ["opened", "appended"]
    assert len(outsider.desk.api("GET", "/tickets", params={"q": pat.email})["items"]) == 1


def test_an_agents_answer_reaches_the_customer_in_the_thread_and_fulfils_the_first_response(outsider: Outsider) -> None:
    pat = outsider.person()
    mail = Mail(pat, "Invoice 12", "Please send me invoice 12 again.")
    outsider.write(mail)
    number = outsider.ticket_of(pat, ticket_type="Billing Query")["ticket"]["number"]
    outsider.desk.api("POST", f"/tickets/{number}/replies", json={"text": "Here it is."}, role="agent", name="Ada Lovelace")
    answer = outsider.mail_to(pat.email, "agent_reply")
    assert "Here it is." in answer["text"]
    assert answer["in_reply_to"] == mail.message_id
    assert answer["auto_submitted"] is None
    assert answer["reply_to"].startswith("support+r")
    detail = outsider.ticket_of(pat, status="in_progress", waiting_for="customer")
    until(lambda: _clock(outsider, number, "first_response")["status"] == "fulfilled", 10, "the first response")
    until(lambda: _clock(outsider, number, "resolution")["status"] == "paused", 10, "the pause")
    assert detail["conversation"][-1]["kind"] == "agent"


def _clock(outsider: Outsider, number: int, kind: str) -> dict[str, str]:
    clocks = outsider.desk.api("GET", f"/tickets/{number}")["sla"]["clocks"]
    found: dict[str, str] = next(c for c in clocks if c["kind"] == kind)
    return found


def test_a_known_organizations_people_join_it_and_a_spoofer_does_not(outsider: Outsider) -> None:
    jim = outsider.person("Jim Sample", "sample.com")
    outsider.write(Mail(jim, "Hello", "Where do I find my invoices?"))
    assert outsider.ticket_of(jim)["ticket"]["requester"]["organization"]["name"] == "Sample Inc."
    spoofer = outsider.person("Not Jim", "sample.com")
    outsider.write(Mail(spoofer, "Hello", "Where do I find my invoices?", proven=False))
    assert outsider.ticket_of(spoofer)["ticket"]["requester"].get("organization") is None


def test_a_deactivated_customer_is_reactivated_by_a_new_request(outsider: Outsider) -> None:
    pat = outsider.person()
    outsider.write(Mail(pat, "First", "A first question about the invoice."))
    customer = outsider.ticket_of(pat)["ticket"]["requester"]["customer_id"]
    assert not outsider.desk.api("POST", f"/customers/{customer}/deactivate")["active"]
    outsider.write(Mail(pat, "Second", "A second question.", proven=False))
    until(lambda: len(outsider.entries_of(pat)) == 2, 10, "the second mail")
    assert not outsider.desk.api("GET", f"/customers/{customer}")["active"], "an unproven mail must not reactivate"
    outsider.write(Mail(pat, "Third", "A third question."))
    until(lambda: outsider.desk.api("GET", f"/customers/{customer}")["active"], 20, "the reactivation")


def test_robots_bounces_duplicates_and_garbage_have_their_outcome_and_get_no_confirmation(outsider: Outsider) -> None:
    pat = outsider.person()
    first = Mail(pat, "A question", "Where is my parcel?")
    outsider.write(first)
    confirmation = outsider.mail_to(pat.email, "confirmation")
    outsider.write(first)
    away = Mail(pat, "Away", "I am away.", to=confirmation["reply_to"], headers=(("Auto-Submitted", "auto-replied"),))
    outsider.write(away)
    until(lambda: len([e for e in outsider.entries_of(pat) if e["state"] == "closed"]) == 3, 20, "three outcomes")
    reasons = [(e["outcome"], e["reason"]) for e in outsider.entries_of(pat)]
    assert reasons[1:] == [("suppressed", "duplicate"), ("appended", "reply by reply_address, of a machine")]
    outsider.desk.send(
        bounce(confirmation["message_id"], pat.email, confirmation["envelope_from"]), confirmation["envelope_from"], ""
    )
    until(lambda: _suppressed(outsider, pat.email), 20, "the bounced address")
    outsider.write(Mail(pat, "Another", "Another question about the parcel.", proven=False))
    until(lambda: [e["outcome"] for e in outsider.entries_of(pat)].count("opened") == 2, 20, "the second ticket")
    time.sleep(1)
    assert len(outsider.mails_to(pat.email)) == 1, "a bounced address is not written to"
    outsider.write(Mail(pat, "It is me", "My mailbox is there again. Where is the parcel?"))
    until(lambda: len(outsider.mails_to(pat.email)) == 2, 20, "the confirmation to an address that is shown to live")


def _suppressed(outsider: Outsider, email: str) -> bool:
    return any(a["email"] == email for a in outsider.desk.api("GET", "/addresses/suppressed")["items"])


def test_a_broken_mail_is_a_ticket_with_the_raw_message_kept(outsider: Outsider) -> None:
    pat = outsider.person("Old System")
    raw = BROKEN.replace(b"monitor@oldsystem.example", pat.email.encode()).replace(b"broken-one", uuid.uuid4().hex.encode())
    outsider.desk.send(raw, f"support@{DOMAIN}", pat.email)
    detail = outsider.ticket_of(pat)
    (message,) = detail["conversation"]
    assert message["defects"]
    response = outsider.desk.api_response("GET", message["raw"]["href"].removeprefix("/api/v1"))
    assert b"klingon-8" in response.content
    assert response.headers["x-content-type-options"] == "nosniff"


def test_an_attachment_is_listed_and_can_be_had(outsider: Outsider) -> None:
    pat = outsider.person()
    outsider.write(Mail(pat, "With a file", "See the file.", attachments=(("r\u00e4port.pdf", "application/pdf", b"%PDF-1.4 x"),)))
    (message,) = outsider.ticket_of(pat)["conversation"]
    (file,) = message["attachments"]
    assert (file["name"], file["media_type"], file["size"]) == ("r\u00e4port.pdf", "application/pdf", 10)
    response = outsider.desk.api_response("GET", file["href"].removeprefix("/api/v1"))
    assert response.content == b"%PDF-1.4 x"


def test_an_answer_takes_its_file_to_the_customer_byte_for_byte(outsider: Outsider) -> None:
    pat = outsider.person()
    outsider.write(Mail(pat, "Invoice 13", "Please send me invoice 13 again."))
    number = outsider.ticket_of(pat)["ticket"]["number"]
    blob = secrets.token_bytes(700_000)
    large = uploaded(outsider.desk, blob, "Rechnung März – 13.pdf", "application/pdf")
    small = uploaded(outsider.desk, b"Only for us.\n", "note.txt", "text/plain")
    outsider.desk.api("POST", f"/tickets/{number}/replies", json={"text": "Here it is.", "files": [large["id"]]}, name="Ada")
    outsider.desk.api("POST", f"/tickets/{number}/notes", json={"text": "Sent it.", "files": [small["id"]]}, name="Ada")

    sent = outsider.mail_to(pat.email, "agent_reply")
    raw = httpx.get(f"{outsider.desk.url('mailbox_http')}/messages/{sent['seq']}/raw").content
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    assert "Here it is." in body.get_content()
    (part,) = message.iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("Rechnung März – 13.pdf", "application/pdf")
    assert part.get_payload(decode=True) == blob

    conversation = outsider.ticket_of(pat, waiting_for="customer")["conversation"]
    # An answer takes its place when it is sent, which is after the note where answers are held for a while.
    links = {link["name"]: link for written in conversation for link in written["attachments"]}
    assert len(links) == 2
    for content, file in ((blob, large), (b"Only for us.\n", small)):
        link = links[file["name"]]
        assert {name: link[name] for name in ("name", "size", "sha256")} == {n: file[n] for n in ("name", "size", "sha256")}
        response = outsider.desk.api_response("GET", link["href"].removeprefix("/api/v1"))
        assert response.content == content
        assert response.headers["content-disposition"].startswith("attachment; ")
        assert "sandbox" in response.headers["content-security-policy"]


def uploaded(desk: Desk, content: bytes, name: str, media_type: str) -> dict[str, Any]:
    """A file of Ada's, as the API tells it."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Content-Type": media_type}
    file: dict[str, Any] = desk.api("POST", "/files", content=content, headers=headers, name="Ada")
    return file


def test_a_breach_is_escalated(outsider: Outsider) -> None:
    """A short SLA, not a faked clock: two seconds to the first response, for one type only."""
    policies = outsider.desk.api("GET", "/sla/policies")
    target = {"first_response": 2, "resolution": 3600}
    short = {
        "name": "Two seconds",
        "conditions": {"types": ["Feature Request"]},
        "targets": dict.fromkeys(("low", "medium", "high", "critical"), target),
        "calendar": "24x7",
    }
    others = [p for p in policies["policies"] if p["name"] != short["name"]]
    outsider.desk.api("PUT", "/sla/policies", json={"policies": [short, *others]})
    pat = outsider.person()
    body = {
        "email": pat.email,
        "subject": "Please add a dark mode for the invoice",
        "text": "An invoice in the dark.",
        "requested": {"ticket_type": "Feature Request"},
    }
    outsider.desk.api("POST", "/tickets", json=body)
    number = outsider.ticket_of(pat)["ticket"]["number"]
    outsider.desk.api("PATCH", f"/tickets/{number}/classification", json={"ticket_type": "Feature Request"})
    detail = outsider.ticket_of(pat, escalation_level=1)
    assert _clock(outsider, number, "first_response")["status"] == "breached"
    assert detail["ticket"]["priority"] == "high"
    assert [d["kind"] for d in detail["decisions"]].count("escalation") == 1
    manager = "grace@people.localhost"
    notice = outsider.mail_to(manager, "escalation")
    assert f"#{number}" in notice["subject"]
