"""Absence notes in the languages that people have them in, and what only looks like one."""

import pytest

from ingest_svc.adapters.parsing.absence import absence

NOTES = """
Automatic reply: Your request [#1001]
Auto-Reply: Your request
Out of Office: Your request
Out of office autoreply: Your request
AutoResponse: Your request
Ann Doe is out of the office (returning 11/02/2026)
AUTO: Ann Doe is out of the office
On vacation: Re: Your request
Re: Out of Office
Automatische Antwort: Ihre Anfrage
Abwesenheitsnotiz: Ihre Anfrage
Abwesend: Ihre Anfrage
Abwesenheit bis 12.11.
AW: Nicht im Büro
Réponse automatique : Votre demande
Message d'absence : Votre demande
Absence du bureau : Votre demande
Respuesta automática: Su solicitud
Fuera de la oficina: Su solicitud
Fuera de oficina Re: Su solicitud
Risposta automatica: La sua richiesta
Fuori ufficio: La sua richiesta
Assente: la sua richiesta
Automatisch antwoord: Uw aanvraag
Afwezigheidsbericht: Uw aanvraag
Afwezig: Uw aanvraag
Automatyczna odpowiedź: Zgłoszenie
Odpowiedź automatyczna: Zgłoszenie
Poza biurem: Zgłoszenie
Resposta automática: O seu pedido
Fora do escritório: O seu pedido
Ausência temporária: O seu pedido
Autosvar: Din henvendelse
Automatisk svar: Din henvendelse
Fraværsmelding: Din henvendelse
Automatiskt svar: Din fråga
Frånvarande: Din fråga
Frånvaro: Din fråga
Автоответ: Ваш запрос
自動返信: お問い合わせ
不在通知: お問い合わせ
自动回复: 您的请求
自動回覆：您的請求
""".strip().splitlines()

REQUESTS = """
Out of office printer is broken
Automatic reply does not work
Auto insurance: claim 17
Abwesenheit von Herrn Doe eintragen
On holiday I lost my card
Urlaub buchen
Absence management module fails
Re: Your request
Automation: deploy failed
Assenza badge non registrata
Vacation days are counted wrongly
自动回复设置问题
""".strip().splitlines()


@pytest.mark.parametrize("subject", NOTES)
def test_an_absence_note_is_known_by_its_subject(subject: str) -> None:
    assert absence(subject, "") == "subject"


@pytest.mark.parametrize("subject", REQUESTS)
def test_a_request_about_such_things_is_none(subject: str) -> None:
    assert absence(subject, "Please help us with it.") == ""


@pytest.mark.parametrize(
    "text",
    [
        "Hello,\nI am currently out of the office and will be back on Monday.",
        "I will be on annual leave until 12 November.",
        "Vielen Dank für Ihre E-Mail. Ich bin bis zum 12.11. nicht im Büro.",
        "Ich bin derzeit leider\nim Urlaub.",
        "Bonjour, je suis absente jusqu'au 12 novembre.",
        "Actualmente estoy de vacaciones hasta el lunes. Me encuentro fuera de la oficina.",
        "Sono in ferie fino al 12 novembre.",
        "Ik ben tot 12 november afwezig.",
        "Od 2 do 12 listopada jestem nieobecna.",
        "Estou de férias até 12 de novembro.",
        "Jeg er på ferie til 12. november.",
        "Jag är på semester till den 12 november.",
        "Я нахожусь в отпуске до 12 ноября.",
        "ただいま休暇中です。",
        "您好，我正在休假。",
    ],
)
def test_words_of_absence_are_heard_in_the_text(text: str) -> None:
    assert absence("Re: Your request", text) == "text"


def test_other_words_are_not() -> None:
    assert absence("Re: Your request", "The printer in the office is out of paper, and I am waiting for a holiday.") == ""
