"""What is inside of a receipt, as far as it can be read."""

from collections.abc import Mapping
from dataclasses import dataclass

from deskstream_chassis.refusals import Invalid
from deskstream_contracts.events.inbound import QuarantineReason
from ingest_svc.domain.forms import Form, Submission, read_request, read_submission
from ingest_svc.domain.mail import ParsedMail
from ingest_svc.domain.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nobody got through it; the raw message is all there is."""

    reason: QuarantineReason
    detail: str


@dataclass(frozen=True, slots=True)
class TooSlow:
    """It was not read in the time it had. `died`: it took its parser with it, which has to be started anew."""

    died: bool = False


class ParserAway(Exception):
    """Nobody can read mails now, through no fault of theirs."""


Content = ParsedMail | Submission | Unreadable


def content_without_parser(receipt: Receipt, raw: bytes | None, forms: Mapping[str, Form]) -> Submission | Unreadable | None:
    """The content of what is no mail; None for a mail, which a parser process has to take apart. `raw` is None where it is gone."""
    if raw is None:
        return Unreadable("unparseable", "its raw message is gone")
    match receipt.door:
        case "api":
            return read_request(raw)
        case "form":
            return _submission(receipt, raw, forms)
        case "smtp" | "http_mail":
            return None


def _submission(receipt: Receipt, raw: bytes, forms: Mapping[str, Form]) -> Submission | Unreadable:
    form = forms.get(receipt.channel)
    if form is None:
        return Unreadable("unparseable", "its form is no longer configured")
    try:
        return read_submission(form, receipt.media_type, raw)
    except Invalid as invalid:
        return Unreadable("unparseable", f"its form was changed meanwhile: {invalid.detail}")
