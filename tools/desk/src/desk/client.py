"""A running stack from outside, through its own doors: SMTP, signed webhooks, the API, the mailbox."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import smtplib
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

from desk.errors import DeskError
from desk.paths import HOST
from desk.stack_secrets import load_secrets
from desk.topology import FORMS, PORT_OFFSETS, SERVICES

T = TypeVar("T")


def api_token(
    secret: str,
    roles: list[str],
    name: str,
    seconds: float = 300.0,
    kind: str = "staff",
    id_: str | None = None,
    jti: str | None = None,
) -> str:
    """A bearer token for the gateway's API (JWT, HS256). `kind`: staff or program. `id_`: whose it is; left out, made of the name.

    The gateway lists those that are good for more than five minutes.
    """
    now = int(time.time())
    claims = {
        "iss": "deskstream",
        "aud": "deskstream-api",
        "sub": id_ or name.lower().replace(" ", "."),
        "name": name,
        "kind": kind,
        "roles": roles,
        "iat": now,
        "exp": now + int(seconds),
        "jti": jti or str(uuid.uuid4()),
    }
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))


@dataclass(frozen=True, slots=True)
class Desk:
    """The doors of a stack: on this machine, on the ports of its block, unless `elsewhere` has the `host:port` of one."""

    home: Path
    port_base: int
    secrets: Mapping[str, str] = field(repr=False)
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def running(home: Path) -> Desk:
        """The stack that runs on this home; raises DeskError where none is ready."""
        from desk.overview import look  # looks at processes; a client in a container has none to look at

        seen = look(home)
        if not seen.ready:
            raise DeskError(f"no stack is ready on {home}: start it with ./desk up --detach")
        return Desk.at(home, seen.port_base)

    @staticmethod
    def at(home: Path, port_base: int) -> Desk:
        return Desk(home, port_base, load_secrets(home, tuple(s.name for s in SERVICES), tuple(FORMS)))

    def port(self, name: str) -> int:
        """The port of something in PORT_OFFSETS, on this machine."""
        return self.port_base + PORT_OFFSETS[name]

    def address(self, name: str) -> str:
        """Where something in PORT_OFFSETS listens, `host:port`."""
        return self.elsewhere.get(name) or f"{HOST}:{self.port(name)}"

    def url(self, name: str) -> str:
        return f"http://{self.address(name)}"

    def send(self, raw: bytes, to: str, envelope_from: str) -> None:
        """Hands a mail to the SMTP listener. Raises smtplib's errors: a refusal is the caller's to judge."""
        host, _, port = self.address("smtp").rpartition(":")
        with smtplib.SMTP(host, int(port), timeout=30) as smtp:
            smtp.sendmail(envelope_from, [to], raw)

    def submit_form(self, form: str, fields: Mapping[str, Any], key: str | None = None) -> httpx.Response:
        """Posts a form as its website would, signed (Standard Webhooks 1.0)."""
        body = json.dumps(fields).encode()
        headers = signature(self.secrets[f"form_{form}"], body, key) | {"Content-Type": "application/json"}
        return httpx.post(f"{self.url('ingest')}/webhooks/forms/{form}", content=body, headers=headers, timeout=30)

    def api(self, method: str, path: str, *, role: str = "admin", name: str = "Desk CLI", **options: Any) -> Any:
        """Calls the gateway's API; returns the decoded answer. Raises DeskError with the problem's words."""
        response = self.api_response(method, path, role=role, name=name, **options)
        if response.status_code >= 400:
            raise DeskError(f"{method} {path}: {response.status_code} {_words(response)}")
        return response.json() if response.content else None

    def api_response(
        self, method: str, path: str, *, role: str = "admin", name: str = "Desk CLI", **options: Any
    ) -> httpx.Response:
        token = api_token(self.secrets["token"], [role], name)
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        try:
            return httpx.request(method, f"{self.url('gateway')}/api/v1{path}", headers=headers, timeout=60, **options)
        except httpx.TransportError as error:
            raise DeskError(f"the gateway does not answer: {error}") from error

    def mails(self, since: int = 0) -> list[dict[str, Any]]:
        """What the stack has sent to the outside world after mail number `since`, oldest first."""
        found: list[dict[str, Any]] = []
        while True:
            last = found[-1]["seq"] if found else since
            page = httpx.get(f"{self.url('mailbox_http')}/messages?since={last}&limit=1000", timeout=30).json()
            if not page:
                return found
            found += page

    def mailbox_stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = httpx.get(f"{self.url('mailbox_http')}/stats", timeout=30).json()
        return stats


def _words(response: httpx.Response) -> str:
    """What a problem (RFC 9457) says, with each value that was wrong on a line of its own."""
    if "json" not in response.headers.get("content-type", ""):
        return response.text
    found = response.json()
    wrong = [
        f"{error['pointer']}: {error['detail']}" for error in found.get("errors", ()) if error["detail"] != found.get("detail")
    ]
    return "\n  ".join([found.get("detail", response.text), *wrong])


def signature(secret: str, body: bytes, key: str | None = None, timestamp: int | None = None) -> dict[str, str]:
    """The headers of a signed webhook (Standard Webhooks 1.0). `secret` is `whsec_` and base64."""
    id_ = key or f"msg_{uuid.uuid4().hex}"
    at = str(timestamp or int(time.time()))
    signed = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), f"{id_}.{at}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": id_,
        "webhook-timestamp": at,
        "webhook-signature": "v1," + base64.b64encode(signed.digest()).decode(),
    }


def until(condition: Callable[[], T | None], seconds: float = 30.0, what: str = "it") -> T:
    """Asks again until there is an answer; raises TimeoutError with `what` after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true within {seconds:.0f} s")
        time.sleep(0.05)
