"""The signed doors: raw mail and forms. They carry no token of ours; the signature (Standard Webhooks 1.0) is the proof."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from deskstream_chassis.refusals import Invalid, NotFound, TooLarge
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.watch.tracing import of_request
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.forms import Form, read_submission
from ingest_svc.domain.signatures import verify
from ingest_svc.domain.texts import clean
from ingest_svc.handlers.accept import Acceptance, Incoming


@dataclass(frozen=True, slots=True)
class Webhooks:
    """`window_seconds`: how far a request's time may be from ours."""

    mail_secrets: tuple[str, ...]
    window_seconds: int
    message_bytes: int
    form_bytes: int


class Accepted(BaseModel):
    """`receipt`: the entry's id in the ledger, and the message's id everywhere."""

    receipt: UUID


def webhook_routes(acceptance: Acceptance, desk: Desk, forms: dict[str, Form], settings: Webhooks, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/webhooks", tags=["webhooks"])
    window = timedelta(seconds=settings.window_seconds)

    @router.post("/mail", status_code=202)
    async def take_mail(request: Request, mailbox: str | None = None, envelope_from: str | None = None) -> Accepted:
        """A raw mail (message/rfc822) for a mailbox: its name or address, in the query or in the header X-Mailbox."""
        body = await _body(request, settings.message_bytes)
        _verify(request, settings.mail_secrets, body, clock, window)
        recipient = _recipient(mailbox or request.headers.get("x-mailbox") or "", desk)
        incoming = Incoming(
            door="http_mail",
            raw=body,
            media_type="message/rfc822",
            recipients=[recipient],
            envelope_from=None if envelope_from is None else clean(envelope_from).strip("<>"),
            relay_trusted=True,
            idempotency=_idempotency(request, "mail"),
            traceparent=of_request(request),
        )
        return Accepted(receipt=(await acceptance.accept(incoming))[0])

    @router.post("/forms/{form_id}", status_code=202)
    async def take_form(request: Request, form_id: str) -> Accepted:
        """A form's submission, as JSON or form-encoded, by the form's own field mapping."""
        form = forms.get(form_id)
        if form is None:
            raise NotFound("There is no such form.")
        body = await _body(request, settings.form_bytes)
        _verify(request, form.secrets, body, clock, window)
        media_type = request.headers.get("content-type", "")
        read_submission(form, media_type, body)  # refuses what could not be sorted later
        incoming = Incoming(
            door="form",
            raw=body,
            media_type=media_type,
            recipients=[_recipient(form.mailbox, desk)] if form.mailbox else [],
            form=form_id,
            idempotency=_idempotency(request, form_id),
            traceparent=of_request(request),
        )
        return Accepted(receipt=(await acceptance.accept(incoming))[0])

    return router


async def _body(request: Request, most: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > most:
        raise TooLarge(f"At most {most} bytes are taken.")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise TooLarge(f"At most {most} bytes are taken.")
        chunks.append(chunk)
    return b"".join(chunks)


def _verify(request: Request, secrets: tuple[str, ...], body: bytes, clock: Clock, window: timedelta) -> None:
    id_, timestamp, signatures = (request.headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    verify(secrets, id_, timestamp, signatures, body, clock.now(), window)


def _recipient(mailbox: str, desk: Desk) -> str:
    address = mailbox if "@" in mailbox else f"{mailbox}@{desk.domain}"
    if desk.mailbox_of(address) is None:
        raise Invalid("There is no such mailbox.", pointer="mailbox")
    return address


def _idempotency(request: Request, door: str) -> str:
    # A signed request always has a webhook-id, which by the standard is the same on every attempt.
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= 255:
        raise Invalid("An Idempotency-Key has 1 to 255 characters.", pointer="Idempotency-Key")
    named = f"{door}\n{'key' if key else 'id'}\n{key or request.headers['webhook-id']}"
    return hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()
