"""Reports of mail systems in words, without the fields of RFC 3464: qmail, Exim, Sendmail, Postfix, Exchange, Domino, providers.

Several signs have to agree: who sent it, what its subject and its text say, an SMTP reply, a returned copy. So nobody who writes
about a bounce, or forwards one, is taken for a mail system.
"""

import re
from typing import Final

from deskstream_contracts.addressing import folded
from ingest_svc.adapters.parsing import headers
from ingest_svc.domain.mail import Bounce
from ingest_svc.domain.texts import cut, is_email, one_line

_LOOKED_AT: Final = 16 * 1024
_MOST_RECIPIENTS: Final = 50
_ADDRESS_OCTETS: Final = 320

_DAEMON: Final = re.compile(
    r"(?:mailer-?daemon|mail-?daemon|mail\.daemon|postmaster|mdaemon|daemon|microsoftexchange[0-9a-f]{10,}|"
    r"mail-?delivery(?:-?sub)?-?system|"
    r"bounces?|dsn|ndr|mta|mailerdaemon-?\w*|system|mail-?system|no-?reply|double-bounce|administrator|mailadmin|"
    r"mailmaster|amavis|root)"
    r"(?:[+._-].*)?\Z"
)
_DAEMON_NAME: Final = re.compile(
    r"mail(?:er)? ?(?:delivery|daemon)|delivery (?:sub)?system|mail ?system|mail administrator|system ?administrator|"
    r"postmaster|mailer-daemon|"
    r"microsoft outlook|mailzustell|zustell|sous-système|internet mail delivery",
    re.IGNORECASE,
)
_SUBJECT: Final = re.compile(
    r"\s*(?:\[?\*+\w*\*+\]?\s*)?(?:failure notice|error sending message|undeliver(?:ed|able)(?: mail| message)?\b|undeliverable|"
    r"delivery (?:status )?(?:notification|failure|failed|report|"
    r"problem|error|delayed|has failed|unsuccessful)|mail (?:delivery|system|could)(?: \w+)? ?(?:fail|error|problem|"
    r"warn|delay|unsuccess|not be|"
    r"status)|mail delivery (?:failed|failure|error|deferr)|mail system error|returned (?:mail|to sender)|"
    r"returning (?:mail|message)|message (?:status|delivery|"
    r"not delivered|undeliverable|delayed|could not)|message you sent (?:blocked|could)|(?:your )?(?:mail|message|"
    r"e-?mail) (?:to .{1,100} )?(?:could not|was not|has not|"
    r"couldn't|cannot) be(?:en)? (?:delivered|sent)|warning: (?:could not send|message)|delayed mail|delivery delayed|"
    r"delay(?:ed)? (?:notification|in)|could not send|"
    r"unable to deliver|unzustellbar|nicht zustellbar|unzustellbare|zustell(?:ung|fehler|benachrichtigung)|"
    r"mail delivery|mailzustellung|rückläufer|"
    r"non remis|non distribu|échec de (?:la )?(?:remise|distribution)|message non|avis de non|no se (?:puede|pudo|"
    r"ha podido) entregar|no entregado|"
    r"error de entrega|fallo (?:de|en la) entrega|devuelto|non recapitabile|mancat[ao] (?:recapito|consegna)|"
    r"impossibile (?:recapitare|consegnare)|"
    r"errore di consegna|onbestelbaar|niet (?:be|af)geleverd|niedostarcz\w*|nie dostarczono|nie można dostarczyć|"
    r"não (?:entregue|foi possível)|"
    r"falha na entrega|ikke levert|kunne ikke levere|kan ikke leveres|kunde inte levereras|kan inte leverera|"
    r"недоставленное|не доставлено|"
    r"配信(?:不能|エラー|できません)|配送(?:エラー|失敗)|退信|系统退信|投递失败|無法傳遞|"
    r"ndn:|nondeliverable|non-delivery|dsn:|user unknown|"
    r"rejected:|delivery to .{1,100} failed|problems? (?:with|delivering)|bounce)",
    re.IGNORECASE,
)
_TEXT: Final = re.compile(
    r"(?:could|can|was|were|would|has|have|did|is|are)(?: ?not|n[’']t)\s+(?:be(?:en)?\s+)?(?:able to )?(?:deliver|"
    r"reach|sent|send|complet|relay|process|accept|found)|"
    r"wasn[’']t able to deliver|unable to (?:deliver|relay|reach|complete|send)|delivery (?:to|of|has|attempt|for|"
    r"failed|temporar)|failed (?:permanently|to deliver|recipient)|"
    r"permanent (?:fatal )?(?:error|failure)|undeliver|address(?:\(es\)|es)? failed|following (?:recipient|address|"
    r"error|destination|users?|mailbox)|"
    r"transcript of (?:the )?session|mail delivery (?:software|system|failed)|this is the mail (?:system|delivery|"
    r"program|server)|i[’']m afraid i wasn|"
    r"generating server|diagnostic (?:information|code)|remote (?:server|host|mta)|returned (?:to|below|message)|"
    r"not delivered|delayed|will (?:be retried|keep trying|retry)|"
    r"message (?:was|has been) (?:rejected|blocked|returned|refused)|mailbox (?:is )?(?:full|unavailable|not found)|"
    r"user (?:unknown|not found|does)|no such user|"
    r"over (?:the )?quota|nicht (?:zugestellt|zustell|erreicht|übermittelt)|konnte.{0,60}nicht|unzustellbar|"
    r"n[’']a (?:pas )?pu être|impossible de (?:remettre|livrer)|"
    r"no se (?:ha podido|pudo|puede|ha entregado)|non (?:è stato possibile|recapita)|kon niet worden|nie (?:został|"
    r"można|udało)|não (?:foi|pôde)|kunne ikke|kunde inte|"
    r"не (?:удалось|может быть|была)|配信できません|配信されません|无法|無法|退回",
    re.IGNORECASE,
)
_REPLY: Final = re.compile(
    r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])|(?:^|[\s<>:(#\[])([45]\d\d)(?=[\s\-:)\]])", re.MULTILINE
)
_COPY: Final = re.compile(
    r"(?:below this line is a copy|this is a copy of (?:the|your) message|original message (?:follows|headers?|"
    r"header info)|unsent message|message header|"
    r"returned message|copy of (?:the|your) message|ursprüngliche (?:kopfzeilen|nachricht)|^message-id:\s*<)",
    re.IGNORECASE | re.MULTILINE,
)
_MESSAGE_ID: Final = re.compile(r"^[>\s]{0,4}message-id:\s*(<[^<>\s]{3,300}>)", re.IGNORECASE | re.MULTILINE)
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,200}\.[A-Za-z0-9-]{2,60}")
_LATE: Final = re.compile(
    r"\b(?:delay(?:ed)?|warning|still (?:being retried|trying)|not yet (?:been )?delivered|will (?:be retried|"
    r"keep trying|continue)|verzöger|en attente|retard|retrasad|"
    r"vertraagd|opóźnion|försen|forsink)",
    re.IGNORECASE,
)
_GAVE_UP: Final = re.compile(r"permanent|giving up|gave up|too long|has failed|final|expired|was returned|no longer", re.IGNORECASE)
# What words mean as codes of RFC 3463, where no code tells; the first that is found.
_WORDS: Final = {
    "5.2.2": (
        r"mailbox (?:is |\w+ is )?(?:full|exceeded|over)|(?:over|exceed\w*|out of|above) (?:\w+ ){0,3}(?:quota|"
        r"storage|limit)|quota (?:exceeded|full|is)|postfach (?:ist )?voll|quota|boîte (?:de réception |"
        r"aux lettres )?(?:est )?pleine|buzón (?:está )?lleno|casella (?:\w+ )?piena|mailbox vol|pełna skrzynka|"
        r"insufficient (?:system )?storage|disk full"
    ),
    "5.3.4": (r"(?:message|mail|size).{0,40}(?:too (?:big|large|long)|exceeds?.{0,20}(?:size|limit|maximum))"),
    "5.1.1": (
        r"user (?:is )?(?:unknown|not found|doesn|does not|no longer)|unknown (?:user|recipient|local|address|"
        r"mailbox)|no such (?:user|recipient|mailbox|address|person|account)|(?:mailbox|address|account|recipient|"
        r"empfänger|adresse).{0,40}(?:not (?:found|exist|listed|available)|unknown|unavailable|invalid|disabled|"
        r"does(?: not|n't)|doesn't exist|inactive|suspended|rejected|reject|existiert nicht|unbekannt|n'existe|"
        r"no existe|inesistente|bestaat niet|nie istnieje|não existe)|not listed in|(?:isn't|is not) (?:a )?(?:valid|"
        r"known|our)|invalid (?:recipient|address|mailbox)|no mailbox here|user disabled|not a known user"
    ),
    "5.1.2": (
        r"(?:host|domain|dns|mx)\b.{0,40}(?:not found|unknown|does(?: not|n't) exist|lookup|unresolv|no (?:mx|such))|"
        r"couldn[’']t find any host|name service error|no such (?:host|domain)|bad destination (?:host|system)|unrout"
    ),
    "5.7.1": (
        r"spam|blacklist|blocklist|block(?:ed)? (?:by|list|using)|reputation|policy|prohibit|not (?:permitted|"
        r"authori[sz]ed|allowed)|denied|content rejected|virus|listed (?:at|in|on)|dmarc|spf"
    ),
    "4.4.7": (
        r"timed? ?out|not yet (?:been )?delivered|attempts will|too long|expired|retry time|not responding|"
        r"connection (?:refused|lost|dropped)|unreachable|"
        r"try again|temporar|delay|retried"
    ),
}
_MEANS: Final = {code: re.compile(words, re.IGNORECASE) for code, words in _WORDS.items()}
_REPLIES: Final = {"552": "5.2.2", "452": "4.2.2", "422": "4.2.2", "550": "5.1.1", "551": "5.1.6", "553": "5.1.3", "554": "5.0.0",
                   "421": "4.4.2", "450": "4.2.0", "451": "4.3.0", "523": "5.3.4"}  # fmt: skip


def is_bounce(sender: str, sender_name: str, subject: str, text: str, *, failed_recipients: str, has_copy: bool) -> bool:
    """Whether a mail is a mail system's report. `failed_recipients`: X-Failed-Recipients; `has_copy`: a mail is attached."""
    text = text[:_LOOKED_AT]
    by_daemon = _DAEMON.match(sender.partition("@")[0]) is not None or _DAEMON_NAME.search(sender_name) is not None
    by_subject = _SUBJECT.match(subject) is not None
    if not (by_daemon or by_subject or failed_recipients):
        return False  # of nearly all mails that is seen by then, and the text is not looked through
    by_text = _TEXT.search(text) is not None
    by_reply = _REPLY.search(text) is not None
    by_copy = has_copy or _COPY.search(text) is not None
    if failed_recipients:
        return by_daemon or by_subject
    is_detailed = by_reply or by_copy
    if by_daemon:
        return (by_subject and (by_text or is_detailed)) or (by_text and is_detailed)
    return by_subject and by_text and is_detailed


def read_bounce(text: str, subject: str, *, failed_recipients: str, ours: frozenset[str]) -> tuple[list[Bounce], str | None]:
    """Whom it is about, and the Message-ID of what came back. `ours`: addresses that are nobody whom it failed to reach."""
    text = text[:_LOOKED_AT]
    report = _before_copy(text)
    found = dict.fromkeys(folded(a) for a in _ADDRESS.findall(failed_recipients))
    if not found:
        # An address that stands by itself, or begins a line, is whom it is about; others may be anybody's.
        lines = [line.strip() for line in report.splitlines()]
        leading = [m[0] for line in lines if (m := _ADDRESS.search(line[:120])) is not None and m.start() <= 30]
        found = dict.fromkeys(folded(a.strip("'").rstrip(".")) for a in (*leading, *_ADDRESS.findall(report)))
        found = dict.fromkeys([a for a in found if a not in ours and not _DAEMON.match(a.partition("@")[0])][:1] if found else ())
    status, diagnostic = _status(report)
    is_late = _LATE.search(subject) is not None or (_LATE.search(report) is not None and not _GAVE_UP.search(report))
    is_late = is_late and not status.startswith("5")
    about = _MESSAGE_ID.search(text)
    bounces = [
        Bounce(
            recipient=cut(recipient, _ADDRESS_OCTETS)[0],
            action="delayed" if is_late else "failed",
            status=status,
            diagnostic=diagnostic,
        )
        for recipient in list(found)[:_MOST_RECIPIENTS]
        if is_email(recipient)
    ]
    ids = headers.message_ids(about[1]) if about else []
    return bounces, ids[0] if ids else None


def status_of(words: str) -> str:
    """What the words of a report mean, as a status code (RFC 3463): its own code, else the SMTP reply's, else by the words."""
    return _status(words)[0]


def _status(report: str) -> tuple[str, str | None]:
    basic: re.Match[str] | None = None
    for reply in _REPLY.finditer(report):
        if reply[1]:
            return reply[0], _line_of(report, reply)
        basic = basic or reply
    by_words = next((code for code, words in _MEANS.items() if words.search(report)), None)
    if basic is None:
        return by_words or "5.0.0", None
    code = basic[4]
    if by_words is not None and (code.startswith("5") or by_words.startswith("4") or by_words == "5.2.2"):
        # The reply says whether it is for good, the words say what it is about.
        return f"{code[0]}{by_words[1:]}", _line_of(report, basic)
    return _REPLIES.get(code, f"{code[0]}.0.0"), _line_of(report, basic)


def _line_of(report: str, found: re.Match[str]) -> str:
    begin, end = report.rfind("\n", 0, found.start()) + 1, report.find("\n", found.end())
    return one_line(report[begin : end if end >= 0 else len(report)], 500)


def _before_copy(text: str) -> str:
    copy = _COPY.search(text)
    return text[: copy.start()] if copy is not None and copy.start() > 20 else text
