"""How deep foreign HTML may nest, found in time proportional to its length, before anybody builds a tree of it.

A tree builder looks through its open elements at many tags (HTML, §13.2.6), so that its time is the number of tags times the depth:
seconds for a hundred kilobytes, in code that nothing interrupts. So what may be deep never reaches one.
"""

import re
from typing import Final

_MOST_UNQUOTED: Final = 4000
"""Characters of a tag outside of quotes: a name is compared with all others of its tag."""

_NEXT: Final = re.compile(r"<(?:(?P<comment>!--)|(?P<bogus>[!?]|/[^a-zA-Z])|(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]{0,40}))")
_COMMENT_END: Final = re.compile(r"--!?>")
_STOP: Final = re.compile(r"""[>"']""")
_RAW: Final = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"})
_RAW_END: Final = {name: re.compile(rf"</{name}", re.IGNORECASE) for name in _RAW}
_OPENER: Final = re.compile(r"<[a-zA-Z]")
# They hold nothing, or each ends the one before: their share of the depth is bounded by the elements around them.
_NOT_COUNTED: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
    | {"li", "dd", "dt", "p", "td", "th", "tr", "tbody", "thead", "tfoot", "option"}
)
# An end tag does not reach beyond these.
_WALLS: Final = frozenset(
    {"table", "caption", "select", "template", "svg", "math", "object", "button", "marquee", "applet", "noscript", "foreignobject"}
)
_LOOKED_BACK: Final = 8


def may_be_deeper(source: str, most: int) -> bool:
    """Whether more elements than `most` may be open at once. Never False where it is so; True for some that only look like it."""
    opened: list[str] = []
    beyond = position = 0
    while (tag := _NEXT.search(source, position)) is not None:
        position = tag.end()
        if tag["comment"]:
            end = _COMMENT_END.search(source, position - 2)
            position = len(source) if end is None else end.end()
            continue
        if tag["bogus"]:
            position = source.find(">", position - 1) + 1 or len(source)
            continue
        name = tag["name"].lower()
        position, unquoted = _end_of_tag(source, position)
        if unquoted > _MOST_UNQUOTED:
            return True
        if name in _NOT_COUNTED:
            continue
        if tag["end"]:
            _close(opened, name)
            continue
        if name == "plaintext":
            break
        if name in _RAW:
            end = _RAW_END[name].search(source, position)
            raw_end = len(source) if end is None else end.start()
            # In SVG these are elements like any other, and so is what is in them.
            beyond += len(_OPENER.findall(source, position, raw_end))
            position = raw_end
        opened.append(name)
        if len(opened) + beyond > most:
            return True
    return False


def _end_of_tag(source: str, position: int) -> tuple[int, int]:
    """Behind the tag's `>`, and how many of its characters stood outside of quotes."""
    unquoted = 0
    while (stop := _STOP.search(source, position)) is not None:
        unquoted += stop.start() - position
        if stop[0] == ">":
            return stop.end(), unquoted
        # A quote is one only where a value begins; elsewhere it is part of a name.
        unquoted += 1
        before = source[max(0, stop.start() - 20) : stop.start()].rstrip()
        position = source.find(stop[0], stop.end()) + 1 or len(source) if before.endswith("=") else stop.end()
        if position == len(source) or unquoted > _MOST_UNQUOTED:
            break
    return len(source), unquoted


def _close(opened: list[str], name: str) -> None:
    for back in range(1, min(len(opened), _LOOKED_BACK) + 1):
        if opened[-back] == name:
            del opened[-back]
            return
        if opened[-back] in _WALLS:
            return
