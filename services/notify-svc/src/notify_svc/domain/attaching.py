"""A mail with files (RFC 2046 §5.1, RFC 2183, RFC 2231): its text becomes the first part, and each file another; pure."""

from collections.abc import Sequence
from email.utils import quote as escaped
from typing import Final
from urllib.parse import quote
from uuid import UUID

from deskstream_chassis.files.names import UNKNOWN
from deskstream_contracts.wire import File
from notify_svc.domain.mail import TEXT_HEADERS, base64_lines

_PIECE: Final = 54
# What is made of parts itself must not be in base64 (RFC 2046 §5.2.1, §5.1), and files always are.
_COMPOSED: Final = ("multipart/", "message/")
_ATTRIBUTE: Final = "!#$&+-.^_`|~"  # RFC 2231 §7, attribute-char, beside letters and digits


def with_files(content: bytes, id_: UUID, files: Sequence[tuple[File, bytes]]) -> bytes:
    """The mail `content`, as `compose` makes it, with these files. The same each time: `id_` is the mail's own."""
    head, _, text = content.partition(b"\r\n\r\n")
    # No line of base64 has such characters in it.
    boundary = f"=_{id_.hex}"
    whole = f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n'
    parts = [(head + b"\r\n").replace(TEXT_HEADERS.encode(), whole.encode()), b"\r\n"]
    for part in ((TEXT_HEADERS, text), *((_headers(file), base64_lines(data)) for file, data in files)):
        parts += [f"--{boundary}\r\n{part[0]}\r\n".encode(), part[1]]
    return b"".join([*parts, f"--{boundary}--\r\n".encode()])


def _headers(file: File) -> str:
    media_type = UNKNOWN if file.media_type.startswith(_COMPOSED) else file.media_type
    disposition = "attachment;\r\n " + ";\r\n ".join(_file_name(file.name))
    return f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: {disposition}\r\n"


def _file_name(name: str) -> list[str]:
    """The parameter `filename`, in as many pieces as it takes to keep lines short (RFC 2231 §3, §4)."""
    if name.isascii() and len(name) <= _PIECE:
        return [f'filename="{escaped(name)}"']
    encoded = [quote(letter, safe=_ATTRIBUTE) for letter in name]
    pieces, length = [""], 0
    for letter in encoded:
        if length + len(letter) > _PIECE:
            pieces.append("")
            length = 0
        pieces[-1] += letter
        length += len(letter)
    pieces[0] = "UTF-8''" + pieces[0]
    if len(pieces) == 1:
        return [f"filename*={pieces[0]}"]
    return [f"filename*{number}*={piece}" for number, piece in enumerate(pieces)]
