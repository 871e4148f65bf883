"""`helm test`: the API answers with a token and refuses without; in a trial, a mail becomes a ticket with a confirmation."""

import os
import smtplib
import time
import uuid
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

GATEWAY, MAILBOX = os.environ["GATEWAY"], os.environ["MAILBOX"]


def token() -> str:
    now = int(time.time())
    claims = {"iss": "deskstream", "aud": "deskstream-api", "sub": "helm.test", "name": "Helm test", "roles": ["agent"]}
    times = {"iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
    return jwt.encode({"alg": "HS256"}, claims | times, OctKey.import_key(os.environ["TOKEN_SECRET"]))


def tickets(query: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token()}"}
    found = httpx.get(f"{GATEWAY}/api/v1/tickets", params={"q": query}, headers=headers, timeout=10).raise_for_status()
    items: list[dict[str, Any]] = found.json()["items"]
    return items


def until(what: str, look: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise SystemExit(f"FAILED: {what} within {seconds:.0f} s")
        time.sleep(0.2)
    print(f"ok: {what}", flush=True)
    return found


def send(sender: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, os.environ["ADDRESS"], "A question of helm test"
    mail["Message-ID"] = f"<{uuid.uuid4()}@helm-test.example>"
    mail.set_content("Hello, does this arrive, and where do I find my invoice?")
    host, _, port = os.environ["SMTP"].rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=30) as smtp:
        smtp.send_message(mail)


def confirmation_to(sender: str) -> bool:
    mails = httpx.get(f"{MAILBOX}/messages", params={"limit": 10_000}, timeout=10).raise_for_status().json()
    return any(sender in mail["envelope_to"] for mail in mails)


def main() -> None:
    if httpx.get(f"{GATEWAY}/api/v1/tickets", timeout=10).status_code != 401:
        raise SystemExit("FAILED: the API is open without a token")
    tickets("nobody")
    print("ok: the API answers with a token and refuses without", flush=True)
    if not MAILBOX:
        return
    sender = f"helm.{uuid.uuid4().hex[:8]}@helm-test.example"
    send(sender)
    until("the mail became a ticket", lambda: tickets(sender))
    until("its confirmation was sent", lambda: confirmation_to(sender))


if __name__ == "__main__":
    main()
