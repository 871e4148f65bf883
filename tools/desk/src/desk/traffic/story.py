"""The demo's story: what comes in on an ordinary morning, through the real doors, and what becomes of each."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from desk.client import Desk, until
from desk.errors import DeskError
from desk.topology import DOMAIN
from desk.traffic.mails import BROKEN, Mail, Sender, bounce

PATIENCE = 30.0


@dataclass(slots=True)
class Arrival:
    """One thing that came in: what it is, and the ledger's entry for it, or how the door refused it."""

    what: str
    entry: dict[str, Any] | None = None
    refused: str | None = None
    ticket: dict[str, Any] | None = None
    confirmation: str | None = None


class Story:
    """Sends everything and follows it. `told` hears each step."""

    def __init__(self, desk: Desk, run: str, told: Callable[[str], None]) -> None:
        self._desk = desk
        self._run = run
        self._told = told
        self._mails = desk.mailbox_stats()["last_seq"]
        self.arrivals: list[Arrival] = []

    def tell(self) -> list[Arrival]:
        jim = Sender("Jim Sample", "jim@sample.com")
        anna = Sender("Anna Weber", f"anna.{self._run}@weber-bau.example")
        luc = Sender("Luc Martin", f"luc.{self._run}@atelier-martin.example")
        kari = Sender("Kari Nordmann", f"kari.{self._run}@fjordkraft.example")
        gone = Sender("Former Colleague", f"former.{self._run}@moved-away.example")
        urgent = Mail(
            jim,
            "URGENT: charged twice for March",
            "Hello,\n\nyou charged us twice for March: invoices 4711 and 4712 are the same. Please refund one today.\n\nJim\n",
            to=f"billing@{DOMAIN}",
            attachments=(("invoice-4712.pdf", "application/pdf", b"%PDF-1.4 not really\n"),),
        )
        german = Mail(
            anna,
            "Anmeldung funktioniert nicht",
            "Guten Tag,\n\nseit heute Morgen funktioniert die Anmeldung nicht mehr: Fehler 403.\n\nFreundliche Grüße\nAnna Weber\n",
        )
        self._mail("an urgent billing question, from a known organization's domain", urgent)
        self._mail("a German mail from somebody new", german)
        self._mail(
            "a French mail from somebody new",
            Mail(
                luc,
                "Question sur mon abonnement",
                "Bonjour,\n\nje voudrais savoir comment changer la formule de mon abonnement.\n\nMerci, Luc\n",
            ),
        )
        self._mail(
            "a Norwegian mail from somebody new",
            Mail(
                kari,
                "Får ikke logget inn",
                "Hei,\n\njeg får ikke logget inn på kontoen min siden i morges. Kan dere hjelpe meg?\n\nHilsen Kari\n",
            ),
        )
        self._form(
            "a form, filled in in Norwegian",
            {
                "email": f"ola.{self._run}@hytte.example",
                "name": "Ola Hansen",
                "subject": "Spørsmål om faktura",
                "urgency": "high",
                "message": "Hei, jeg har fått en faktura jeg ikke kjenner igjen. Kan dere se på den?",
                "order_number": "A-1007",
            },
        )
        self._form(
            "a form, filled in in English",
            {
                "email": f"mia.{self._run}@studio.example",
                "name": "Mia Jones",
                "subject": "Feature idea",
                "message": "It would be great to export my list as a spreadsheet.",
            },
        )
        self._refused_form("a form whose signature is wrong")
        self._mail("the German mail again, as its server never heard our answer", german)
        self._raw(
            "a broken mail: no known charset, no end, no date",
            BROKEN.replace(b"broken-one", self._run.encode()),
            "monitor@oldsystem.example",
        )
        self._refused_mail("a mail to a mailbox that does not exist", anna)
        self._mail(
            "a mail from an address that will bounce",
            Mail(gone, "Where is my parcel?", "Hello, my parcel has not come. Where is it?\n"),
        )
        self._told("waiting for the confirmations")
        self._answers(jim, urgent, anna, german, gone)
        for arrival in self.arrivals:
            self._follow(arrival)
        return self.arrivals

    def _answers(self, jim: Sender, urgent: Mail, anna: Sender, german: Mail, gone: Sender) -> None:
        """What comes back: a reply to the signed address, a vacation notice, a bounce."""
        to_jim, to_anna, to_gone = (self._sent_to(s.email) for s in (jim, anna, gone))
        reply = Mail(
            jim,
            f"Re: {to_jim['subject']}",
            "One more thing: our new VAT number is GB123456789.\n",
            to=to_jim["reply_to"],
            in_reply_to=to_jim["message_id"],
        )
        self._mail("a reply to the confirmation", reply)
        vacation = Mail(
            anna,
            f"Automatische Antwort: {to_anna['subject']}",
            "Ich bin bis Montag nicht im Büro.\n",
            to=to_anna["reply_to"],
            in_reply_to=to_anna["message_id"],
            headers=(("Auto-Submitted", "auto-replied"),),
        )
        self._mail("an absence notice that answers the confirmation", vacation)
        raw = bounce(to_gone["message_id"], gone.email, to_gone["envelope_from"])
        self._raw("a bounce of a confirmation", raw, "", to_gone["envelope_from"])

    def _sent_to(self, email: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            return next((m for m in self._desk.mails(self._mails) if email in m["envelope_to"]), None)

        return until(look, PATIENCE, f"a confirmation to {email}")

    def _mail(self, what: str, mail: Mail) -> None:
        self._raw(what, mail.raw(), mail.sender.email, mail.to)

    def _raw(self, what: str, raw: bytes, envelope_from: str, to: str = f"support@{DOMAIN}") -> None:
        self._told(what)
        known = self._newest_entries()
        self._desk.send(raw, to, envelope_from)

        def arrived() -> dict[str, Any] | None:
            return next((entry for id_, entry in self._newest_entries().items() if id_ not in known), None)

        self.arrivals.append(Arrival(what, until(arrived, PATIENCE, what)))

    def _form(self, what: str, fields: dict[str, str]) -> None:
        self._told(what)
        response = self._desk.submit_form("contact", fields)
        if response.status_code != 202:
            raise DeskError(f"{what}: {response.status_code} {response.text}")
        self.arrivals.append(Arrival(what, self._desk.api("GET", f"/ledger/{response.json()['receipt']}")))

    def _refused_form(self, what: str) -> None:
        self._told(what)
        forged = replace(self._desk, secrets={**self._desk.secrets, "form_contact": "whsec_Zm9yZ2Vk"})
        response = forged.submit_form("contact", {"email": "eve@evil.example", "message": "Let me in"})
        self.arrivals.append(Arrival(what, refused=f"{response.status_code} {response.json()['detail']}"))

    def _refused_mail(self, what: str, sender: Sender) -> None:
        self._told(what)
        mail = Mail(sender, "To the boss", "Hello?\n", to=f"boss@{DOMAIN}")
        try:
            self._desk.send(mail.raw(), mail.to, sender.email)
        except smtplib.SMTPRecipientsRefused as refusal:
            code, words = next(iter(refusal.recipients.values()))
            self.arrivals.append(Arrival(what, refused=f"{code} {words.decode(errors='replace')}"))

    def _newest_entries(self) -> dict[str, dict[str, Any]]:
        return {entry["id"]: entry for entry in self._desk.api("GET", "/ledger", params={"limit": 5})["items"]}

    def _follow(self, arrival: Arrival) -> None:
        """To its outcome; where that is a ticket, to its team, its deadlines and its confirmation."""
        if arrival.entry is None:
            return
        id_ = arrival.entry["id"]
        arrival.entry = until(lambda: self._closed(id_), PATIENCE, f"the outcome of {arrival.what}")
        if arrival.entry["ticket_number"]:
            number = arrival.entry["ticket_number"]
            arrival.ticket = until(lambda: self._ready(number), PATIENCE, f"ticket #{number}")
            arrival.confirmation = self._confirmation(arrival)

    def _closed(self, id_: str) -> dict[str, Any] | None:
        entry: dict[str, Any] = self._desk.api("GET", f"/ledger/{id_}")
        return entry if entry["state"] == "closed" else None

    def _ready(self, number: int) -> dict[str, Any] | None:
        response = self._desk.api_response("GET", f"/tickets/{number}")
        if response.status_code != 200:
            return None
        detail: dict[str, Any] = response.json()
        told = any(n["notification"]["kind"] == "confirmation" for n in detail["notifications"])
        return detail if detail["sla"] and detail["decisions"] and told else None

    def _confirmation(self, arrival: Arrival) -> str:
        assert arrival.ticket is not None
        assert arrival.entry is not None
        if arrival.entry["outcome"] != "opened":
            return "not for a reply"
        first = next(n for n in arrival.ticket["notifications"] if n["notification"]["kind"] == "confirmation")
        language = first["notification"]["language"]
        return f"sent ({language})" if first["status"] == "sent" else f"not sent: {first['reason']}"
