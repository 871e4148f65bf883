"""The signed doors: raw mail and forms. They carry no token of ours; the signature (Standard Webhooks 1.0) is the proof."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from fastapi import APIRouter, Depends, Request

from deskstream_chassis.digits import whole_number
from deskstream_chassis.refusals import TooLarge
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.watch.tracing import of_request
from deskstream_chassis.web.parameters import others_too
from ingest_svc.api import idempotency
from ingest_svc.api.schemas import Accepted
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.forms import Form, read_submission
from ingest_svc.domain.handed_in import bare_mail, read_handed_in, recipient
from ingest_svc.domain.refusals import NoSuchForm, UnsignedRouting
from ingest_svc.domain.signatures import verify
from ingest_svc.handlers.accept import Acceptance, Incoming


@dataclass(frozen=True, slots=True)
class Webhooks:
    """`window_seconds`: how far a request's time may be from ours."""

    mail_secrets: tuple[str, ...] = field(repr=False)
    window_seconds: int
    message_bytes: int
    form_bytes: int

    @property
    def handed_in_bytes(self) -> int:
        """A mail of the largest size in base64, with where it goes."""
        return -(-self.message_bytes // 3) * 4 + 4096


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request whose signature is good. `headers` are found by lower-case names."""

    headers: Mapping[str, str]
    body: bytes
    traceparent: str | None

    def key_at(self, door: str) -> str:
        """The key of the request: its webhook-id, which is signed and by the standard the same on every attempt.

        An Idempotency-Key is nothing here: it is not signed, so that with it one request could be played again and again.
        """
        return idempotency.digest(door, self.headers["webhook-id"])


def raw_mail(request: SignedRequest, mailbox: str | None, envelope_from: str | None, desk: Desk) -> Incoming:
    """A raw mail as a door hands it in. Raises Invalid, UnsignedRouting and NoSuchMailbox."""
    if _is_json(request.headers):
        if mailbox is not None or envelope_from is not None:
            raise UnsignedRouting("mailbox" if envelope_from is None else "envelope_from")
        handed_in = read_handed_in(request.body)
    else:
        handed_in = bare_mail(request.body, mailbox or request.headers.get("x-mailbox") or "", envelope_from, desk)
    return Incoming(
        door="http_mail",
        raw=handed_in.raw,
        media_type="message/rfc822",
        recipients=[recipient(handed_in.mailbox, desk)],
        envelope_from=handed_in.envelope_from,
        relay_trusted=True,
        idempotency=request.key_at("webhooks/mail"),
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
        idempotency=request.key_at(f"webhooks/forms/{form_id}"),
        traceparent=request.traceparent,
    )


def webhook_routes(acceptance: Acceptance, desk: Desk, forms: Mapping[str, Form], settings: Webhooks, clock: Clock) -> APIRouter:
    """The doors of relays and forms; each request must be signed with one of the door's secrets."""
    router = APIRouter(prefix="/webhooks", tags=["webhooks"], dependencies=[Depends(others_too)])
    window = timedelta(seconds=settings.window_seconds)

    @router.post("/mail", status_code=202)
    async def take_mail(request: Request, mailbox: str | None = None, envelope_from: str | None = None) -> Accepted:
        """A mail, as JSON (`mailbox`, `envelope_from` or null, `message` in base64), or bare (message/rfc822).

        A bare one goes to the mailbox that its own header names (Delivered-To, X-Original-To, Envelope-To, To, Cc: the first of
        ours), or to the only one there is; a mailbox in the query or in X-Mailbox must be the same.
        """
        most = settings.handed_in_bytes if _is_json(request.headers) else settings.message_bytes
        signed = await _signed(request, settings.mail_secrets, most, clock, window)
        incoming = raw_mail(signed, mailbox, envelope_from, desk)
        if len(incoming.raw) > settings.message_bytes:
            raise TooLarge(f"At most {settings.message_bytes} bytes are taken.")
        return Accepted.of(await acceptance.accept(incoming))

    @router.post("/forms/{form_id}", status_code=202)
    async def take_form(request: Request, form_id: str) -> Accepted:
        """A form's submission, as JSON or form-encoded, by the form's own field mapping."""
        form = forms.get(form_id)
        if form is None:
            raise NoSuchForm
        signed = await _signed(request, form.keys, settings.form_bytes, clock, window)
        return Accepted.of(await acceptance.accept(filled_form(signed, form_id, form, desk)))

    return router


def _is_json(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


async def _signed(request: Request, secrets: Sequence[str], most_bytes: int, clock: Clock, window: timedelta) -> SignedRequest:
    body = await _body(request, most_bytes)
    id_, timestamp, signatures = (request.headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    verify(secrets, id_, timestamp, signatures, body, clock.now(), window)
    return SignedRequest(request.headers, body, of_request(request))


async def _body(request: Request, most_bytes: int) -> bytes:
    if (whole_number(request.headers.get("content-length", "")) or 0) > most_bytes:
        raise TooLarge(f"At most {most_bytes} bytes are taken.")
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most_bytes:
            raise TooLarge(f"At most {most_bytes} bytes are taken.")
        chunks.append(chunk)
    return b"".join(chunks)
