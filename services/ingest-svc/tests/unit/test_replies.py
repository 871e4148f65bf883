"""What is new in a mail, and what is a quote, a signature, a disclaimer: in many languages, by many programs."""

import time

import pytest

from ingest_svc.adapters.parsing.quotes import new_text
from ingest_svc.adapters.parsing.reader import read_mail

NEW = "Hello,\n\nthe printer in hall three is still broken.\nCould you send somebody?"
OLD = "Dear Ann,\nplease restart it.\nThe desk"
QUOTED = "\n".join(f"> {line}" for line in OLD.splitlines())

ATTRIBUTIONS = [
    # Gmail
    "On Mon, Nov 2, 2026 at 10:00 AM The Desk <support@desk.example> wrote:",
    "Am Mo., 2. Nov. 2026 um 10:00 Uhr schrieb The Desk <support@desk.example>:",
    "The Desk <support@desk.example> schrieb am Mo., 2. Nov. 2026, 10:00:",
    "Le lun. 2 nov. 2026 à 10:00, The Desk <support@desk.example> a écrit :",
    "El lun, 2 nov 2026 a las 10:00, The Desk (<support@desk.example>) escribió:",
    "Il giorno lun 2 nov 2026 alle ore 10:00 The Desk <support@desk.example> ha scritto:",
    "pon., 2 lis 2026 o 10:00 The Desk <support@desk.example> napisał(a):",
    "Op ma 2 nov 2026 om 10:00 schreef The Desk <support@desk.example>:",
    "Em seg., 2 de nov. de 2026 às 10:00, The Desk <support@desk.example> escreveu:",
    "man. 2. nov. 2026 kl. 10:00 skrev The Desk <support@desk.example>:",
    "Den mån 2 nov. 2026 kl 10:00 skrev The Desk <support@desk.example>:",
    "2026-11-02 10:00 GMT+01:00 The Desk <support@desk.example>:",
    # Apple Mail
    "On 2. Nov 2026, at 10:00, The Desk <support@desk.example> wrote:",
    "Am 02.11.2026 um 10:00 schrieb The Desk <support@desk.example>:",
    "Le 2 nov. 2026 à 10:00, The Desk <support@desk.example> a écrit :",
    "El 2 nov 2026, a las 10:00, The Desk <support@desk.example> escribió:",
    "Il giorno 2 nov 2026, alle ore 10:00, The Desk <support@desk.example> ha scritto:",
    "Wiadomość napisana przez The Desk <support@desk.example> w dniu 02.11.2026, o godz. 10:00:",
    "Op 2 nov 2026, om 10:00 heeft The Desk <support@desk.example> het volgende geschreven:",
    "No dia 02/11/2026, às 10:00, The Desk <support@desk.example> escreveu:",
    "2. nov. 2026 kl. 10:00 skrev The Desk <support@desk.example>:",
    # Thunderbird
    "On 11/2/26 10:00, The Desk wrote:",
    "Am 02.11.26 um 10:00 schrieb The Desk:",
    "Le 02/11/2026 à 10:00, The Desk a écrit :",
    "El 2/11/26 a las 10:00, The Desk escribió:",
    "Il 02/11/26 10:00, The Desk ha scritto:",
    "W dniu 2.11.2026 o 10:00, The Desk pisze:",
    "Op 02-11-2026 om 10:00 schreef The Desk:",
    "Em 02/11/2026 10:00, The Desk escreveu:",
    "Den 02.11.2026 10:00, skrev The Desk:",
    # wrapped, as at 72 characters
    "On Mon, Nov 2, 2026 at 10:00 AM The Desk of a Company With a Long Name\n<support@desk.example> wrote:",
    "Am Montag, den 2. November 2026 um 10:00 Uhr schrieb The Desk <\nsupport@desk.example>:",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
@pytest.mark.parametrize("old", [QUOTED, OLD], ids=["quoted", "bare"])
def test_what_follows_who_wrote_it_is_old(attribution: str, old: str) -> None:
    assert new_text(f"{NEW}\n\n{attribution}\n\n{old}\n") == NEW


HEADERS = [
    ("From", "Sent", "To", "Subject", "Original Message"),
    ("Von", "Gesendet", "An", "Betreff", "Ursprüngliche Nachricht"),
    ("De", "Envoyé", "À", "Objet", "Message d'origine"),
    ("De", "Enviado el", "Para", "Asunto", "Mensaje original"),
    ("Da", "Inviato", "A", "Oggetto", "Messaggio originale"),
    ("Od", "Wysłano", "Do", "Temat", "Oryginalna wiadomość"),
    ("Van", "Verzonden", "Aan", "Onderwerp", "Oorspronkelijk bericht"),
    ("De", "Enviada em", "Para", "Assunto", "Mensagem original"),
    ("Fra", "Sendt", "Til", "Emne", "Opprinnelig melding"),
    ("Från", "Skickat", "Till", "Ämne", "Ursprungligt meddelande"),
]


@pytest.mark.parametrize(("by", "at", "to", "about", "original"), HEADERS, ids=[h[0] + h[4] for h in HEADERS])
@pytest.mark.parametrize("style", ["{f}: {v}", "*{f}:* {v}", "{f} : {v}"])
@pytest.mark.parametrize("rule", ["", "________________________________\n", "-----{original}-----\n"])
def test_the_header_that_outlook_writes_begins_what_is_old(
    by: str, at: str, to: str, about: str, original: str, style: str, rule: str
) -> None:
    values = ((by, "The Desk <support@desk.example>"), (at, "Monday 10:00"), (to, "Ann"), (about, "Printer"))
    header = "\n".join(style.format(f=f, v=v) for f, v in values)
    assert new_text(f"{NEW}\n\n{rule.format(original=original)}{header}\n\n{OLD}\n") == NEW


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAnn Doe\nACME Ltd, 1 High Street",
        "--\nAnn Doe",
        "Best regards\nAnn Doe",
        "Kind regards,\n\nAnn Doe\nCEO\n+49 30 1234567",
        "Thanks,\nAnn",
        "Mit freundlichen Grüßen\nAnn Doe\nACME GmbH",
        "Viele Grüße\nAnn",
        "Cordialement,\nAnn Doe",
        "Saludos cordiales,\nAnn",
        "Cordiali saluti\nAnn Doe",
        "Z poważaniem\nAnn Doe",
        "Pozdrawiam\nAnn",
        "Met vriendelijke groet,\nAnn Doe",
        "Atenciosamente,\nAnn Doe",
        "Med vennlig hilsen\nAnn Doe",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Wysłane z iPhone'a",
        "Verstuurd vanaf mijn iPhone",
        "Enviado do meu iPhone",
        "Sendt fra min iPhone",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Diese Nachricht wurde von meinem Android-Mobiltelefon mit GMX Mail gesendet.",
    ],
)
def test_a_signature_is_not_what_somebody_has_to_say(signature: str) -> None:
    assert new_text(f"{NEW}\n\n{signature}\n") == NEW
    assert new_text(f"{NEW}\n\n{signature}\n\nOn Mon, Nov 2, 2026, The Desk wrote:\n{QUOTED}\n") == NEW


@pytest.mark.parametrize(
    "disclaimer",
    [
        "This e-mail and any attachments are confidential and intended solely for the addressee.",
        "CONFIDENTIALITY NOTICE: the contents of this email are privileged.",
        "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, löschen Sie sie.",
        "Ce message et ses pièces jointes sont confidentiels et réservés à leur destinataire.",
        "Este mensaje es confidencial y va dirigido únicamente a su destinatario.",
        "Il presente messaggio è riservato ed è destinato esclusivamente al destinatario.",
        "Niniejsza wiadomość jest przeznaczona dla adresata i może być poufna.",
        "Dit bericht is vertrouwelijk en alleen bestemd voor de geadresseerde.",
        "Esta mensagem é confidencial e destina-se ao seu destinatário.",
        "Denne e-posten er konfidensiell og kun ment for mottakeren.",
        "Please consider the environment before printing this e-mail.",
    ],
)
def test_a_disclaimer_is_nobodys_words(disclaimer: str) -> None:
    assert new_text(f"{NEW}\n\n{disclaimer}\n") == NEW
    assert new_text(f"{NEW}\n\n-- \nAnn\n\n{disclaimer}\n\nACME Ltd, registered in England\n") == NEW


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("> Is it broken?\nYes.\n> Since when?\nSince Monday.\n", "Yes.\nSince Monday."),
        (
            "On Mon, Nov 2, 2026 at 10:00 AM The Desk <support@desk.example> wrote:\n> Is it broken?\n\nYes, it is.\n",
            "Yes, it is.",
        ),
        (f"CAUTION: This email originated from outside of the organization.\n\n{NEW}\n", NEW),
        ("Yes.\n\nAm 02.11.26 um 10:00 schrieb The Desk:\n> > Alt\n> Neu\n", "Yes."),
    ],
)
def test_answers_between_and_below(text: str, new: str) -> None:
    assert new_text(text) == new


@pytest.mark.parametrize(
    "text",
    [
        NEW,
        "From: the printer in hall three\nTo: the one in hall four\nI have tried both.",
        "On Monday I wrote:\nnothing, as it was a holiday.",
        "Please send it to Ann, who wrote: that is all.",
        "The error says:\n----------\nfailed\n----------\nWhat now?",
        "This e-mail address is not valid, your shop says. What is wrong?",
        "Is this message confidential?",
        "Thanks for the quick answer. Regards to Bob as well, he was very helpful in the matter of the printer.",
        "FYI\n\n---------- Forwarded message ---------\nFrom: Bob <bob@example.com>\nDate: Mon, 2 Nov 2026\nSubject: x\n\nhello",
        "> all of it\n> is quoted",
        "",
    ],
)
def test_in_doubt_all_of_it_stays(text: str) -> None:
    assert new_text(text) is None


def test_what_was_forwarded_is_what_somebody_has_to_say() -> None:
    text = f"See below.\n\nFrom: Bob <bob@example.com>\nSent: Monday\nTo: Ann\nSubject: Invoice\n\n{OLD}\n"
    assert new_text(text, "FW: Invoice") is None
    assert new_text(text, "RE: FW: Invoice") == "See below."


# HTML says by its structure what it quotes


QUOTES = {
    "Gmail": '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">Hin, keiner hat was geschrieben<br></div>'
    '<blockquote class="gmail_quote" style="margin:0">{old}</blockquote></div>',
    "Apple Mail": '<br><blockquote type="cite"><div>Op 2 nov heeft iemand iets:</div></blockquote>'
    '<blockquote type="cite">{old}</blockquote>',
    "Thunderbird": '<div class="moz-cite-prefix">02.11.26, The Desk kirjutas:<br></div>'
    '<blockquote type="cite" cite="mid:a">{old}</blockquote>',
    "Outlook on the web": '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr">'
    "<b>Lähettäjä:</b> The Desk</div>{old}",
    "Outlook": '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b>Von:</b> The Desk<br>'
    "<b>Gesendet:</b> Montag</p></div></div><p>{old}</p>",
    "Outlook mobile": '<div id="ms-outlook-mobile-signature"></div><div id="mail-editor-reference-message-container">{old}</div>',
    "Yahoo": '<div id="yahoo_quoted_1" class="yahoo_quoted"><div>Le lundi, The Desk</div>{old}</div>',
    "Proton": '<div class="protonmail_quote">The Desk, Monday<blockquote>{old}</blockquote></div>',
    "Zoho": '<div class="zmail_extra">---- Monday ----{old}</div>',
    "anybody": "<p>Monday, The Desk:</p><blockquote>{old}</blockquote>",
}


def _html(body: str, subject: str = "Re: Printer") -> str | None:
    raw = f"From: ann@example.com\r\nSubject: {subject}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}\r\n"
    return read_mail(raw.encode()).reply_text


@pytest.mark.parametrize("program", QUOTES)
def test_a_quote_of_html_is_known_by_its_structure(program: str) -> None:
    quote = QUOTES[program].replace("{old}", "<p>please restart it</p>")
    found = _html(f"<html><body><div>The printer is <b>still</b> broken.</div>{quote}</body></html>")
    assert found is not None
    assert found.startswith("The printer is still broken.")
    assert "restart" not in found
    below = _html(f"<html><body>{QUOTES['anybody'].replace('{old}', 'restart it')}<p>I did.</p></body></html>")
    assert below is not None
    assert "I did." in below
    assert "restart" not in below


def test_signatures_of_html_are_known_by_their_structure() -> None:
    for signature in (
        '<div class="gmail_signature">Ann Doe, ACME</div>',
        '<div class="moz-signature">-- <br>Ann Doe, ACME</div>',
        '<div id="Signature"><p>Ann Doe, ACME</p></div>',
    ):
        assert _html(f"<p>It is broken.</p>{signature}") == "It is broken."


def test_html_that_was_forwarded_is_no_quote() -> None:
    forwarded = (
        '<div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: Bob</div>hello</div>'
    )
    assert _html(f"<p>See.</p>{forwarded}") is None
    assert _html('<p>See.</p><div id="divRplyFwdMsg"><b>From:</b> Bob</div><p>hello</p>', "Fwd: Invoice") is None


def test_the_text_keeps_all() -> None:
    raw = f"From: ann@example.com\r\nSubject: Re: x\r\n\r\n{NEW}\n\nOn Mon, Nov 2, 2026, The Desk wrote:\n{QUOTED}\n".encode()
    mail = read_mail(raw)
    assert mail.reply_text == NEW
    assert "restart it" in mail.text
    assert read_mail(f"From: ann@example.com\r\n\r\n{NEW}\r\n".encode()).reply_text is None


@pytest.mark.parametrize(
    "piece",
    [
        "On 1 wrote " * 30 + "\n",
        "a <a@b> 1 " * 40 + ":\n",
        "From: a\nSent: b\n",
        "> a\nOn 1 a\n:\n",
        "This e-mail " * 100 + "\n\n",
        "--\n",
        "<div class=",
    ],
)
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    new_text((piece * 70_000)[:65_536])
    _html(f"<blockquote>{(piece * 70_000)[:65_536]}")
    assert time.process_time() - began < 1.5
