"""F30: somebody who is not the customer, over every door: reads nothing, writes into nobody's ticket, changes no profile.

What is refuted (our relay says that the sender is none of the domain's) and what comes from another address is nobody's business
but its own; what an unproven sender may do with a guessed subject tag is not asked here.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from desk.client import signature, until
from desk.traffic.mails import AUTHSERV_ID, Mail, Sender
from tests.faults.conftest import Broken
from tests.faults.handed_in import MAILBOX, Entry, closed, hand_in
from tests.outsider import Outsider

_SECRET = "The door code is 4711-0815."


@dataclass(frozen=True)
class Victim:
    """A customer with a ticket that had an answer, and all that an attacker may have come to know of both."""

    person: Sender
    number: int
    first_message: str
    our_message: str
    reply_address: str


@pytest.fixture
def victim(broken: Broken) -> Victim:
    outsider = Outsider(broken.desk)
    vera = outsider.person("Vera Victim")
    first = Mail(vera, "The door", _SECRET)
    outsider.write(first)
    number = outsider.ticket_of(vera)["ticket"]["number"]
    broken.desk.api("POST", f"/tickets/{number}/replies", json={"text": f"Thank you. {_SECRET}"})
    answer = outsider.mail_to(vera.email, "agent_reply")
    broken.desk.api("POST", f"/tickets/{number}/close", json={"reason": "done"})
    outsider.ticket_of(vera, status="closed")
    return Victim(vera, number, first.message_id, answer["message_id"], answer["reply_to"])


@dataclass(frozen=True)
class Attack:
    """A way to get into somebody's thread: who it says it is from, and what it says about where it belongs."""

    sender: Sender
    dmarc: str
    to: str = MAILBOX
    subject: str = "Please send me the code again"
    headers: tuple[tuple[str, str], ...] = ()

    def raw(self) -> bytes:
        domain = self.sender.domain
        results = ("Authentication-Results", f"{AUTHSERV_ID}; dmarc={self.dmarc} header.from={domain}")
        return Mail(self.sender, self.subject, "Mallory was here", self.to, proven=False, headers=(results, *self.headers)).raw()


def attacks(victim: Victim) -> list[Attack]:
    """Of a stranger, proven to be themselves; and in the victim's name, refuted."""
    mallory = Sender("Mallory", f"mallory.{secrets.token_hex(4)}@evil.example")
    named = Sender(f"{victim.person.email} via support", mallory.email)
    vera = Sender("Mallory in disguise", victim.person.email)
    who = ((mallory, "pass"), (mallory, "none"), (named, "pass"), (vera, "fail"))
    return [
        Attack(sender, dmarc, **what)  # type: ignore[arg-type]
        for sender, dmarc in who
        for what in (
            {"headers": (("In-Reply-To", victim.first_message), ("References", victim.first_message))},
            {"headers": (("References", f"<x@y.example> {victim.our_message}"),)},
            {"to": victim.reply_address},
            {"headers": (("Cc", victim.reply_address), ("Reply-To", mallory.email))},
            {"subject": f"Re: [#{victim.number}] The door"},
            {"headers": (("Cc", f"{mallory.email}, accomplice@evil.example"), ("References", victim.our_message))},
            {"headers": (("Sender", victim.person.email), ("In-Reply-To", victim.our_message))},
        )
    ]


def over_smtp(broken: Broken, found: Sequence[Attack]) -> list[str]:
    return hand_in(broken.desk, [attack.raw() for attack in found], envelope_from="mallory@evil.example")


def over_the_webhook(broken: Broken, found: Sequence[Attack]) -> list[str]:
    """As our own relay hands them in, which has looked at each."""
    receipts = []
    for attack in found:
        raw = attack.raw()
        headers = signature(broken.desk.secrets["webhook_mail"], raw) | {"Content-Type": "message/rfc822"}
        answer = httpx.post(
            f"{broken.desk.url('ingest')}/webhooks/mail", params={"mailbox": MAILBOX}, content=raw, headers=headers, timeout=30
        )
        assert answer.status_code == 202, answer.text
        receipts.append(answer.json()["receipt"])
    return receipts


def over_the_form(broken: Broken, victim: Victim) -> list[str]:
    """A website's form in the victim's name: its visitors write what they like."""
    fields = {
        "email": victim.person.email,
        "subject": f"Re: [#{victim.number}] The door",
        "message": f"Mallory was here. {victim.our_message} {victim.reply_address}",
        "name": "Mallory in disguise",
        "language": "fr",
    }
    answer = broken.desk.submit_form("contact", fields)
    assert answer.status_code == 202, answer.text
    return [answer.json()["receipt"]]


def is_as_it_was(broken: Broken, victim: Victim) -> dict[str, Any]:
    """The ticket and the profile, as staff sees them."""
    ticket = broken.desk.api("GET", f"/tickets/{victim.number}")
    customer = broken.desk.api("GET", f"/customers/{ticket['ticket']['requester']['customer_id']}")
    return {"ticket": ticket["ticket"], "conversation": ticket["conversation"], "customer": customer}


def nobody_else_was_told(broken: Broken, victim: Victim) -> None:
    for mail in broken.desk.mails():
        if victim.person.email not in mail["envelope_to"]:
            raw = httpx.get(f"{broken.desk.url('mailbox_http')}/messages/{mail['seq']}/raw", timeout=30).text
            assert _SECRET not in raw, f"{mail['envelope_to']} was told"
            assert victim.our_message not in raw


@pytest.mark.parametrize("door", [over_smtp, over_the_webhook])
def test_f30_a_stranger_gets_into_no_thread(
    door: Callable[[Broken, Sequence[Attack]], list[str]], broken: Broken, victim: Victim
) -> None:
    before = is_as_it_was(broken, victim)
    found = attacks(victim)
    became = closed(broken.desk, door(broken, found))
    assert [_outcome(entry) for entry in became] == ["opened"] * len(found)
    assert victim.number not in [entry["ticket_number"] for entry in became]
    # The requester's own answer still gets there, and goes to nobody else.
    assert is_as_it_was(broken, victim) == before
    broken.desk.api("POST", f"/tickets/{victim.number}/reopen", json={"reason": "a test"})
    broken.desk.api("POST", f"/tickets/{victim.number}/replies", json={"text": f"Once more: {_SECRET}"})
    outsider = Outsider(broken.desk)
    until(lambda: len([m for m in outsider.mails_to(victim.person.email) if _SECRET in m["text"]]) >= 2, 20, "the answer")
    nobody_else_was_told(broken, victim)


def _outcome(entry: Entry) -> str:
    return str(entry["outcome"])


def test_f30_a_form_in_somebodys_name_touches_nothing_of_theirs(broken: Broken, victim: Victim) -> None:
    before = is_as_it_was(broken, victim)
    (entry,) = closed(broken.desk, over_the_form(broken, victim))
    assert (entry["outcome"], entry["ticket_number"] == victim.number) == ("opened", False)
    assert is_as_it_was(broken, victim) == before
    nobody_else_was_told(broken, victim)


def test_f30_what_is_not_signed_or_is_played_again_does_nothing(broken: Broken, victim: Victim) -> None:
    before = broken.desk.api("GET", "/ledger/summary")["received"]
    raw = Attack(victim.person, "pass").raw()
    url, params = f"{broken.desk.url('ingest')}/webhooks/mail", {"mailbox": MAILBOX}
    signed = signature(broken.desk.secrets["webhook_mail"], raw) | {"Content-Type": "message/rfc822"}
    forged = [
        {},
        signature(broken.desk.secrets["form_contact"], raw),
        {**signed, "webhook-id": "another"},
        {**signed, "webhook-timestamp": str(int(signed["webhook-timestamp"]) + 1)},
    ]
    assert [httpx.post(url, params=params, content=raw, headers=h, timeout=30).status_code for h in forged] == [401] * 4
    other = raw.replace(b"Mallory", b"Trudy!!")
    assert httpx.post(url, params=params, content=other, headers=signed, timeout=30).status_code == 401
    assert broken.desk.api("GET", "/ledger/summary")["received"] == before
    again = [
        httpx.post(url, params=params, content=raw, headers={**signed, "Idempotency-Key": f"{n}"}, timeout=30) for n in range(3)
    ]
    assert len({answer.json()["receipt"] for answer in again}) == 1
    assert broken.desk.api("GET", "/ledger/summary")["received"] == before + 1
    body = json.dumps({"email": victim.person.email, "message": "hello"}).encode()
    form = f"{broken.desk.url('ingest')}/webhooks/forms/contact"
    assert httpx.post(form, content=body, headers={"Content-Type": "application/json"}, timeout=30).status_code == 401


def test_f30_who_is_refuted_joins_nobody_and_brings_nobody_back(broken: Broken) -> None:
    outsider = Outsider(broken.desk)
    jim = outsider.person("Jim Sample", "sample.com")
    outsider.write(Mail(jim, "Hello", "Where do I find my invoices?"))
    customer = outsider.ticket_of(jim)["ticket"]["requester"]["customer_id"]
    broken.desk.api("POST", f"/customers/{customer}/deactivate")
    stranger = outsider.person("Not Jim", "sample.com")
    spoofed = [Attack(jim, "fail"), Attack(stranger, "fail")]
    became = closed(broken.desk, over_smtp(broken, spoofed))
    assert not broken.desk.api("GET", f"/customers/{customer}")["active"]
    requesters = [broken.desk.api("GET", f"/tickets/{e['ticket_number']}")["ticket"]["requester"] for e in became]
    assert requesters[1].get("organization") is None
    assert broken.desk.api("GET", f"/customers/{requesters[1]['customer_id']}")["organization_ids"] == []


def test_f30_from_somewhere_else_a_result_in_our_name_proves_nothing(broken: Broken) -> None:
    outsider = Outsider(broken.desk)
    broken.restart("ingest", TRUSTED_RELAYS="192.0.2.0/24")
    ann = outsider.person("Ann Example", "sample.com")
    (entry,) = closed(broken.desk, over_smtp(broken, [Attack(ann, "pass")]))
    shown = broken.desk.api("GET", f"/tickets/{entry['ticket_number']}")
    assert [message["sender_proven"] for message in shown["conversation"]] == [False]
