"""Which mails must not make or move a ticket: loops, bounces, list administration. Each with its reason."""

import re
from dataclasses import dataclass

from deskstream_contracts.events.inbound import SuppressionReason
from ingest_svc.domain import automatic
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.mail import ParsedMail

Reason = SuppressionReason

FACT_HEADERS = automatic.FACTS | {"x-deskstream", "x-deskstream-notification", "x-failed-recipients", "x-list-administrivia"}
"""The header fields the parser keeps for this module."""

_HOPS = 50
_LIST_SUBJECT = re.compile(
    r"\A\W*(?:confirm [0-9a-f]{16,}|your confirmation is required|confirm (?:un)?subscri|welcome to the .{1,80} mailing list|"
    r"you have been unsubscribed|.{1,60} post from .{1,80} requires approval|.{1,60} moderator request)",
    re.IGNORECASE,
)
_BOUNCERS = frozenset({"mailer-daemon", "postmaster", "mail-daemon", "maildaemon"})


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a mail is kept but does not go on; `detail` is for people."""

    reason: Reason
    detail: str


def suppression(mail: ParsedMail, envelope_from: str | None, desk: Desk) -> Suppression | None:
    """None for a mail that a person (or something that wants a ticket) wrote. Duplicates are found elsewhere."""
    return _bounce(mail, envelope_from) or _own(mail, desk) or _list_control(mail)


def _bounce(mail: ParsedMail, envelope_from: str | None) -> Suppression | None:
    if mail.is_delivery_report or mail.is_bounce:
        kind = "delivery status notification (RFC 3464)" if mail.is_delivery_report else "a mail system's report in words"
        return Suppression("bounce", f"{kind}: {', '.join(b.recipient for b in mail.bounces[:3]) or 'no recipient named'}")
    sender = mail.sender.email.partition("@")[0] if mail.sender else ""
    if sender in _BOUNCERS and (envelope_from == "" or "x-failed-recipients" in mail.facts):
        return Suppression("bounce", "a mail system's report that is not in the form of RFC 3464")
    return None


def _own(mail: ParsedMail, desk: Desk) -> Suppression | None:
    if mail.message_id and desk.thread_of_message_id(mail.message_id) is not None:
        return Suppression("own_message", "it carries a Message-ID of ours: a message of the desk came back")
    if "x-deskstream" in mail.facts or "x-deskstream-notification" in mail.facts:
        return Suppression("own_message", "it carries our own X-Deskstream header: a message of the desk came back")
    if mail.sender is not None and desk.is_ours(mail.sender.email):
        return Suppression("loop", f"it says that it comes from our own address {mail.sender.email}")
    if mail.received_hops > _HOPS:
        return Suppression("loop", f"it has passed {mail.received_hops} hosts")
    return None


def _list_control(mail: ParsedMail) -> Suppression | None:
    if mail.facts.get("x-list-administrivia", "").strip().lower() == "yes":
        return Suppression("mailing_list_control", "X-List-Administrivia: yes")
    from_list = any(name in mail.facts for name in ("list-id", "list-unsubscribe", "list-post"))
    if from_list and _LIST_SUBJECT.match(mail.subject):
        return Suppression("mailing_list_control", "a mailing list's own administration")
    return None
