"""Which charset bytes are in that are no UTF-8, and of which nobody says it rightly: the one whose text looks most like writing.

Made for what is short, as a subject is or a name, where statistics of long texts fail: by the letters that stand beside each
other, and by what else the mail says, its other charsets and its languages.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

_SAMPLE: Final = 1200
_MOST_GUESSES: Final = 5
_LOOK: Final = 64 * 1024
_CHARSET: Final = re.compile(rb"charset\s*=\s*[\"']?([\w.:-]{2,30})|=\?([\w.:-]{2,30})(?:\*[\w-]{1,20})?\?[bBqQ]\?", re.ASCII)
_LANGUAGE: Final = re.compile(
    rb"(?:\n|\A)(?:content-language|accept-language):\s*([a-z]{2})\b|<html[^>]{0,200}?\blang=[\"']?([a-z]{2})\b"
    rb"|(?:\n|\A)(?:from|reply-to):[^\n]{0,300}?@[\w.-]{1,200}\.([a-z]{2})\b",
    re.IGNORECASE | re.ASCII,
)
_ALWAYS: Final = (
    "cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp874",
    "cp932", "euc_jp", "gb18030", "cp950", "cp949", "iso8859_2",
)  # fmt: skip
_OF_LANGUAGES: Final = {
    **dict.fromkeys(("ru", "bg", "sr", "mk", "by", "su"), ("cp1251", "koi8_r", "cp866", "iso8859_5", "mac_cyrillic")),
    **dict.fromkeys(("uk", "ua"), ("cp1251", "koi8_u")),
    **dict.fromkeys(("pl", "cs", "cz", "sk", "hu", "sl", "si", "hr", "ro"), ("cp1250", "iso8859_2")),
    **dict.fromkeys(("ja", "jp"), ("cp932", "euc_jp")),
    **dict.fromkeys(("zh", "cn"), ("gb18030", "cp950")),
    **dict.fromkeys(("tw", "hk"), ("cp950",)),
    **dict.fromkeys(("ko", "kr"), ("cp949",)),
    **dict.fromkeys(("el", "gr"), ("cp1253",)),
    "tr": ("cp1254",),
    **dict.fromkeys(("he", "il"), ("cp1255",)),
    **dict.fromkeys(("ar", "eg", "sa", "fa", "ir"), ("cp1256",)),
    "th": ("cp874",),
    **dict.fromkeys(("lt", "lv", "et", "ee"), ("cp1257",)),
    "vi": ("cp1258",),
    "vn": ("cp1258",),
    **dict.fromkeys(
        ("de", "at", "ch", "fr", "es", "it", "pt", "br", "nl", "be", "no", "nb", "da", "dk", "sv", "se", "fi", "is"), ("cp1252",)
    ),
}  # fmt: skip
_NAMED_BONUS: Final = 1.0
_LANGUAGE_BONUS: Final = 0.35
_FIRST_BONUS: Final = 0.05


class _Evidence:
    """Of the present message: its bytes, what was found in them, and how often it was guessed (each time takes milliseconds)."""

    raw: bytes = b""
    label: Callable[[str], str | None] = staticmethod(lambda name: None)
    bonus: dict[str, float] | None = None
    left: int = _MOST_GUESSES
    last: str = "cp1252"


def begin_message(raw: bytes, label: Callable[[str], str | None]) -> None:
    """Forgets the message before. `label` tells Python's name of a charset's name."""
    _Evidence.raw, _Evidence.label = raw, staticmethod(label)
    _Evidence.bonus, _Evidence.left, _Evidence.last = None, _MOST_GUESSES, "cp1252"


def decoded(data: bytes) -> str:
    """The text of bytes that are no UTF-8."""
    if _Evidence.left > 0:
        _Evidence.left -= 1
        _Evidence.last = _likeliest(data[:_SAMPLE])
    return data.decode(_Evidence.last, "replace")


def _likeliest(sample: bytes) -> str:
    bonus = _bonus()
    best, best_score = "cp1252", float("-inf")
    for codec in dict.fromkeys((*_ALWAYS, *bonus)):
        text = sample.decode(codec, "replace")
        score = _score(text) + bonus.get(codec, 0.0) + (_FIRST_BONUS if codec == "cp1252" else 0.0)
        if codec in ("cp932", "euc_jp") and not any(_script(sign) == "kana" for sign in text):
            score -= 0.15  # Japanese is hardly ever without them
        if score > best_score:
            best, best_score = codec, score
    return best


def _bonus() -> dict[str, float]:
    """What the mail says beside: its named charsets, and those of its languages, the likelier the more."""
    if _Evidence.bonus is None:
        looked_at = _Evidence.raw[:_LOOK]
        found: dict[str, float] = {}
        for named in {m[1] or m[2] for m in _CHARSET.finditer(looked_at)}:
            codec = _Evidence.label(named.decode("ascii"))
            if codec is not None and codec not in ("utf-8", "guess", "iso-2022-jp", "utf-16", "utf-7", "utf-32"):
                found[codec] = _NAMED_BONUS
        languages = {(m[1] or m[2] or m[3]).decode("ascii").lower() for m in _LANGUAGE.finditer(looked_at)}
        for language in sorted(languages):
            for place, codec in enumerate(_OF_LANGUAGES.get(language, ())):
                found[codec] = found.get(codec, 0.0) + _LANGUAGE_BONUS * (1.0 if place == 0 else 0.8)
        _Evidence.bonus = found
    return _Evidence.bonus


_WEST: Final = frozenset("äöüßéèàáâçñåøæôêîûóíúãõëïìòùœÄÖÜÉÅØÆÇÑ")
_EAST: Final = frozenset("ąćęłńśźżčďěňřšťůžőűăđșțşţğıŁŚŻŠČŘŽİŞ")
_NORDIC: Final = frozenset("øåæØÅÆ")
_ROMANCE: Final = frozenset("èìùòàñçêâîôûï")
# Letters that no language has side by side; each set on its own is somebody's.
_NEVER_TOGETHER: Final = ((_NORDIC, _ROMANCE), (frozenset("ýığ"), frozenset("øåèìùòêî")), (frozenset("û"), frozenset("öóő")))
_FREQUENT: Final = frozenset("оеаинтсрвлкмдпуыьяαοιετσνηυρπκμλςάίόέήώ")
_QUOTES: Final = frozenset("\u2018\u2019\u201a\u201c\u201d\u201e\u2013\u2014\u2026\u00a0\u00ab\u00bb\u2022")


def _score(text: str) -> float:
    """How much like writing it looks: 1 for each sign beyond ASCII that stands where one would, less for others; the mean."""
    total, signs, before = 0.0, 0, " "
    for sign in text:
        if sign > "\x7f":
            signs += 1
            total += _worth(sign, before)
        elif before > "\x7f" and sign.isalpha() and _script(before) not in ("latin", "other"):
            total -= 1.0  # a word is not of two scripts
        before = sign
    if not signs:
        return 0.0
    letters = set(text)
    scripts = {_script(letter) for letter in letters}
    mixed = any(letters & some and letters & others for some, others in _NEVER_TOGETHER) or {"han", "hangul"} <= scripts
    return total / signs - (0.4 if mixed else 0.0)


def _worth(sign: str, before: str) -> float:
    script = _script(sign)
    match script:
        case "wrong":
            return -4.0
        case "kana":
            return 1.0
        case "thai":
            return _thai(sign, before)
        case "han":
            return -1.0 if before.isascii() and before.isalpha() else 0.95 if _is_common_han(sign) else -0.5
        case "hangul":
            return 1.0 if _is_common_hangul(sign) else -0.5
        case "half-kana":
            return -0.4
        case "latin":
            return _latin(sign, before)
        case "cyrillic" | "greek" | "hebrew" | "arabic":
            if before.isalpha() and _script(before) != script:
                return -1.0
            if sign.isupper() and before.islower():
                return -1.0
            return 1.1 if sign.lower() in _FREQUENT else 1.0 if script in ("hebrew", "arabic") else 0.7
        case _:
            if sign in _QUOTES:
                return 0.4
            if (sign in "¿¡£€" and not before.isalpha()) or (sign in "ºª°" and before.isalnum()):
                return 0.9
            return -0.8 if before.isalpha() else 0.2


def _latin(sign: str, before: str) -> float:
    if sign.isupper() and before.islower():
        return -1.0
    if before > "\x7f" and before.isalpha():
        return -0.4 if _script(before) == "latin" else -1.0
    return 1.0 if sign in _WEST else 0.8 if sign in _EAST else 0.5 if sign == "ý" else 0.2


def _thai(sign: str, before: str) -> float:
    if "\u0e01" <= sign <= "\u0e2e" or "\u0e40" <= sign <= "\u0e44" or sign in "\u0e30\u0e32\u0e33":
        return 0.75 if not before.isascii() or not before.isalpha() else -1.0
    stands_on_one = "\u0e01" <= before <= "\u0e2e" or before in "\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39"
    return 0.75 if sign in _THAI_MARKS and stands_on_one else -1.0


_THAI_MARKS: Final = frozenset("\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c")
_RANGES: Final[tuple[tuple[int, int, str], ...]] = (
    (0x80, 0x9F, "wrong"),
    (0xC0, 0x24F, "latin"),
    (0x370, 0x3FF, "greek"),
    (0x400, 0x45F, "cyrillic"),
    (0x490, 0x491, "cyrillic"),
    (0x5D0, 0x5EA, "hebrew"),
    (0x620, 0x64A, "arabic"),
    (0xE01, 0xE5B, "thai"),
    (0x3040, 0x30FF, "kana"),
    (0x4E00, 0x9FFF, "han"),
    (0xAC00, 0xD7A3, "hangul"),
    (0xE000, 0xF8FF, "wrong"),
    (0xFF61, 0xFF9F, "half-kana"),
    (0xFFFD, 0xFFFD, "wrong"),
)


@lru_cache(maxsize=4096)
def _script(sign: str) -> str:
    code = ord(sign)
    if sign in "×÷":
        return "other"
    if code < 0x80:
        return "latin" if sign.isalpha() else "other"
    return next((name for first, last, name in _RANGES if first <= code <= last), "other")


@lru_cache(maxsize=8192)
def _is_common_han(sign: str) -> bool:
    # The first planes of the national standards are the characters that are used.
    return any(_leads(sign, codec, range_) for codec, range_ in (("gb2312", (0xB0, 0xD7)), ("euc_jp", (0xB0, 0xCF)))) or _leads(
        sign, "big5", (0xA4, 0xC6)
    )


def _leads(sign: str, codec: str, leading: Iterable[int]) -> bool:
    first, last = leading
    encoded = sign.encode(codec, "ignore")
    return bool(encoded) and first <= encoded[0] <= last


@lru_cache(maxsize=4096)
def _is_common_hangul(sign: str) -> bool:
    return _leads(sign, "euc_kr", (0xB0, 0xC8))
