"""format=flowed (RFC 3676): lines that were broken for width only are whole again, in text and in quotes."""

import re
from typing import Final

_MARKS: Final = re.compile(r">*")
_SIGNATURE: Final = "-- "


def unflowed(text: str, *, is_space_deleted: bool = False) -> str:
    """The text with its soft line breaks taken out (§4.2) and its stuffing (§4.4). `is_space_deleted`: DelSp=yes (§4.3)."""
    out: list[str] = []
    depth_before: int | None = None  # of a paragraph that goes on
    for line in text.split("\n"):
        marks = _MARKS.match(line)
        depth = marks.end() if marks else 0
        body = line[depth:]
        body = body.removeprefix(" ")
        is_signature = body == _SIGNATURE
        is_soft = body.endswith(" ") and not is_signature
        shown = body[:-1] if is_soft and is_space_deleted else body
        if depth_before == depth and out and not is_signature:
            out[-1] += shown
        else:
            if depth_before is not None:
                out[-1] = out[-1].rstrip(" ")
            out.append(f"{'>' * depth} {shown}" if depth else shown)
        depth_before = depth if is_soft else None
    return "\n".join(out)
