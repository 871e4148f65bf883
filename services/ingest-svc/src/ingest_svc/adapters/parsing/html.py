"""HTML of foreign mail: a safe subset to show, and its text. Nothing here raises."""

import re
from html import unescape
from typing import Final

import nh3
from inscriptis import get_text  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]

from ingest_svc.adapters.parsing.html_depth import may_be_deeper
from ingest_svc.domain.texts import BODY_BYTES, clean, cut, has_words

MAX_SOURCE = 512 * 1024
"""HTML beyond this many characters is not looked at, styles, comments and pictures within the text left aside."""

_MAX_DEPTH = 200
_TAGS = nh3.ALLOWED_TAGS - {"map", "area"} | {"font"}
_ATTRIBUTES = {**nh3.ALLOWED_ATTRIBUTES, "img": {"alt", "width", "height", "src"}}
_DROPPED_WITH_CONTENT = {"script", "style", "title", "template", "noscript", "textarea", "iframe", "object", "svg", "math"}
_TAG = re.compile(r"<[^<>]*>?")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")
_ROOM_FOR_END_TAGS: Final = 1024
_MOST_TRIES: Final = 5
# What takes room and shows nothing: where it begins, and how it ends.
_HEAVY: Final = re.compile(r"<!--|<(style|script)\b", re.IGNORECASE)
_HEAVY_ENDS: Final = {
    "": re.compile("-->"),
    "style": re.compile("</style[^>]*>", re.IGNORECASE),
    "script": re.compile("</script[^>]*>", re.IGNORECASE),
}
_LOOKED_AT: Final = 64 * 1024
_LONG_DATA: Final = re.compile(r"data:[^\"'\s<>]{500,}")


def _filtered(tag: str, attribute: str, value: str) -> str | None:
    # A remote image tells its sender who has read the mail, and when; one that came along (cid:) tells nobody.
    if tag == "img" and attribute == "src" and not value.lower().startswith("cid:"):
        return None
    return value


_cleaner = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_DROPPED_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    attribute_filter=_filtered,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel="noopener noreferrer nofollow",
    url_relative="deny",
)


def sanitised(source: str) -> tuple[str, bool]:
    """The safe subset, whole, and whether something was cut off. Of what may be too deep for a tree: its text."""
    source = clean(source)
    if len(source) > MAX_SOURCE // 4:
        source = without_weight(source)
    was_cut = len(source) > MAX_SOURCE
    source = source[:MAX_SOURCE]
    if may_be_deeper(source, _MAX_DEPTH):
        source = _TAG.sub(" ", source)
    return _cleaner.clean(source), was_cut


def shortened(safe: str) -> tuple[str, bool]:
    """The beginning of safe HTML that an event carries (BODY_BYTES), and whether there was more; never empty where that is not."""
    limit = BODY_BYTES
    shorter, too_long = cut(safe, limit)
    for _ in range(_MOST_TRIES):
        if not too_long:
            return shorter, False
        # Cut in the middle of an element: not in the middle of a tag. Cleaning closes what stands open, which makes it longer.
        whole_tags = shorter[: shorter.rfind("<")] if shorter.rfind("<") > shorter.rfind(">") else shorter
        closed = _cleaner.clean(whole_tags)
        over = len(closed.encode()) - BODY_BYTES
        if over <= 0:
            return closed, True
        limit -= over + _ROOM_FOR_END_TAGS
        shorter = cut(safe, limit)[0]
    return cut(_cleaner.clean(_TAG.sub(" ", safe)), BODY_BYTES)[0], True


def without_weight(source: str) -> str:
    """HTML without styles, scripts, comments, and pictures that stand within the text."""
    source = _LONG_DATA.sub("", source)
    kept: list[str] = []
    position = 0
    while (start := _HEAVY.search(source, position)) is not None:
        end = _HEAVY_ENDS[(start[1] or "").lower()].search(source, start.end())
        if end is None:
            break
        kept.append(source[position : start.start()])
        position = end.end()
    kept.append(source[position:])
    return "".join(kept)


def shows_something(source: str | None) -> bool:
    """Whether HTML, as it was sent, has words, or a picture that came along. What is long is not looked at."""
    if source is None:
        return False
    if len(source) > _LOOKED_AT or "cid:" in source.lower():
        return True
    return has_words(words_of(source))


def words_of(source: str) -> str:
    """HTML without its tags, as it is needed to see how much it says; no layout."""
    return unescape(_TAG.sub(" ", without_weight(source)))


def plain(safe: str) -> str:
    """The text of sanitised HTML, laid out as one would read it."""
    try:
        return _tidy(get_text(safe, ParserConfig()))
    except (ValueError, RecursionError, AttributeError, IndexError, KeyError, TypeError):
        pass
    return _tidy(unescape(_TAG.sub("\n", safe)))


def _tidy(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip("\n")
