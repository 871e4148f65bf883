"""Which mails must not make or move a ticket: loops, bounces, automatic answers, list administration. Each with its reason."""

import re
from dataclasses import dataclass

from deskstream_contracts.events.inbound import SuppressionReason
from ingest_svc.domain.desk import Desk
from ingest_svc.domain.mail import ParsedMail

Reason = SuppressionReason

FACT_HEADERS = frozenset(
    {
        "auto-submitted",
        "content-type",
        "feedback-id",
        "list-id",
        "list-post",
        "list-unsubscribe",
        "precedence",
        "x-autorespond",
        "x-autoreply",
        "x-autoreply-from",
        "x-deskstream",
        "x-deskstream-notification",
        "x-failed-recipients",
        "x-list-administrivia",
        "x-mail-autoreply",
        "x-vacation",
    }
)
"""The header fields the parser keeps for this module."""

_HOPS = 50
_VACATION_HEADERS = ("x-autoreply", "x-autoreply-from", "x-autorespond", "x-mail-autoreply", "x-vacation")
_AUTOMATIC_SUBJECT = re.compile(
    r"\A\W*(?:auto(?:matic|mated)?[ -]?(?:reply|response|antwort)|automatische (?:antwort|abwesenheitsnotiz)|"
    r"out of (?:the )?office|"
    r"abwesenheits(?:notiz|assistent|meldung)?|abwesend|r[ée]ponse automatique|absence du bureau|autosvar|automatisk svar|"
    r"fraværs?(?:melding|assistent)?|vacation (?:reply|response)|ooo)\b",
    re.IGNORECASE,
)
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
    return _bounce(mail, envelope_from) or _own(mail, desk) or _list_control(mail) or _auto_reply(mail, envelope_from)


def _bounce(mail: ParsedMail, envelope_from: str | None) -> Suppression | None:
    if mail.is_delivery_report:
        named = ", ".join(b.recipient for b in mail.bounces[:3]) or "no recipient named"
        return Suppression("bounce", f"delivery status notification (RFC 3464): {named}")
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


def _auto_reply(mail: ParsedMail, envelope_from: str | None) -> Suppression | None:
    automatic = mail.facts.get("auto-submitted", "").partition(";")[0].strip().lower()
    if automatic and automatic != "no":
        return Suppression("auto_reply", f"Auto-Submitted: {automatic[:40]} (RFC 3834)")
    for name in _VACATION_HEADERS:
        if mail.facts.get(name, "no").strip().lower() not in ("no", "false", ""):
            return Suppression("auto_reply", f"{name}: {mail.facts[name][:60]}")
    precedence = mail.facts.get("precedence", "").strip().lower()
    if precedence in ("auto_reply", "auto-reply"):
        return Suppression("auto_reply", f"Precedence: {precedence}")
    if precedence in ("bulk", "junk") and _AUTOMATIC_SUBJECT.match(mail.subject):
        return Suppression("auto_reply", f"Precedence: {precedence}, and a subject that says so")
    if envelope_from == "":
        return Suppression("auto_reply", "the empty envelope sender, which nobody can answer (RFC 5321 §4.5.5)")
    return None
