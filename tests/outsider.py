"""Somebody who meets a desk through its doors only, wherever it runs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from desk.client import Desk, until
from desk.traffic.mails import Mail, Sender

AT_ONCE: Final[Mapping[str, Mapping[str, str]]] = {"ticket": {"TICKET_HOLD_SECONDS": "0"}}
"""For a stack whose answers are mailed at once: most tests have nothing to undo."""


@dataclass(frozen=True)
class Outsider:
    """Somebody from outside: writes, and sees what comes back."""

    desk: Desk

    def person(self, name: str = "Pat Doe", domain: str | None = None) -> Sender:
        """Somebody who never wrote before."""
        run = secrets.token_hex(4)
        return Sender(name, f"{name.split()[0].lower()}.{run}@{domain or f'{run}.example'}")

    def write(self, mail: Mail) -> None:
        self.desk.send(mail.raw(), mail.to, mail.sender.email)

    def mail_to(self, email: str, kind: str, seconds: float = 20) -> dict[str, Any]:
        """The mail of a kind (X-Deskstream) that this address got."""

        def look() -> dict[str, Any] | None:
            for mail in self.desk.mails():
                if email in mail["envelope_to"] and self.kind_of(mail) == kind:
                    return mail
            return None

        return until(look, seconds, f"a {kind} to {email}")

    def mails_to(self, email: str) -> list[dict[str, Any]]:
        return [mail for mail in self.desk.mails() if email in mail["envelope_to"]]

    def kind_of(self, mail: dict[str, Any]) -> str:
        raw = httpx.get(f"{self.desk.url('mailbox_http')}/messages/{mail['seq']}/raw").text
        return next((line[14:].strip() for line in raw.splitlines() if line.startswith("X-Deskstream: ")), "")

    def ticket_of(self, sender: Sender, seconds: float = 20, **wanted: Any) -> dict[str, Any]:
        """The ticket that this sender opened, routed and timed, once its state has all of `wanted`."""

        def look() -> dict[str, Any] | None:
            found = self.desk.api("GET", "/tickets", params={"q": sender.email})["items"]
            if not found:
                return None
            detail: dict[str, Any] = self.desk.api("GET", f"/tickets/{found[0]['number']}")
            state = detail["ticket"]
            ready = detail["sla"] and detail["decisions"] and all(state.get(n) == v for n, v in wanted.items())
            return detail if ready else None

        return until(look, seconds, f"a ticket of {sender.email} with {wanted}")

    def entries_of(self, sender: Sender) -> list[dict[str, Any]]:
        """The ledger's entries of a sender, oldest first."""
        found: list[dict[str, Any]] = self.desk.api("GET", "/ledger", params={"sender": sender.email})["items"]
        return found[::-1]
