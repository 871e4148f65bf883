"""The words by which mail programs begin a quote, and people end a mail, in the languages of those who write to the desk.

Each is one pattern, asked line by line: nothing looks further than its line, so that time grows with the text's length only.
"""

import re
from typing import Final

_WROTE: Final = (
    r"wrote|writes|schrieb|hat geschrieben|a écrit|écrivait|escribió|ha escrito|ha scritto|scrisse|napisał(?:\(a\)|a)?|"
    r"pisze|schreef|"
    r"heeft (?:het volgende )?geschreven|escreveu|skrev|kirjoitti|написал(?:\(а\)|а)?|пишет|írta|napsal(?:\(a\)|a)?|yazdı|"
    r"έγραψε|a scris|"
    r"het volgende geschreven|napisana przez"
)
# A line, or two or three, that end with who wrote what follows: `On …, Ann wrote:`, `Den … skrev Ann:`.
ATTRIBUTION: Final = re.compile(
    rf"\s*(?:[-—*_\s]{{0,4}})(?=.{{0,400}}[\d@])"
    rf"(?:.{{0,400}}\b(?:{_WROTE})\b.{{0,120}}:|.{{0,400}}(?:のメール|写道|寫道|作成|wrote)\s*[:：])\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
ATTRIBUTION_BEGINS: Final = re.compile(
    r"\s*[-—*_>]{0,3}\s*(?:On|Wiadomość|Am|Le|El|Il|Op|Em|No dia|A|W dniu|Dnia|Den|Dne|På|I|Na|На|В|Tarih|Στις|Pe|Le|"
    r"Il giorno|În)\b.{0,200}\d"
    r"|.{1,200}<[^<>\s]+@[^<>\s]+>"
    r"|\s*\d{1,4}[-./年]\s?\d{1,2}[-./月]",
    re.IGNORECASE,
)
# What older programs write: a date and an address, and nothing else.
DATED_ADDRESS: Final = re.compile(r"\s*\d{4}-\d\d-\d\d[ T]\d.{0,160}<[^<>\s]+@[^<>\s]+>\s*:\s*\Z")

ORIGINAL: Final = re.compile(
    r"\s*[-_*—=]{2,}\s*(?:(?:the )?original(?:\s*-\s*|\s+)?(?:message|mail|nachricht|besked|meddelelse)|"
    r"ursprüngliche (?:nachricht|e-?mail)|"
    r"originalnachricht|original-nachricht|message d[’']origine|message original|mensaje original|messaggio originale|"
    r"(?:oryginalna )?wiadomość(?: oryginalna)?|oorspronkelijk bericht|mensagem original|opprinnelig (?:melding|e-post)|"
    r"oprindelig meddelelse|ursprungligt meddelande|ursprungligt mejl|alkuperäinen viesti|исходное сообщение|"
    r"původní (?:zpráva|e-mail)|"
    r"reply message|antwort(?:nachricht)?|原始邮件|原始郵件|元のメッセージ|original appointment)\s*[-_*—=]{2,}\s*\Z",
    re.IGNORECASE,
)
FORWARDED: Final = re.compile(
    r"\s*[-_*—=]{0,}\s*(?:forwarded (?:message|by)|begin forwarded message|weitergeleitete (?:nachricht|e-?mail)|"
    r"anfang der weitergeleiteten (?:nachricht|e-?mail)|message transféré|début du message (?:transféré|réexpédié)|"
    r"mensaje reenviado|"
    r"inicio del mensaje reenviado|messaggio inoltrato|inizio messaggio inoltrato|(?:przekazana|przesłana dalej) wiadomość|"
    r"wiadomość przekazana|początek przekazywanej wiadomości|doorgestuurd bericht|begin doorgestuurd bericht|"
    r"mensagem (?:encaminhada|reencaminhada)|"
    r"início da mensagem (?:encaminhada|reencaminhada)|videresendt (?:melding|e-post)|start på videresendt melding|"
    r"vidarebefordrat meddelande|"
    r"転送|转发|轉寄)\b.{0,60}\Z",
    re.IGNORECASE,
)
FORWARD_SUBJECT: Final = re.compile(r"\s*(?:fwd?|wg|tr|rv|i|vs|pd|enc|doorst|vb|vl|videresendt|转发|轉寄)\s*[:：]", re.IGNORECASE)

# The header of a mail in words, as Outlook writes it above what it quotes.
_FIELD: Final = {
    "from": r"from|von|de|van|da|od|fra|från|lähettäjä|от|发件人|寄件者|差出人|보낸 사람",
    "date": r"sent|date|gesendet|datum|envoyé|enviado(?: el)?|fecha|inviato|data|verzonden|wysłano|data de envio|"
    r"enviada(?: em)?|sendt|dato|"
    r"skickat|lähetetty|отправлено|дата|发送时间|送信日時|보낸 날짜",
    "to": r"to|an|à|para|a|aan|do|til|till|vastaanottaja|кому|收件人|宛先|받는 사람|cc|kopie|kopi|copie",
    "subject": r"subject|betreff|objet|asunto|oggetto|onderwerp|temat|assunto|emne|ämne|aihe|тема|主题|主旨|件名|제목",
}
FIELD: Final = re.compile(
    r"[\s>*_]*(?:" + "|".join(rf"(?P<{kind}>{names})" for kind, names in _FIELD.items()) + r")[\s*_]*[:：][\s*_]", re.IGNORECASE
)
RULE: Final = re.compile(r"\s*(?:[_]{8,}|[-—=]{8,}|[*]{8,})\s*\Z")

SIGNATURE: Final = re.compile(r"\s*(?:--|––|—|-- ?|__)\s*\Z")
_DEVICE: Final = (
    r"iphone|ipad|android|samsung|galaxy|smartphone|mobile|mobil\w*|handy|telefon\w*|teléfono|téléphone|blackberry|huawei|"
    r"xiaomi|pixel|nokia|"
    r"outlook|yahoo|mail\b|aol|gmx|web\.de|proton\w*|windows|tablet|telefoon|móvil|cellulare|celular|telemóvel|ios"
)
DEVICE: Final = re.compile(
    r"\s*(?:von|mit|aus|über) (?:mein\w*|der|dem|unterwegs)\b.{0,40}\bgesendet\W{0,3}\Z|"
    r"\s*[*_\[(]?(?:sent (?:from|with|via|using)|get outlook for|sent by|"
    r"gesendet (?:von|mit|aus)|diese nachricht wurde (?:von|mit)|holen sie sich|outlook für|envoyé (?:de|depuis|à partir|"
    r"avec)|obtenir outlook|"
    r"télécharger outlook|"
    r"enviado (?:desde|do|a partir|de|pelo|con)|obtener outlook|obter o outlook|inviato (?:da|dal|con)|scarica outlook|"
    r"ottieni outlook|"
    r"wysłan[eo] z|pobierz outlook|uzyskaj outlook|verstuurd vanaf|verzonden (?:vanaf|met|vanuit)|outlook voor|sendt fra|"
    r"hent outlook|"
    r"få outlook|skickat från|hämta outlook|lähetetty|отправлено (?:с|из))\b.{0,80}(?:" + _DEVICE + r").{0,60}\Z",
    re.IGNORECASE,
)
FAREWELL: Final = re.compile(
    r"\s*(?:(?:with )?(?:best|kind|kindest|warm|many|warmest) (?:regards|wishes|thanks)|regards|sincerely(?: yours)?|"
    r"yours (?:sincerely|faithfully|truly)|"
    r"cheers|(?:mit )?(?:(?:sehr |ganz )?(?:freundliche[nm]?|beste[nm]?|herzliche[nm]?|liebe[nm]?|viele[nm]?|"
    r"schöne[nm]?)) gr(?:ü|u|ue)(?:ß|ss)e?n?.{0,30}|mfg|vg|lg|"
    r"hochachtungsvoll|(?:bien )?cordialement|(?:bien )?à vous|(?:sincères |meilleures )?salutations(?: distinguées)?|"
    r"amicalement|"
    r"bien à (?:vous|toi)|(?:un )?(?:cordial(?:es)? )?saludos?(?: cordial(?:es)?)?|atentamente|un abrazo|"
    r"(?:cordiali |distinti |un )?salut[oi](?: cordiali)?|cordialmente|(?:z |łączę )?(?:poważaniem|pozdrowieni(?:a|ami)|"
    r"wyrazami szacunku)|pozdrawiam.{0,20}|"
    r"(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?|groet(?:en|jes)?|hoogachtend|(?:com os melhores )?cumprimentos|"
    r"atenciosamente|att|abraços?|"
    r"(?:med |beste |mange )?(?:vennlig|vennlige|venlig|vänlig|vänliga|bästa|beste) (?:hilsen|hilsner|hälsning(?:ar)?)|"
    r"mvh|hilsen|vh|"
    r"ystävällisin terveisin|с уважением|s pozdravem|üdvözlettel|"
    r"saygılarımla)\s*[,.!]?\s*(?:\w[\w.’'-]*(?:\s[\w.’'-]+){0,2})?\s*\Z",
    re.IGNORECASE,
)
THANKS: Final = re.compile(
    r"\s*(?:thanks(?: again| in advance| a lot)?|thank you(?: very much)?|many thanks|danke|vielen dank(?: im voraus)?|"
    r"merci(?: d[’']avance)?|gracias|"
    r"grazie(?: mille)?|dziękuję|bedankt|alvast bedankt|obrigad[oa]|takk(?: på forhånd)?|tack)\s*[,!.]?\s*\Z",
    re.IGNORECASE,
)
_OURS: Final = (
    r"(?:this|the) (?:e-?mail|message|communication|transmission|information)|diese (?:e-?mail|nachricht|mail)|"
    r"ce (?:message|courriel|courrier|mail)|cet e-?mail|"
    r"este (?:mensaje|correo|e-?mail)|est[ae] (?:mensagem|e-?mail)|(?:il presente|questo|questa|la presente) (?:messaggio|"
    r"e-?mail|comunicazione)|"
    r"deze? (?:e-?mail|bericht|mail)|dit (?:e-?mail)?bericht|denne (?:e-?posten|e-?mailen|meldingen|mail)|"
    r"detta (?:e-?post|meddelande)|"
    r"(?:niniejsz[aey]|ta) (?:wiadomość|e-?mail|korespondencja)|der inhalt dieser|informations? in this|"
    r"informationen in dieser|contents? of this"
)
_NOT_FOR_ALL: Final = (
    r"confidential|privileged|intended (?:only |solely |recipient)|addressee|vertraulich|rechtlich geschützt|bestimmt|"
    r"adressat|confidentiel|destinataire|"
    r"confidencia(?:l|is)|destinatari|riservat|esclusivo|vertrouwelijk|bestemd|geadresseerde|konfidensiel|fortrolig|"
    r"mottaker|konfidentiell|poufn|adresat"
)
DISCLAIMER_HINTS: Final = (
    *(
        "confiden",
        "privileg",
        "vertraulich",
        "geschützt",
        "bestimmt",
        "adressat",
        "addressee",
        "intended",
        "destinat",
        "riservat",
        "esclusivo",
    ),
    *(
        "vertrouwelijk",
        "bestemd",
        "geadresseerde",
        "konfiden",
        "fortrolig",
        "mottaker",
        "poufn",
        "adresat",
        "legal",
        "disclaimer",
        "haftung",
    ),
    *(
        "aviso",
        "avis de",
        "received this",
        "environment",
        "umwelt",
        "ausdruck",
        "environnement",
        "ambient",
        "milieu",
        "miljø",
        "virus",
        "virenfrei",
    ),
)
"""One of these is in each disclaimer, in small letters: to look for those takes hundreds of times as long."""
DISCLAIMER: Final = re.compile(
    rf"(?:{_OURS}).{{0,300}}(?:{_NOT_FOR_ALL})|(?:confidentiality|legal) (?:notice|note)|disclaimer\s*[:\n]|"
    rf"haftungsausschluss|vertraulichkeitshinweis|"
    r"avis de confidentialité|aviso (?:legal|de confidencialidad)|if you (?:are not the intended|"
    r"have received this (?:e-?mail|message|communication) in error)|"
    r"(?:please )?consider the environment before|denken sie (?:bitte )?an die umwelt|bitte prüfen sie.{0,30}ausdruck|"
    r"pensez à l[’']environnement|piense en el medio ambiente|pensa all[’']ambiente|denk aan het milieu|tenk på miljøet|"
    r"pense no meio ambiente|"
    r"(?:virus[- ]?free|virenfrei|sans virus)\W{1,5}(?:www\.)?\w",
    re.IGNORECASE | re.DOTALL,
)
BANNER: Final = re.compile(
    r"\s*[\[*!<⚠️ ]{0,6}(?:caution|warning|attention|external|extern|externe|achtung|vorsicht|attenzione|atención|uwaga|"
    r"let op|advarsel|aviso)\b.{0,40}"
    r"(?:external|outside|extern|außerhalb|extérieur|externo|esterno|zewnątrz|buiten|utenfor)",
    re.IGNORECASE | re.DOTALL,
)
