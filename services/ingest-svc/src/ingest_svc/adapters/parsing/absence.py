"""Whether a mail says in words that somebody is not there: what to go by where no header field says that a machine answers."""

import re
from typing import Final, Literal

Absence = Literal["", "subject", "text"]
_LOOKED_AT: Final = 800

# As a subject begins, behind any Re: and AW:. Something parts it from other words: "Out of office printer" is a printer.
_SUBJECT: Final = re.compile(
    r"\W*(?:(?:re|aw|sv|antw|odp|res|vs|fwd?|r)\s?:\s{0,3}){0,3}\W{0,3}(?:"
    # English
    r"(?:auto(?:matic|mated)?[ -]?(?:reply|response|respond|answer|notification)|auto|"
    r"out of (?:the )?office(?: (?:auto-?reply|reply|message|"
    r"notification|notice))?|ooo|on (?:vacation|holiday|leave|annual leave)|vacation(?: (?:reply|response|notice|message|"
    r"auto-?reply))?|"
    r"away from (?:the office|my (?:mail|desk|e-?mail))|i am (?:currently )?(?:away|out of (?:the )?office))"
    # Deutsch
    r"|(?:automatische )?(?:antwort|abwesenheits(?:notiz|assistent|meldung|nachricht|benachrichtigung|info))|abwesenheit|"
    r"abwesend|"
    r"nicht im (?:büro|haus)|au(?:ß|ss)er haus|(?:bin )?im urlaub|urlaubs(?:benachrichtigung|notiz|meldung)"
    # français
    r"|r[ée]ponse automatique|(?:message|notification|avis) d.absence|absence du bureau|absente?(?: du bureau)?|"
    r"en congés?|hors du bureau"
    # español, português, italiano
    r"|respuesta autom[áa]tica|fuera de (?:la )?oficina|ausente|ausencia|de vacaciones|resposta autom[áa]tica|"
    r"fora d[oe] escrit[óo]rio|"
    r"aus[êe]ncia(?: tempor[áa]ria)?|de f[ée]rias|risposta automatica|fuori (?:ufficio|sede)|assenza|assente|in ferie"
    # Nederlands, polski
    r"|automatisch antwoord|automatische beantwoording|afwezig(?:heid(?:sbericht|smelding|sassistent)?)?|(?:op|met) vakantie|"
    r"(?:automatyczna odpowied[źz]|odpowied[źz] automatyczna|autoodpowied[źz])|poza biurem|nieobecno(?:ść|sc)|"
    r"nieobecn[ya]|(?:na )?urlop(?:ie)?"
    # norsk, dansk, svenska, suomi
    r"|auto(?:matisk)?t? ?svar|fravær(?:s?(?:melding|meddelelse|assistent))?|fraværende|ikke (?:på kontoret|til stede)|"
    r"(?:ute|borte) fra kontoret|"
    r"på (?:ferie|semester)|frånvaro(?:meddelande)?|frånvarande|inte på kontoret|automaattinen vastaus|poissaolo(?:ilmoitus)?"
    # others
    r"|автоответ(?:чик)?|автоматический ответ|вне офиса|в отпуске|automatická odpověď|mimo kancelář|automatikus válasz|"
    r"otomatik yanıt|"
    r"自動返信|自動応答|不在(?:通知|連絡|のお知らせ|です)?|自动(?:回复|答复)|自動(?:回覆|回復)|"
    r"外出(?:自动回复)?|休假|자동 ?(?:회신|응답)|부재중"
    r")\s{0,3}(?:[:：;,.!|/\\()\[\]–—-]|\Z|re\s?:|aw\s?:|bis\b|until\b|from \d|vom \d|du \d)",
    re.IGNORECASE,
)
_IS_AWAY: Final = re.compile(
    r"\bis (?:currently |now )?(?:out of (?:the )?office|on (?:vacation|leave))|\bist (?:derzeit |zur ?zeit |"
    r"momentan )?(?:abwesend|außer haus|nicht im)|"
    r"\best absent|\bout of office auto-?reply\b|\[auto-?reply\]",
    re.IGNORECASE,
)
_TEXT: Final = re.compile(
    r"\b(?:i am|i['’]m|i will be|i['’]ll be|we are)\b.{0,60}(?:out of (?:the )?office|away from|on (?:\w{1,10} )?(?:leave|"
    r"vacation|holidays?)|travell?ing)"
    r"|(?:this is an?|automat(?:ed|ic)) (?:automat(?:ed|ic) )?(?:reply|response|message|e-?mail)\b|"
    r"limited access to (?:my )?e-?mail|no longer (?:with|work)"
    r"|\bich bin\b.{0,80}(?:nicht im (?:büro|hause?)|abwesend|au(?:ß|ss)er haus|im urlaub|nicht erreichbar)|"
    r"wird nicht (?:automatisch )?weitergeleitet"
    r"|automatisch (?:erstellt|generiert|versandt|erzeugt)|automatische (?:antwort|nachricht)"
    r"|\bje (?:suis|serai)\b.{0,60}(?:absente?|en congés?|en vacances|hors du bureau|de retour)|(?:réponse|message) automatique"
    r"|\b(?:estoy|estar[ée]|me encuentro)\b.{0,60}(?:fuera de (?:la )?oficina|de vacaciones|ausente)|respuesta autom[áa]tica"
    r"|\b(?:sono|sar[òo])\b.{0,60}(?:fuori (?:ufficio|sede)|in ferie|assente)|risposta automatica"
    r"|\bik ben\b.{0,80}(?:afwezig|niet (?:aanwezig|op kantoor|bereikbaar)|(?:op|met) (?:vakantie|verlof))"
    r"|\b(?:jestem|będę|przebywam)\b.{0,60}(?:nieobecn|urlop|poza biurem)"
    r"|\b(?:estou|estarei|encontro-me)\b.{0,60}(?:fora d[oe] escrit[óo]rio|ausente|de f[ée]rias)|resposta autom[áa]tica"
    r"|\bjeg er\b.{0,80}(?:ikke (?:på kontoret|til stede|tilgjengelig)|på ferie|bortreist|fraværende|ute av kontoret)"
    r"|\bjag är\b.{0,80}(?:inte på kontoret|på semester|frånvarande|bortrest|ledig)"
    r"|в отпуске|вне офиса|отсутству|不在に|休暇中|休暇をいただ|自動返信|自動応答|自动回复|不在办公室|正在休假|外出",
    re.IGNORECASE,
)


# One of these is in each of them: to look for those takes hundreds of times as long.
_HINTS: Final = (
    *("office", "away", "leave", "vacation", "holiday", "travel", "automat", "limited access", "no longer"),
    *("büro", "nicht im", "abwesend", "au\u00dfer haus", "ausser haus", "urlaub", "erreichbar", "weitergeleitet"),
    *("absent", "congé", "vacances", "bureau", "retour", "oficina", "vacaciones", "ausente", "ufficio", "ferie", "assente", "sede"),
    *(
        "afwezig",
        "aanwezig",
        "kantoor",
        "bereikbaar",
        "vakantie",
        "verlof",
        "nieobecn",
        "urlop",
        "biurem",
        "escrit",
        "férias",
        "ferias",
    ),
    *("kontoret", "til stede", "tilgjengelig", "bortreist", "fravær", "semester", "frånvar", "bortrest", "ledig"),
    *("отпуск", "офис", "отсутству", "不在", "休暇", "自動", "自动", "休假", "外出"),
)


def absence(subject: str, text: str) -> Absence:
    """Where a mail says so: "subject" is enough to go by, "text" only together with something else; or nowhere."""
    if _SUBJECT.match(subject) or _IS_AWAY.search(subject):
        return "subject"
    looked_at = " ".join(text[:_LOOKED_AT].split())
    lowered = looked_at.lower()
    return "text" if any(hint in lowered for hint in _HINTS) and _TEXT.search(looked_at) else ""
