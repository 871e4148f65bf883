"""What people wrote is shown as they wrote it: nothing empty, nothing garbled. Each kind with some of its brothers."""

import base64
import quopri
from typing import Any

import pytest

from ingest_svc.adapters.parsing import headers
from ingest_svc.adapters.parsing.japanese import from_iso_2022_jp
from ingest_svc.adapters.parsing.reader import attachment, read_mail
from ingest_svc.domain.mail import ParsedMail

HEAD = b"From: Ann Doe <ann@example.com>\r\nTo: support@desk.example\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n"


def _mail(
    fields: bytes = b"Content-Type: text/plain; charset=utf-8", body: bytes = b"Please help.", subject: bytes = b"x"
) -> ParsedMail:
    return read_mail(HEAD + b"Subject: " + subject + b"\r\n" + fields + b"\r\n\r\n" + body + b"\r\n")


def _parts(kind: bytes, *parts: tuple[bytes, bytes]) -> bytes:
    inner = b"".join(b"--b\r\n" + fields + b"\r\n\r\n" + body + b"\r\n" for fields, body in parts)
    return b"Content-Type: multipart/" + kind + b'; boundary="b"\r\n\r\n' + inner + b"--b--"


PLAIN, HTML = b"Content-Type: text/plain; charset=utf-8", b"Content-Type: text/html; charset=utf-8"


# HTML of any usual size


@pytest.mark.parametrize(
    "html",
    [
        b"<p>The printer in hall three is broken.</p>\n" * 2000,
        b"<table><tr><td>The printer is broken</td></tr></table>" * 3000,
        b"<div>" * 50 + b"The printer is broken. " * 5000 + b"</div>" * 50,
        b"<html><head><style>" + b".a { color: red }\n" * 40_000 + b"</style></head><body><p>The printer is broken.</p></body>",
        b"<!--" + b" conditional " * 60_000 + b"--><p>The printer is broken.</p>",
        b'<p>The printer is broken.</p><img src="data:image/png;base64,' + b"A" * 900_000 + b'"><p>Regards</p>',
        b"<p>" + b"<a href='https://example.com/" + b"x" * 3000 + b"'>The printer is broken</a> " * 40,
    ],
    ids=["paragraphs", "tables", "nested", "styles before", "comment before", "picture within", "long links"],
)
def test_html_of_any_usual_size_is_shown(html: bytes) -> None:
    mail = _mail(HTML, html)
    assert mail.html is not None
    assert "printer" in mail.html
    assert "printer" in mail.text
    assert 0 < len(mail.html.encode()) <= 64 * 1024
    is_cut = any("HTML was longer" in defect for defect in mail.defects)
    assert is_cut == (len(mail.html.encode()) > 60_000), "what is left out is said, and only that"


def test_html_that_is_cut_ends_with_whole_elements() -> None:
    html = _mail(HTML, b"<p>printer <b>broken</b></p>" * 4000).html
    assert html is not None
    assert html.endswith("</p>")
    assert html.count("<p>") == html.count("</p>")


# One broken line in the header


@pytest.mark.parametrize(
    ("broken", "defect"),
    [
        (b"continued here without the leading blank\r\n", "a line of its header is no field and is left out"),
        (b">From ann@example.com Mon Nov  2 10:00:00 2026\r\n", "a line of its header is no field and is left out"),
        (b"From ann@example.com Mon Nov  2 10:00:00 2026\r\n", "a line of its header is no field and is left out"),
        (b"X-Scanned by: somebody\r\n", "a line of its header is no field and is left out"),
        (b"\xe4\xf6\xfc no field\r\n", "a line of its header is no field and is left out"),
        (b"X-Mailer : some program\r\n", "names of its header fields have a space before the colon (RFC 5322 §4.5)"),
        (b": no name\r\n", "a line of its header is no field and is left out"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 3])
def test_one_broken_line_does_not_end_the_header(broken: bytes, defect: str, place: int) -> None:
    lines = (HEAD + b"Subject: Printer broken\r\n" + PLAIN + b"\r\n").splitlines(keepends=True)
    lines.insert(place, broken)
    mail = read_mail(b"".join(lines) + b"\r\nPlease help.\r\n")
    assert mail.sender is not None
    assert (mail.sender.email, mail.subject, mail.text.strip()) == ("ann@example.com", "Printer broken", "Please help.")
    assert defect in mail.defects


def test_names_of_fields_may_have_a_space_before_the_colon() -> None:
    raw = b"From : ann@example.com\r\nTo\t: support@desk.example\r\nSubject : Printer broken\r\n\r\nHelp\r\n"
    mail = read_mail(raw)
    assert mail.sender is not None
    assert (mail.sender.email, mail.to[0].email, mail.subject) == ("ann@example.com", "support@desk.example", "Printer broken")


def test_a_subject_and_a_boundary_go_on_without_their_space() -> None:
    raw = (
        HEAD + b"Subject: The printer in the\r\nthird hall\r\nContent-Type: multipart/mixed;\r\nboundary=b\r\n\r\n"
        b"--b\r\n" + PLAIN + b"\r\n\r\nPlease help.\r\n--b--\r\n"
    )
    mail = read_mail(raw)
    assert (mail.subject, mail.text.strip()) == ("The printer in the third hall", "Please help.")


def test_a_bare_cr_makes_no_field() -> None:
    mail = read_mail(b"X-Note: a\rFrom: ceo@bank.example\r\n" + HEAD + b"\r\nHelp\r\n")
    assert mail.sender is not None
    assert mail.sender.email == "ann@example.com"


def test_nothing_is_written_behind_what_our_relay_says() -> None:
    ours = b"Authentication-Results: mx.desk.example; spf=pass\r\n"
    raw = ours + b"; dmarc=pass header.from=example.com\r\n" + HEAD + b"\r\nHelp\r\n"
    assert read_mail(raw, "mx.desk.example").dmarc == []


def test_a_text_without_an_empty_line_before_it_is_text() -> None:
    mail = read_mail(HEAD + b"Hello there\r\nNote: the printer is broken\r\n")
    assert "Note: the printer is broken" in mail.text


# Who wrote it


@pytest.mark.parametrize(
    ("field", "email", "name", "is_sure"),
    [
        ("Smith, Ann <ann@example.com>", "ann@example.com", "Smith, Ann", True),
        ("Joe Foo, PhD <joe@example.com>", "joe@example.com", "Joe Foo, PhD", True),
        ("=?utf-8?q?M=C3=BCller?=, Jo <jo@example.com>", "jo@example.com", "Müller, Jo", True),
        ('"ann x"@example.com', '"ann x"@example.com', None, True),
        ('Ann <"ann x"@example.com>', '"ann x"@example.com', "Ann", True),
        ('Ann <"ann"@example.com>', "ann@example.com", "Ann", True),
        ("Ann Doe ann@example.com", "ann@example.com", "Ann Doe", False),
        ("ann@example.com (Ann Doe)", "ann@example.com", "Ann Doe", True),
        ('"Ann Doe" ann@example.com', "ann@example.com", "Ann Doe", False),
        ("Ann <ann@example.com", "ann@example.com", "Ann", True),
        ("'Ann' <'ann@example.com'>", "ann@example.com", "'Ann'", True),
        ("ann @ example.com", "ann@example.com", None, True),
    ],
)
def test_usual_and_legal_ways_to_name_an_author(field: str, email: str, name: str | None, is_sure: bool) -> None:
    found = headers.author([field])
    assert found.address is not None, found.why
    assert (found.address.email, found.address.name, found.is_sure) == (email, name, is_sure)


def test_who_is_named_twice_is_one_and_of_several_the_sender_counts() -> None:
    twice = headers.author(["ann@example.com", "Ann <ANN@example.com>"])
    assert (twice.address and twice.address.email, twice.is_sure) == ("ann@example.com", False)
    several = headers.author(["ann@example.com, bob@example.com"], ["bob@example.com"])
    assert (several.address and several.address.email, several.is_sure) == ("bob@example.com", False)
    assert headers.author(["ann@example.com, bob@example.com"]).address is None
    assert headers.author(["ann@example.com", "bob@example.com"], ["bob@example.com"]).address is None
    assert headers.author(["ceo@bank.example, Mallory <mallory@evil.example>"]).address is None


# Charsets


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("x-mac-cyrillic", "mac_cyrillic", "Принтер не печатает"),
        ("windows-949", "cp949", "프린터가 고장났습니다"),
        ("ks_c_5601-1987", "cp949", "프린터가 뷁"),
        ("cp-1251", "cp1251", "Принтер не печатает"),
        ("win1250", "cp1250", "Zażółć gęślą jaźń"),
        ("x-cp1253", "cp1253", "Ο εκτυπωτής"),
        ("ibm-850", "cp850", "Größe"),
        ("dos-866", "cp866", "Принтер"),
        ("iso8859_15", "iso8859_15", "50 € für Œuvre"),
        ("ISO_8859-1:1987", "cp1252", "Größe – „ja“"),
        ("x-sjis", "cp932", "①プリンター㈱"),
        ("windows-31j", "cp932", "髙橋"),
        ("eucjp-ms", "euc_jp", "プリンター"),
        ("x-gbk", "gbk", "打印机坏了"),
        ("gb_2312-80", "gb18030", "镕"),
        ("big5-hkscs", "big5hkscs", "打印機壞咗"),
        ("tis-620", "cp874", "เครื่องพิมพ์"),
        ("x-mac-roman", "mac_roman", "Grüße"),
        ("unicode-1-1-utf-8", "utf-8", "Grüße"),
        ("iso-8859-8-i", "iso8859_8", "שלום"),
        ("koi8-ru", "koi8_u", "Як справи"),
    ],
)
def test_a_charset_goes_by_any_of_its_names(charset: str, codec: str, text: str) -> None:
    mail = _mail(f"Content-Type: text/plain; charset={charset}".encode(), text.encode(codec))
    assert mail.text.strip() == text
    assert mail.defects == []


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b$B%W%j%s%?!<\x1b(B", "プリンター"),
        (b"\x1b$B-!-j\x1b(B", "①㈱"),
        (b"\x1b$B\x7c\x62\x1b(B", "髙"),
        (b"\x1b(IC=D\x1b(B abc", "ﾃｽﾄ abc"),
        (b"\x0eC=D\x0f abc", "ﾃｽﾄ abc"),
        (b"\x1b$@F|K\\\x1b(J abc", "日本 abc"),
    ],
)
@pytest.mark.parametrize("charset", ["iso-2022-jp", "cp50220", "cp50221", "x-windows-iso2022jp"])
def test_iso_2022_jp_as_vendors_extend_it(raw: bytes, text: str, charset: str) -> None:
    assert from_iso_2022_jp(raw) == text
    assert _mail(f"Content-Type: text/plain; charset={charset}".encode(), raw).text.strip() == text


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("utf-8", "Добрый день, принтер не печатает, помогите".encode()[:-1], "Добрый день, принтер не печатает, помогит"),
        (
            "utf-8",
            "プリンターが動きません".encode() + b"\xff" + "お願いします".encode(),
            "プリンターが動きません\ufffdお願いします",
        ),
        ("utf-8", "打印机坏了，请帮忙".encode().replace("坏".encode(), b"\xe5"), "打印机\ufffd了，请帮忙"),
        ("euc-jp", "プリンターが動きません".encode("euc_jp") + b"\xff", "プリンターが動きません\ufffd"),
        ("euc-kr", "프린터가 고장났습니다 도와주세요".encode("cp949") + b"\xff", "프린터가 고장났습니다 도와주세요\ufffd"),
    ],
)
def test_some_wrong_bytes_do_not_garble_the_others(charset: str, body: bytes, text: str) -> None:
    mail = _mail(f"Content-Type: text/plain; charset={charset}".encode(), body)
    assert mail.text.strip().rstrip("\ufffd") == text.rstrip("\ufffd")
    assert mail.defects == [f"some of its bytes are not in the charset it names: {charset}"]


@pytest.mark.parametrize("charset", ["iso-8859-1", "us-ascii", "windows-1252", "koi8-r", ""])
def test_utf_8_under_another_name_is_utf_8(charset: str) -> None:
    mail = _mail(f"Content-Type: text/plain; charset={charset}".encode(), "Grüße aus Köln".encode())
    assert mail.text.strip() == "Grüße aus Köln"


GUESSED = [
    ("cp1252", "Réponse à votre question"),
    ("cp1252", "Jörg Señor Müller"),
    ("cp1252", "Größe der Tür"),
    ("cp1252", "Ødegård trenger hjelp på Østbanen"),
    ("cp1252", "Solicitação de informação"),
    ("cp1252", "¿Qué pasó con mi pedido?"),
    ("cp1252", "Perché non è possibile già oggi"),
    ("cp1250", "Zażółć gęślą jaźń"),
    ("iso8859_2", "Proszę o pomoc, błąd drukarki"),
    ("cp1250", "Dobrý den, potřebuji pomoc s fakturou"),
    ("cp1251", "Вопрос по счёту"),
    ("koi8_r", "Вопрос по счёту"),
    ("cp1251", "ПРИНТЕР НЕ РАБОТАЕТ"),
    ("cp1251", "Привет"),
    ("cp1253", "Καλημέρα σας, ο εκτυπωτής"),
    ("cp1254", "Yazıcı çalışmıyor, lütfen yardım edin"),
    ("cp1255", "שלום המדפסת לא עובדת"),
    ("cp1256", "الطابعة لا تعمل"),
    ("cp874", "เครื่องพิมพ์เสีย"),
    ("cp932", "プリンターが動きません"),
    ("euc_jp", "お問い合わせの件"),
    ("gb18030", "打印机坏了，请帮忙"),
    ("cp950", "印表機壞了，請幫忙"),
    ("cp949", "프린터가 작동하지 않습니다"),
    ("iso2022_jp", "プリンターが動きません"),
]


@pytest.mark.parametrize(("codec", "text"), GUESSED)
def test_raw_bytes_in_a_header_are_read(codec: str, text: str) -> None:
    assert _mail(subject=text.encode(codec)).subject == text


@pytest.mark.parametrize(
    ("fields", "codec", "text"),
    [
        (b"Content-Type: text/plain; charset=iso-8859-2", "iso8859_2", "Żółw"),
        (b"Content-Type: text/plain; charset=koi8-r", "koi8_r", "Счет"),
        (b"Content-Type: text/plain; charset=utf-8\r\nContent-Language: hu", "cp1250", "Űrlap hibás"),
        (b"Content-Type: text/plain; charset=utf-8\r\nReply-To: a@firma.example.lt", "cp1257", "Sąskaita už šį mėnesį"),
    ],
)
def test_what_a_mail_says_beside_helps_to_guess(fields: bytes, codec: str, text: str) -> None:
    assert _mail(fields, subject=text.encode(codec)).subject == text


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Вопрос по ".encode() + b"=?utf-8?B?0YHRh9GR0YLRgw==?=" + " номер 7".encode(), "Вопрос по счёту номер 7"),
        ("Größe ".encode() + b"=?utf-8?q?f=C3=BCr?= 7", "Größe für 7"),
        ("Größe ".encode("latin-1") + b"=?iso-8859-1?q?f=FCr?= 7", "Größe für 7"),
        ("Вопрос ".encode("cp1251") + b"=?windows-1251?B?7+4=?= 7", "Вопрос по 7"),
        (b"=?utf-8?B?0J/RgNC40L3RgtC1?= =?utf-8?B?0YA=?=", "Принтер"),
        (b"=?utf-8?B?0J/RgNC40L0=?= =?utf-8?B?0YLQ?= =?utf-8?B?tdGA?=", "Принтер"),
        (b"=?cp50220?B?GyRCLSEbKEI=?=", "①"),
        (b"=?x-unknown?q?Gr=FC=DFe?=", "Grüße"),
    ],
)
def test_raw_and_encoded_words_stand_in_one_field(subject: bytes, text: str) -> None:
    assert _mail(subject=subject).subject == text


# Names of files


def _file(disposition: bytes, kind: bytes = b"application/pdf") -> ParsedMail:
    return _mail(_parts(b"mixed", (PLAIN, b"see file"), (b"Content-Type: " + kind + b"\r\n" + disposition, b"x")), b"")


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('Content-Disposition: attachment; filename="Bestätigung Müller.pdf"'.encode(), "Bestätigung Müller.pdf"),
        ('Content-Disposition: attachment; filename="Bestätigung.pdf"'.encode("latin-1"), "Bestätigung.pdf"),
        ('Content-Disposition: attachment; filename="Счет на оплату.pdf"'.encode("cp1251"), "Счет на оплату.pdf"),
        ('Content-Disposition: attachment; filename="請求書について.pdf"'.encode("cp932"), "請求書について.pdf"),
        ("Content-Disposition: attachment; filename=Prüf bericht.pdf; size=3".encode(), "Prüf bericht.pdf"),
        (b"Content-Disposition: attachment; filename*=utf-8''invoice%E2%80%AEfdp.exe", "invoicefdp.exe"),
        (b'Content-Disposition: attachment; filename="=?utf-8?Q?Pr=C3=BCfung?=.pdf"', "Prüfung.pdf"),
        (b'Content-Disposition: attachment; filename="=?utf-8?B?UHLDvGY=?= =?utf-8?B?dW5nLnBkZg==?="', "Prüfung.pdf"),
        (
            b"Content-Disposition: attachment; filename*0*=utf-8''Pr%C3%BC; filename*1=\"fung \"; filename*2*=%E2%82%AC.pdf",
            "Prüfung €.pdf",
        ),
        (b"Content-Disposition: attachment; filename*=iso-8859-1'de'Pr%FCfung.pdf; filename=plain.pdf", "Prüfung.pdf"),
        (b"Content-Disposition: attachment; filename=Pr%C3%BCfung.pdf", "Prüfung.pdf"),
        (b"Content-Disposition: attachment\r\nX: y", "part-2.pdf"),
        (b'Content-Disposition: attachment; filename="C:\\\\Users\\\\ann\\\\a.pdf"', "a.pdf"),
        (b'Content-Disposition: attachment; filename="a\\"b.pdf"', 'a"b.pdf'),
        (b'Content-Disposition: attachment; filename="' + b"x" * 300 + b'.pdf"', "x" * 200 + ".pdf"),
        (b'Content-Disposition: attachment; filename=".."', "part-2.pdf"),
    ],
)
def test_files_keep_the_names_that_people_gave_them(disposition: bytes, name: str) -> None:
    mail = _file(disposition)
    assert [a.name for a in mail.attachments] == [name]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (b"image/jpeg", "part-2.jpg"),
        (b"image/png", "part-2.png"),
        (b"text/calendar", "part-2.ics"),
        (b"application/x-odd", "part-2"),
    ],
)
def test_a_file_without_a_name_has_an_ending_by_its_kind(kind: bytes, name: str) -> None:
    assert _file(b"X: y", kind).attachments[0].name == name


def test_files_beyond_the_bound_are_counted() -> None:
    files = [(b"Content-Type: text/csv\r\nContent-Disposition: attachment; filename=%d.csv" % n, b"x") for n in range(113)]
    mail = _mail(_parts(b"mixed", (PLAIN, b"see files"), *files), b"")
    assert len(mail.attachments) == 100
    assert "it has more than 100 attachments; 13 more are only in the raw message" in mail.defects


# The words that a person wrote, wherever they stand

WORDS = b"The printer in hall 3 is broken."


def _inline(name: bytes, kind: bytes = b"text/plain") -> bytes:
    return b"Content-Type: " + kind + b"; charset=utf-8\r\nContent-Disposition: inline; filename=" + name


@pytest.mark.parametrize(
    ("fields", "body", "files"),
    [
        (_inline(b"message.txt"), WORDS, []),
        (_inline(b"notes.txt"), WORDS, []),
        (b"Content-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment; filename=a.txt", WORDS, []),
        (_parts(b"mixed", (_inline(b"body.txt"), WORDS), (PLAIN, b"-- list footer")), b"", []),
        (_parts(b"mixed", (PLAIN, WORDS), (_inline(b"server.txt"), b"log log log")), b"", ["server.txt"]),
        (_parts(b"mixed", (PLAIN, WORDS), (b"Content-Type: text/plain; name=server.txt", b"log log log")), b"", ["server.txt"]),
        (_parts(b"mixed", (PLAIN, b" "), (_inline(b"message.html", b"text/html"), b"<p>" + WORDS)), b"", []),
        (_parts(b"alternative", (PLAIN, b" "), (HTML, b"<p>" + WORDS)), b"", []),
        (_parts(b"alternative", (PLAIN, b"\xc2\xa0\r\n\xe2\x80\x8b"), (HTML, b"<p>" + WORDS)), b"", []),
        (_parts(b"alternative", (PLAIN, b""), (HTML, b"<p>" + WORDS)), b"", []),
        (_parts(b"alternative", (PLAIN, WORDS), (HTML, b"<html><body>&nbsp;<br></body></html>")), b"", []),
        (
            _parts(
                b"alternative", (PLAIN, b"Your mail program does not support HTML."), (HTML, b"<p>" + WORDS + b" Help us, please.")
            ),
            b"",
            [],
        ),
        (_parts(b"alternative", (HTML, b"<p>" + WORDS), (b"Content-Type: text/x-amp-html", b"<p>amp")), b"", ["part-2"]),
        (b'Content-Type: multipart/mixed; boundary="never"', WORDS, []),
        (b'Content-Type: multipart/mixed; boundary="never"', b"--other\r\n" + PLAIN + b"\r\n\r\n" + WORDS + b"\r\n--other--", []),
        (b"Content-Type: multipart/mixed", b"--b\r\n" + PLAIN + b"\r\n\r\n" + WORDS + b"\r\n--b--", []),
        (b"Content-Type: multipart/mixed; boundary=b", WORDS + b"\r\n--b--", []),
        (b"Content-Type: text/enriched", WORDS, ["part-0"]),
        (b"Content-Type: text/plain; charset=utf-8", b"<html><body><p>" + WORDS + b"</p></body></html>", []),
        (b'Content-Type: text/plain\r\nContent-Transfer-Encoding: "base64";', base64.b64encode(WORDS), []),
        (b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable (by us)", quopri.encodestring(WORDS), []),
        (_parts(b"mixed", (b"Content-Type: text/plain\r\nContent-Disposition: attachment", WORDS)), b"", []),
    ],
)
def test_the_words_of_a_person_are_the_text(fields: bytes, body: bytes, files: list[str]) -> None:
    raw = HEAD + fields + (b"\r\n\r\n" + body if body else b"") + b"\r\n"
    mail = read_mail(raw)
    assert WORDS.decode() in mail.text
    assert "log log" not in mail.text
    assert "support HTML" not in mail.text
    assert [a.name for a in mail.attachments] == files
    for file in mail.attachments:
        found = attachment(raw, file.part)
        assert found is not None
        assert found[0] == file.name


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"The printer in \r\nhall 3 is \r\nbroken.\r\n", "The printer in hall 3 is broken.\n"),
        (b"> The printer in \r\n> hall 3\r\nYes", "> The printer in hall 3\nYes"),
        (b"One\r\n\r\nTwo \r\nthree\r\n-- \r\nAnn\r\n", "One\n\nTwo three\n-- \nAnn\n"),
        (b" From here \r\n>> deep \r\n>> quote\r\n> less", "From here\n>> deep quote\n> less"),
    ],
)
def test_flowed_text_is_joined(body: bytes, text: str) -> None:
    mail: Any = _mail(b"Content-Type: text/plain; charset=utf-8; format=flowed", body)
    assert mail.text.rstrip("\n") == text.rstrip("\n")


def test_flowed_text_without_spaces_between_words_is_joined_without() -> None:
    mail = _mail(b"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes", "打印机坏了 \r\n请帮忙".encode())
    assert mail.text.strip() == "打印机坏了请帮忙"


# Pictures within the text


@pytest.mark.parametrize(
    ("fields", "content_id", "is_inline"),
    [
        (b"Content-ID: <a@x>", "a@x", True),
        (b"Content-Id: a@x", "a@x", True),
        (b"Content-ID: <a@x>\r\nContent-Disposition: attachment; filename=a.png", "a@x", True),
        (b"Content-ID: <other@x>\r\nContent-Disposition: attachment; filename=a.png", "other@x", False),
        (b"Content-Disposition: attachment; filename=a.png", None, False),
        (b"Content-ID:\r\n <a%20b@x>\r\nContent-Disposition: inline", "a%20b@x", True),
    ],
)
def test_a_picture_goes_by_its_content_id(fields: bytes, content_id: str | None, is_inline: bool) -> None:
    html = b'<p>See <img src="cid:a@x"></p>'
    mail = _mail(_parts(b"related", (HTML, html), (b"Content-Type: image/png\r\n" + fields, b"x")), b"")
    assert [(a.content_id, a.inline) for a in mail.attachments] == [(content_id, is_inline)]
    assert mail.html is not None
    assert 'src="cid:a@x"' in mail.html
