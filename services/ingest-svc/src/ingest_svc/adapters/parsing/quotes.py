"""What is new in a mail: its text without what it quotes, signatures and disclaimers. In HTML by structure, in text by words.

In doubt a line stays: to show too much is a nuisance, to hide what somebody wrote is a fault. A forwarded mail is no quote.
"""

import re
from functools import lru_cache
from typing import Final

from ingest_svc.adapters.parsing import html, quote_words
from ingest_svc.domain.texts import has_words

_LOOKED_AT: Final = 64 * 1024
_LONGEST_LINE: Final = 1000
_ATTRIBUTION_LINES: Final = 3
_FIELDS_WITHIN: Final = 8
_SIGNATURE_LINES: Final = 15
_SIGNATURE_LINE: Final = 120
_QUOTED: Final = re.compile(r"\s{0,3}(?:>|\|\s)")
# Without one of these no line begins a quote: most are seen through by then.
_CLUE: Final = re.compile(r"[:：>@|\d]|[-_=*—]{2}|転送|转发|轉寄")
_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n")


def new_text(text: str, subject: str = "") -> str | None:
    """What is new in a plain text; None where that is all of it, or nothing would be left."""
    text = text[:_LOOKED_AT]
    lines = [line[:_LONGEST_LINE] for line in text.split("\n")]
    if quote_words.FORWARD_SUBJECT.match(subject):
        return None
    kept = _without_quotes(lines)
    if kept is None:
        return None
    found = _tidy(_without_signature(_without_banner(kept)))
    if not has_words(found):
        found = _tidy(kept)
    return found if has_words(found) and found != text.strip() else None


def new_text_of_html(source: str, subject: str = "") -> str | None:
    """What is new in HTML (as it was sent) whose structure says what it quotes; None where it says nothing of it."""
    lowered = source[:_HTML_LOOKED_AT].lower()
    if not any(hint in lowered for hint in _HINTS) or quote_words.FORWARD_SUBJECT.match(subject):
        return None
    stripped = _without_marked(source[:_HTML_LOOKED_AT])
    if stripped is None:
        return None
    found = html.plain(html.sanitised(stripped)[0])
    if not has_words(found):
        return None
    return new_text(found) or found.strip()


def _without_quotes(lines: list[str]) -> list[str] | None:
    """The lines that are no quote; None where a mail was forwarded."""
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if not _CLUE.search(line):
            kept.append(line)
            number += 1
            continue
        if _QUOTED.match(line):
            _drop_attribution(kept)
            number += 1
            continue
        if quote_words.FORWARDED.match(line) and _is_header_of_mail(lines, number + 1):
            return None
        if quote_words.ORIGINAL.match(line) or _begins_header_of_mail(lines, number):
            break
        length = _attribution(lines, number)
        if length and _is_tail(lines, number + length):
            if not any(_QUOTED.match(behind) for behind in lines[number + length : number + length + 3]):
                break
            number += length
            continue
        kept.append(line)
        number += 1
    return kept


def _drop_attribution(kept: list[str]) -> None:
    """Takes away who wrote what is quoted next."""
    while kept and not kept[-1].strip():
        kept.pop()
    for length in range(1, _ATTRIBUTION_LINES + 1):
        if len(kept) >= length and _is_attribution(kept[-length:]):
            del kept[-length:]
            return


def _attribution(lines: list[str], number: int) -> int:
    """Of how many lines the attribution is that begins here; 0: none does."""
    if not quote_words.ATTRIBUTION_BEGINS.match(lines[number]):
        return 0
    for length in range(1, _ATTRIBUTION_LINES + 1):
        some = lines[number : number + length]
        if len(some) == length and some[-1].rstrip().endswith((":", "：")) and _is_attribution(some):
            return length
    return 0


def _is_attribution(lines: list[str]) -> bool:
    joined = " ".join(line.strip() for line in lines)
    if len(joined) > 500 or not joined.endswith((":", "：")):
        return False
    return quote_words.ATTRIBUTION.match(joined) is not None or quote_words.DATED_ADDRESS.match(joined) is not None


def _is_tail(lines: list[str], number: int) -> bool:
    return any(line.strip() for line in lines[number:])


def _begins_header_of_mail(lines: list[str], number: int) -> bool:
    if quote_words.RULE.match(lines[number]):
        following = next((n for n in range(number + 1, min(number + 3, len(lines))) if lines[n].strip()), None)
        return following is not None and _is_header_of_mail(lines, following)
    found = quote_words.FIELD.match(lines[number])
    return found is not None and found.lastgroup == "from" and _is_header_of_mail(lines, number)


def _is_header_of_mail(lines: list[str], number: int) -> bool:
    """Whether fields of a mail stand here: three kinds of them close together, who wrote it among them."""
    kinds = set()
    for line in lines[number : number + _FIELDS_WITHIN]:
        if (field := quote_words.FIELD.match(line)) is not None and field.lastgroup:
            kinds.add(field.lastgroup)
    return "from" in kinds and len(kinds) >= 3


def _without_banner(lines: list[str]) -> list[str]:
    """Without what a mail gateway wrote above: the mail comes from outside."""
    first = next((n for n, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return lines
    end = next((n for n in range(first, len(lines)) if not lines[n].strip()), len(lines))
    banner = " ".join(lines[first:end])
    return lines[end:] if len(banner) < 1000 and quote_words.BANNER.match(banner) and end < len(lines) else lines


def _without_signature(lines: list[str]) -> list[str]:
    lines = _without_disclaimers(lines)
    for number, line in enumerate(lines):
        if (
            quote_words.SIGNATURE.match(line)
            and len(lines) - number <= 2 * _SIGNATURE_LINES
            and has_words("\n".join(lines[:number]))
        ):
            lines = lines[:number]
            break
    while lines and (not lines[-1].strip() or quote_words.DEVICE.match(lines[-1])):
        lines = lines[:-1]
    begin = max(0, len(lines) - _SIGNATURE_LINES)
    for number in range(begin, len(lines)):
        if _ends_here(lines, number) and has_words("\n".join(lines[:number])):
            return lines[:number]
    return lines


def _ends_here(lines: list[str], number: int) -> bool:
    """Whether a farewell stands here, and nothing behind it but whom it is of."""
    is_farewell = quote_words.FAREWELL.match(lines[number]) is not None
    if not is_farewell and quote_words.THANKS.match(lines[number]) is None:
        return False
    behind = [line for line in lines[number + 1 :] if line.strip()]
    if any(len(line) > _SIGNATURE_LINE or line.rstrip().endswith("?") for line in behind):
        return False
    return is_farewell or (0 < len(behind) <= 3 and all(len(line) < 50 for line in behind))


def _without_disclaimers(lines: list[str]) -> list[str]:
    """From the end: the paragraphs that say for whom the mail is, and what to do with paper."""
    lowered = "\n".join(lines).lower()
    if not any(hint in lowered for hint in quote_words.DISCLAIMER_HINTS):
        return lines
    paragraphs = _PARAGRAPH.split("\n".join(lines))
    found = next((n for n, paragraph in enumerate(paragraphs) if n and _is_disclaimer(paragraph)), None)
    if found is None or not has_words("\n".join(paragraphs[:found])):
        return lines
    # What follows one is of the same hand, unless it is an answer to something.
    return "\n\n".join(paragraphs[:found]).rstrip("\n").split("\n")


def _is_disclaimer(paragraph: str) -> bool:
    return quote_words.DISCLAIMER.search(paragraph[:1500]) is not None


def _tidy(lines: list[str]) -> str:
    return re.sub(r"\n[ \t]*(?:\n[ \t]*){2,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


# HTML: what mail programs mark their quotes and signatures with, in the attributes of an element.

_HTML_LOOKED_AT: Final = 512 * 1024
_MOST_REMOVED: Final = 200
_FORWARD_LOOK: Final = 3000
_ELEMENT: Final = re.compile(r"<(?P<tag>[a-z][a-z0-9]{0,15})\b(?P<inside>[^<>]{0,600})>", re.IGNORECASE)
_MARK: Final = re.compile(
    # From here on all is quoted.
    r"(?P<rest>divRplyFwdMsg|appendonsend|mail-editor-reference-message-container|ms-outlook-mobile-reference-message|"
    r"OutlookMessageHeader|stopSpelling|messageReplySection)"
    r"|(?P<rule>border-top:\s?solid #(?:E1E1E1|B5C4DF) 1\.0pt)"
    # An element that is quoted, with all that is in it.
    r"|(?P<quote>gmail_quote|gmail_extra|gmail_attr|yahoo_quoted|yahoo-quoted|protonmail_quote|tutanota_quote|zmail_extra|cite-prefix|"
    r"quoted-text|OLK_SRC_BODY_SECTION|\btype\s?=\s?[\"']?cite\b)"
    r"|(?P<signature>gmail_signature|moz-signature|apple-signature|AppleMailSignature|protonmail_signature|ms-outlook-mobile-signature|"
    r"zmail_signature|\bid\s?=\s?[\"']?(?:x_){0,3}signature[\"'\s])",
    re.IGNORECASE,
)
_HINTS: Final = (
    *("<blockquote", "quote", "rplyfwd", "appendonsend", "reference-message", "messageheader", "stopspelling", "replysection"),
    *("border-top", "gmail_", "yahoo", "zmail_", "cite", "olk_src", "signature"),
)
_TAG_OR_BLANK: Final = re.compile(r"<[^<>]*>|&nbsp;")


def _without_marked(source: str) -> str | None:
    """HTML without what it marks as quoted; None where that is a forwarded mail, or nothing is marked."""
    out: list[str] = []
    position = removed = 0
    for element in _ELEMENT.finditer(source):
        if element.start() < position:
            continue
        name = element["tag"].lower()
        mark = _MARK.search(element["inside"]) if "=" in element["inside"] else None
        kind = mark.lastgroup if mark else "quote" if name == "blockquote" else None
        if kind is None:
            continue
        begins = source[element.start() : element.start() + _FORWARD_LOOK]
        if kind == "rule" and not _has_from(begins):
            continue
        out.append(source[position : element.start()])
        if kind in ("rest", "rule"):
            return "".join(out)
        if kind == "quote" and _is_forward(begins):
            return None
        out.append("<br>")
        position = _end_of(source, name, element.end())
        removed += 1
        if removed >= _MOST_REMOVED:
            break
    return "".join([*out, source[position:]]) if removed else None


def _is_forward(begins: str) -> bool:
    return any(quote_words.FORWARDED.match(line) for line in _first_lines(begins))


def _has_from(begins: str) -> bool:
    return any((field := quote_words.FIELD.match(line)) and field.lastgroup == "from" for line in _first_lines(begins))


def _first_lines(begins: str) -> list[str]:
    lines = (line.strip()[:200] for line in _TAG_OR_BLANK.sub("\n", begins).split("\n"))
    return [f"{line} " for line in lines if line][:6]


def _end_of(source: str, name: str, position: int) -> int:
    """Behind the end of the element that begins before this position, or the end of it all."""
    depth = 1
    for tag in _tags(name).finditer(source, position):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return tag.end()
    return len(source)


@lru_cache(maxsize=64)
def _tags(name: str) -> re.Pattern[str]:
    return re.compile(rf"<(/?){re.escape(name)}\b[^<>]*>", re.IGNORECASE)
