"""The lines of a header, mended where they break the rules: what can be taken is taken (RFC 5322 §4.5), and said in words.

One line that is no field does not end a header, as the fields behind it are the mail's all the same. It is added to no field that
means something to a program: nobody writes behind what our own relay has written.
"""

import re
from typing import Final

# All fields as RFC 5322 §2.2 has them: the usual case, seen in one pass.
_WELL: Final = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*(?:\r?\n|\Z))*\Z")
_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})([ \t]*):")
_KNOWN: Final = re.compile(
    rb"(?:from|to|cc|bcc|sender|reply-to|subject|date|message-id|in-reply-to|references|mime-version|content-[a-z-]+|received"
    rb"|return-path|delivered-to|envelope-to|authentication-results|dkim-signature|auto-submitted|precedence|list-[a-z-]+"
    rb"|resent-[a-z-]+|user-agent|importance|thread-[a-z]+|x-[!-9;-~]+|arc-[a-z-]+)\Z",
    re.IGNORECASE,
)
_PARAMETER: Final = re.compile(rb"[\w-]{1,40}\*?\d{0,2}\*?=")

A_STRAY_LINE: Final = "a line of its header is no field and is left out"
A_SPACE_BEFORE_THE_COLON: Final = "names of its header fields have a space before the colon (RFC 5322 §4.5)"
BROKEN_CONTINUATION: Final = "a header field goes on without the space that says so"


def mended(head: bytes) -> tuple[bytes, list[str]]:
    """The header with one field a line (and its continuations), and what was wrong. What is no field and has none behind it is
    where the body begins, and stays."""
    if _WELL.match(head):
        return head, []
    defects: dict[str, None] = {}
    lines = _lines(head)
    last = _last_field(lines)
    out: list[bytes] = []
    name = b""
    for number, line in enumerate(lines):
        if number > last:
            out.append(line)
        elif line[:1] in (b" ", b"\t"):
            if out:
                out.append(line)
        elif (field := _FIELD.match(line)) is not None:
            name = field[1].lower()
            if field[2]:
                defects[A_SPACE_BEFORE_THE_COLON] = None
                line = field[1] + b":" + line[field.end() :]
            out.append(line)
        elif (name == b"subject" and not _is_envelope_line(line)) or (name.startswith(b"content-") and _PARAMETER.match(line)):
            defects[BROKEN_CONTINUATION] = None
            out.append(b" " + line)
        elif line:
            defects[A_STRAY_LINE] = None
    return b"\r\n".join(out), list(defects)


def _lines(head: bytes) -> list[bytes]:
    if b"\n" not in head:
        return head.split(b"\r")
    # To a relay a bare CR ends no line (RFC 5321 §2.3.8): here it does not either.
    return [line.removesuffix(b"\r").replace(b"\r", b" ") for line in head.split(b"\n")]


def _last_field(lines: list[bytes]) -> int:
    """The last line that belongs to the header."""
    last, stray = -1, False
    for number, line in enumerate(lines):
        if line[:1] in (b" ", b"\t"):
            if not stray:
                last = number
        elif (field := _FIELD.match(line)) is not None and (not stray or _KNOWN.match(field[1])):
            last, stray = number, False
        elif not (_PARAMETER.match(line) and last == number - 1) or stray:
            stray = True
        else:
            last = number
    return last


def _is_envelope_line(line: bytes) -> bool:
    return line.startswith((b"From ", b">From "))
