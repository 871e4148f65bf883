"""Bytes of foreign text to str, whatever charset they claim. Nothing here raises.

What the mail says counts, as long as nearly all of its bytes fit; names are those that browsers and mail programs know (WHATWG
Encoding Standard §4.2, and what vendors write). Else it is guessed by `charset_guess`, with what else the mail says of itself.
"""

import codecs
import re
from functools import lru_cache
from typing import Final

from ingest_svc.adapters.parsing import charset_guess
from ingest_svc.adapters.parsing.japanese import from_iso_2022_jp

_UNNAMED: Final = frozenset(
    {"", "ascii", "us-ascii", "ansi_x3.4-1968", "iso646-us", "unknown", "unknown-8bit", "x-unknown", "x-user-defined", "default"}
    | {"none", "null", "8bit", "7bit", "binary", "ansi", "_autodetect", "iso-8859", "windows", "auto"}
)
"""They say nothing of bytes beyond ASCII."""
_JIS: Final = "iso-2022-jp"
_ALIASES: Final = {
    "iso-8859-1": "cp1252",  # what people send under this name
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "l1": "cp1252",
    "8859-1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "logical": "iso-8859-8",
    "visual": "iso-8859-8",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "ms-ansi": "cp1252",
    "ms-ee": "cp1250",
    "ms-cyrl": "cp1251",
    "ms-greek": "cp1253",
    "ms-turk": "cp1254",
    "ms-hebr": "cp1255",
    "ms-arab": "cp1256",
    "winbaltrim": "cp1257",
    "koi": "koi8-r",
    "koi8": "koi8-r",
    "koi8_r": "koi8-r",
    "koi8-ru": "koi8-u",
    "cskoi8r": "koi8-r",
    "macintosh": "mac_roman",
    "mac": "mac_roman",
    "x-macroman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ukrainian": "mac_cyrillic",
    "x-mac-ce": "mac_latin2",
    "x-mac-centraleurroman": "mac_latin2",
    "x-mac-centraleurope": "mac_latin2",
    "x-mac-japanese": "cp932",
    "x-mac-korean": "cp949",
    "x-mac-chinesesimp": "gb18030",
    "x-mac-chinesetrad": "cp950",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gb_2312": "gb18030",
    "csgb2312": "gb18030",
    "csiso58gb231280": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "chinese": "gb18030",
    "euc-cn": "gb18030",
    "x-euc-cn": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "cp950",
    "big5-eten": "cp950",
    "cn-big5": "cp950",
    "x-x-big5": "cp950",
    "csbig5": "cp950",
    "euc-tw": "cp950",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ks_c_5601-1989": "cp949",
    "ksc5601": "cp949",
    "ksc_5601": "cp949",
    "iso-ir-149": "cp949",
    "korean": "cp949",
    "uhc": "cp949",
    "euc-kr": "cp949",
    "euckr": "cp949",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "shiftjis": "cp932",
    "csshiftjis": "cp932",
    "ms_kanji": "cp932",
    "windows-31j": "cp932",
    "x-ms-cp932": "cp932",
    "x-euc-jp": "euc_jp",
    "x-euc": "euc_jp",
    "eucjp-ms": "euc_jp",
    "eucjpms": "euc_jp",
    "eucjp-win": "euc_jp",
    "cp51932": "euc_jp",
    "jis": _JIS,
    "jis7": _JIS,
    "csiso2022jp": _JIS,
    "iso2022jp": _JIS,
    "iso-2022-jp-ms": _JIS,
    "iso-2022-jp-1": _JIS,
    "iso-2022-jp-3": _JIS,
    "iso-2022-jp-2004": _JIS,
    "x-windows-iso2022jp": _JIS,
    "cp50220": _JIS,
    "cp50221": _JIS,
    "cp50222": _JIS,
    "windows-50220": _JIS,
    "windows-50221": _JIS,
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "utf": "utf-8",
    "unicode": "utf-16",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-8": "utf-8",
    "x-unicode-2-0-utf-7": "utf-7",
    "iso-10646-ucs-2": "utf-16",
    "ucs-2": "utf-16",
    "csunicode": "utf-16",
    "cesu-8": "utf-8",
}
# Code pages by their numbers, as vendors spell them: windows-1251, cp-1251, win1251, x-cp1251, ibm-850, dos-866, ms936.
_NUMBERED: Final = re.compile(r"(?:x-)?(?:windows|win|cp|ibm|dos|ms|msdos|oem|ansi|code-?page)[-_ ]?0*(\d{3,5})(?:-\d+)?")
_PAGES: Final = {
    "874": "cp874", "932": "cp932", "936": "gb18030", "943": "cp932", "949": "cp949", "950": "cp950", "1361": "johab",
    "20127": "", "20866": "koi8-r", "21866": "koi8-u", "20932": "euc_jp", "20936": "gb18030", "28591": "cp1252",
    "28592": "iso-8859-2", "28595": "iso-8859-5", "28597": "iso-8859-7", "28599": "cp1254", "28605": "iso-8859-15",
    "50220": _JIS, "50221": _JIS, "50222": _JIS, "50225": "iso-2022-kr", "51932": "euc_jp", "51936": "gb18030", "51949": "cp949",
    "52936": "hz", "54936": "gb18030", "65000": "utf-7", "65001": "utf-8", "1200": "utf-16le", "1201": "utf-16be",
    "10000": "mac_roman", "10007": "mac_cyrillic", "10029": "mac_latin2",
}  # fmt: skip
_ISO: Final = re.compile(r"iso[-_ ]?8859[-_ ]?(\d{1,2})(?:[:-](?:1\d{3}|[ie]))?")
# Text codecs that cost without bound or mean something else than a charset.
_REFUSED: Final = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_ASCII_IS_NOT_TEXT: Final = ("utf-7", "utf7", "utf-16", "utf16", "utf-32", "utf32", "hz", "unicode", "ucs-2", "iso-10646")
_SHIFTS: Final = re.compile(rb"[\x1b\x0e]")
_GUESSABLE: Final = "guess"
# Of what is not ASCII, so much may be wrong: one bad byte, or an end that is cut off, is no other charset.
_RIGHT_FOR_ONE_WRONG: Final = 3


def begin_message(raw: bytes = b"") -> None:
    """A new message may guess anew, by what it says of its charsets and languages."""
    charset_guess.begin_message(raw, label)


def decode(data: bytes, charset: str | None) -> tuple[str, str | None]:
    """The text, and what was wrong with the charset, in words, or None."""
    if data.isascii() and not _SHIFTS.search(data) and not (charset and charset.lower().startswith(_ASCII_IS_NOT_TEXT)):
        return data.decode("ascii"), None
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    codec = label(charset or "")
    if codec is None:
        return guess(data), f"its charset is unknown: {(charset or '')[:40]}"
    if codec == _GUESSABLE:
        text = None if data.isascii() else _strict(data, "utf-8")
        return (text, None) if text is not None else (guess(data), None if data.isascii() else "8-bit text without a charset")
    if codec == _JIS:
        return from_iso_2022_jp(data), None
    text = _strict(data, codec)
    if text is not None and not _is_utf_8_after_all(data, codec):
        return text, None
    named = (charset or "")[:40]
    if text is None and (nearly := _nearly(data, codec)) is not None:
        return nearly, f"some of its bytes are not in the charset it names: {named}"
    return guess(data), f"its text is not in the charset it names: {named}"


def guess(data: bytes) -> str:
    """The text of bytes whose charset nobody names, or names wrongly."""
    if b"\x1b$" in data or b"\x1b(J" in data:
        return from_iso_2022_jp(data)
    text = _strict(data, "utf-8")
    if text is None:
        text = _nearly(data, "utf-8")
    return charset_guess.decoded(data) if text is None else text


@lru_cache(maxsize=512)
def label(name: str) -> str | None:
    """Python's name of what goes by this name; "guess" where it says nothing, and None where nobody knows it."""
    name = name.strip().strip("'\"").lower()
    if name in _UNNAMED:
        return _GUESSABLE
    if (numbered := _NUMBERED.fullmatch(name)) is not None:
        page = _PAGES.get(numbered[1], f"cp{numbered[1]}")
        if not page:
            return _GUESSABLE
        name = page
    elif (iso := _ISO.fullmatch(name)) is not None:
        name = f"iso-8859-{int(iso[1])}"
    name = _ALIASES.get(name, name)
    if name == _JIS:
        return _JIS
    return _codec(name) or _codec(name.removeprefix("x-")) or _codec(re.sub(r"^x-mac-", "mac_", name))


def _codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return None
    if not found._is_text_encoding or found.name.replace("-", "_") in _REFUSED:
        return None
    return found.name


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _nearly(data: bytes, codec: str) -> str | None:
    """The text with replacement characters, where there are few of them."""
    try:
        text = data.decode(codec, "replace")
    except (UnicodeError, ValueError):
        return None
    wrong = text.count("\ufffd") - (1 if text.endswith("\ufffd") else 0)
    right = sum(1 for sign in text if sign > "\x7f" and sign != "\ufffd")
    return text if right and right >= _RIGHT_FOR_ONE_WRONG * wrong else None


def _is_utf_8_after_all(data: bytes, codec: str) -> bool:
    # In a charset of one byte a sign everything fits; what reads as UTF-8 without a fault was written so.
    if not codec.startswith(("cp125", "iso8859", "koi8", "mac", "cp874")):
        return False
    return _strict(data, "utf-8") is not None
