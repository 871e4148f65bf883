"""HTML of foreign mail: a safe subset to show, and its text. Nothing here raises."""

import re

import nh3
from inscriptis import get_text  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]

from ingest_svc.adapters.parsing.html_depth import may_be_deeper
from ingest_svc.domain.texts import BODY_BYTES, clean, cut

MAX_SOURCE = 512 * 1024
"""HTML beyond this many characters is not looked at."""

_MAX_DEPTH = 200
_TAGS = nh3.ALLOWED_TAGS - {"map", "area"} | {"font"}
_ATTRIBUTES = {**nh3.ALLOWED_ATTRIBUTES, "img": {"alt", "width", "height", "src"}}
_DROPPED_WITH_CONTENT = {"script", "style", "title", "template", "noscript", "textarea", "iframe", "object", "svg", "math"}
_TAG = re.compile(r"<[^<>]*>?")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")


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
    """The safe subset, at most BODY_BYTES, and whether something was cut off. Of what may be too deep for a tree: its text."""
    was_cut = len(source) > MAX_SOURCE
    source = clean(source[:MAX_SOURCE])
    if may_be_deeper(source, _MAX_DEPTH):
        source = _TAG.sub(" ", source)
    safe = _cleaner.clean(source)
    limit = BODY_BYTES
    for _ in range(4):
        shorter, too_long = cut(safe, limit)
        if not too_long:
            return safe, was_cut
        # Cut in the middle of an element; cleaning closes what stands open, which makes it longer again.
        safe, was_cut, limit = _cleaner.clean(shorter), True, limit // 2
    return "", True


def plain(safe: str) -> str:
    """The text of sanitised HTML, laid out as one would read it."""
    try:
        return _tidy(get_text(safe, ParserConfig()))
    except (ValueError, RecursionError, AttributeError, IndexError, KeyError, TypeError):
        pass
    return _tidy(_entities(_TAG.sub("\n", safe)))


def _entities(text: str) -> str:
    from html import unescape

    return unescape(text)


def _tidy(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip("\n")
