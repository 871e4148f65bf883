"""The signed doors: raw mail and forms. They carry no token of ours; the signature (Standard Webhooks 1.0) is the proof."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request

from deskstream_chassis.refusals import TooLarge
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.watch.tracing import of_request
from ingest_svc.api import idempotency
from ingest_svc.api.schemas import Accepted
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.forms import Form, read_submission
from ingest_svc.domain.refusals import NoSuchForm, NoSuchMailbox
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


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request whose signature is good. `headers` are found by lower-case names."""

    headers: Mapping[str, str]
    body: bytes
    traceparent: str | None

    def key_at(self, door: str) -> str:
        """The key of the request: its own, or else its webhook-id, which by the standard is the same on every attempt."""
        key = self.headers.get("idempotency-key")
        if key is not None:
            return idempotency.digest(door, "key", idempotency.checked(key))
        return idempotency.digest(door, "id", self.headers["webhook-id"])


def raw_mail(request: SignedRequest, mailbox: str | None, envelope_from: str | None, desk: Desk) -> Incoming:
    """A raw mail as a door hands it in. Raises NoSuchMailbox."""
    return Incoming(
        door="http_mail",
        raw=request.body,
        media_type="message/rfc822",
        recipients=[recipient(mailbox or request.headers.get("x-mailbox") or "", desk)],
        envelope_from=None if envelope_from is None else clean(envelope_from).strip("<>"),
        relay_trusted=True,
        idempotency=request.key_at("mail"),
        traceparent=request.traceparent,
    )


def filled_form(request: SignedRequest, form_id: str, form: Form, desk: Desk) -> Incoming:
    """A form's submission as a door hands it in. Raises Invalid for what could not be sorted later, and NoSuchMailbox."""
    media_type = request.headers.get("content-type", "")
    read_submission(form, media_type, request.body)
    return Incoming(
        door="form",
        raw=request.body,
        media_type=media_type,
        recipients=[recipient(form.mailbox, desk)] if form.mailbox else [],
        form=form_id,
        idempotency=request.key_at(form_id),
        traceparent=request.traceparent,
    )


def recipient(mailbox: str, desk: Desk) -> str:
    """The address of a mailbox that is named by its local part or its address. Raises NoSuchMailbox."""
    address = mailbox if "@" in mailbox else f"{mailbox}@{desk.domain}"
    if desk.mailbox_of(address) is None:
        raise NoSuchMailbox
    return address


def webhook_routes(acceptance: Acceptance, desk: Desk, forms: Mapping[str, Form], settings: Webhooks, clock: Clock) -> APIRouter:
    """The doors of relays and forms; each request must be signed with one of the door's secrets."""
    router = APIRouter(prefix="/webhooks", tags=["webhooks"])
    window = timedelta(seconds=settings.window_seconds)

    @router.post("/mail", status_code=202)
    async def take_mail(request: Request, mailbox: str | None = None, envelope_from: str | None = None) -> Accepted:
        """A raw mail (message/rfc822) for a mailbox: its name or address, in the query or in the header X-Mailbox."""
        signed = await _signed(request, settings.mail_secrets, settings.message_bytes, clock, window)
        return Accepted.of(await acceptance.accept(raw_mail(signed, mailbox, envelope_from, desk)))

    @router.post("/forms/{form_id}", status_code=202)
    async def take_form(request: Request, form_id: str) -> Accepted:
        """A form's submission, as JSON or form-encoded, by the form's own field mapping."""
        form = forms.get(form_id)
        if form is None:
            raise NoSuchForm
        signed = await _signed(request, form.secrets, settings.form_bytes, clock, window)
        return Accepted.of(await acceptance.accept(filled_form(signed, form_id, form, desk)))

    return router


async def _signed(request: Request, secrets: Sequence[str], most_bytes: int, clock: Clock, window: timedelta) -> SignedRequest:
    body = await _body(request, most_bytes)
    id_, timestamp, signatures = (request.headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    verify(secrets, id_, timestamp, signatures, body, clock.now(), window)
    return SignedRequest(request.headers, body, of_request(request))


async def _body(request: Request, most_bytes: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > most_bytes:
        raise TooLarge(f"At most {most_bytes} bytes are taken.")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most_bytes:
            raise TooLarge(f"At most {most_bytes} bytes are taken.")
        chunks.append(chunk)
    return b"".join(chunks)
