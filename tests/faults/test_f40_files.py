"""F40: an upload is cut off, its process is killed, the place of files is away: no half file is shown, and mail is taken."""

from __future__ import annotations

import email
import email.policy
import secrets
import socket
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx

from desk.client import Desk, api_token, until
from desk.paths import HOST
from desk.traffic.mails import Mail, Sender
from tests.faults.conftest import Broken, Load
from tests.faults.observed import count

LARGE = 700_000
PROBLEM = "application/problem+json"


def _upload(desk: Desk, content: bytes) -> httpx.Response:
    headers = {"Content-Disposition": "attachment; filename*=UTF-8''bl%C3%A5.bin", "Content-Type": "image/png"}
    return desk.api_response("POST", "/files", content=content, headers=headers, role="agent", name="Ada")


def _ticket(desk: Desk) -> tuple[str, int]:
    """Somebody who has written in, and the number of their ticket."""
    pat = Sender("Pat Doe", f"pat.{secrets.token_hex(4)}@sample.com")
    mail = Mail(pat, "A file, please", "Please send it.")
    desk.send(mail.raw(), mail.to, pat.email)
    found = until(lambda: desk.api("GET", "/tickets", params={"q": pat.email})["items"], 30, "the ticket")
    return pat.email, found[0]["number"]


def _answered(desk: Desk, number: int, *files: str) -> dict[str, Any]:
    body = {"text": "Here it is.", "files": list(files)}
    written: dict[str, Any] = desk.api("POST", f"/tickets/{number}/replies", json=body, role="agent", name="Ada")
    return written


def _attached(desk: Desk, to: str) -> list[object]:
    """What came with the answer to somebody; nothing where there is none yet."""
    for mail in desk.mails():
        if to in mail["envelope_to"] and not mail["auto_submitted"]:
            raw = httpx.get(f"{desk.url('mailbox_http')}/messages/{mail['seq']}/raw").content
            message = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            return [part.get_payload(decode=True) for part in message.iter_attachments()]
    return []


def _whole(broken: Broken) -> tuple[int, int]:
    """How many files, and how many whole contents there are."""
    return count(broken.stack, "ticket", "files"), count(broken.stack, "ticket", "file_contents WHERE state = 'whole'")


def test_an_upload_that_is_cut_off_is_never_there(broken: Broken) -> None:
    desk, before = broken.desk, _whole(broken)
    coming = count(broken.stack, "ticket", "file_contents")
    token = api_token(desk.secrets["token"], ["agent"], "Ada")
    head = f"POST /api/v1/files HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {token}\r\nContent-Length: {LARGE}\r\n\r\n"
    with socket.create_connection((HOST, desk.port("gateway")), timeout=30) as connection:
        connection.sendall(head.encode() + secrets.token_bytes(LARGE - 1))
        until(lambda: count(broken.stack, "ticket", "file_contents") > coming, 30, "the upload to begin")
    folder = broken.stack.home / "files"
    until(lambda: not list(folder.glob("*.part")), 30, "what came of it to go")
    assert _whole(broken) == before
    assert _upload(desk, secrets.token_bytes(LARGE)).status_code == 201


def test_a_process_that_is_killed_before_it_names_a_file_leaves_none_to_be_seen(broken: Broken) -> None:
    broken.restart("ticket", FAILPOINTS="files.written=kill")
    before = _whole(broken)
    answer = _upload(broken.desk, secrets.token_bytes(LARGE))
    assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)
    broken.wait_dead("ticket")
    broken.revive()
    assert _whole(broken) == before
    assert _upload(broken.desk, secrets.token_bytes(LARGE)).status_code == 201


def test_while_the_place_of_files_is_away_mail_is_taken_and_answers_wait_for_their_files(
    broken: Broken, load: Callable[..., Load]
) -> None:
    desk, folder = broken.desk, broken.stack.home / "files"
    broken.restart("notify", RETRY_FIRST_SECONDS="1")
    blob = secrets.token_bytes(LARGE)
    to, number = _ticket(desk)
    file = _upload(desk, blob).json()
    elsewhere = folder.with_name(f"files.{uuid4().hex}")
    folder.rename(elsewhere)
    try:
        before = _whole(broken)
        with load(20, 20) as traffic:
            refused = _upload(desk, secrets.token_bytes(LARGE))
            assert (refused.status_code, refused.headers["content-type"]) == (503, PROBLEM)
            assert refused.json()["detail"] == "Files cannot be reached now."
            ticket = _answered(desk, number, file["id"])["ticket"]["id"]
            until(lambda: _waiting(desk, ticket), 30, "the reason to be seen on the delivery")
        traffic.check()
        assert _whole(broken) == before
        assert _attached(desk, to) == []
    finally:
        elsewhere.rename(folder)
    until(lambda: _attached(desk, to), 60, "the answer")
    assert _attached(desk, to) == [blob]


def _waiting(desk: Desk, ticket: str) -> bool:
    found = desk.api("GET", "/deliveries", params={"ticket_id": ticket, "status": "queued"})["items"]
    return any("files cannot be fetched" in delivery["detail"] for delivery in found)


def test_a_file_that_is_gone_is_said_with_the_delivery(broken: Broken) -> None:
    desk, folder = broken.desk, broken.stack.home / "files"
    _, number = _ticket(desk)
    known = set(folder.iterdir())
    file = _upload(desk, secrets.token_bytes(LARGE)).json()
    (lost,) = set(folder.iterdir()) - known
    lost.unlink()
    ticket = _answered(desk, number, file["id"])["ticket"]["id"]

    def failed() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = desk.api("GET", "/deliveries", params={"ticket_id": ticket, "status": "failed"})["items"]
        return found

    (delivery,) = until(failed, 30, "the delivery to be given up")
    assert delivery["detail"] == "the file 'blå.bin' is no longer there"
