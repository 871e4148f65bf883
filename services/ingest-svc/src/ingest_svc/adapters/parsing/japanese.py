"""ISO-2022-JP as it is sent (RFC 1468, and what vendors add): rows beyond JIS X 0208, half-width kana, JIS X 0212 and 0213."""

import re
from typing import Final

_SWITCH: Final = re.compile(rb"\x1b(\$[@AB]|\$\([A-DOPQ]|\([A-Z]|&@)|[\x0e\x0f]")
_SHIFTED: Final = {b"\x0e": "(I", b"\x0f": "(B"}
_ASCII: Final = ("(B", "(J", "(H")


def from_iso_2022_jp(data: bytes) -> str:
    """The text; what is no character of it becomes U+FFFD."""
    out: list[str] = []
    mode = "(B"
    position = 0
    for switch in _SWITCH.finditer(data):
        out.append(_run(data[position : switch.start()], mode))
        position = switch.end()
        mode = _SHIFTED.get(switch[0]) or switch[1].decode("ascii")
    out.append(_run(data[position:], mode))
    return "".join(out)


def _run(data: bytes, mode: str) -> str:
    if not data or mode == "&@":
        return ""
    if mode in _ASCII:
        # Whoever names it and writes Shift_JIS, or a half-width kana in 8 bits, means that.
        return data.decode("ascii") if data.isascii() else data.decode("cp932", "replace")
    if mode == "(I":
        return bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in data).decode("cp932", "replace")
    return "".join(
        _line(line, mode) if line.strip() else line.decode("ascii", "replace") for line in re.split(rb"([\r\n\t ]+)", data)
    )


def _line(data: bytes, mode: str) -> str:
    match mode:
        case "$B" | "$@":
            return _to_shift_jis(data).decode("cp932", "replace")
        case "$(D":
            return b"".join(b"\x8f" + _high(data[i : i + 2]) for i in range(0, len(data) - 1, 2)).decode("euc_jp", "replace")
        case "$(O" | "$(Q":
            return _high(data).decode("euc_jis_2004", "replace")
        case "$(P":
            return b"".join(b"\x8f" + _high(data[i : i + 2]) for i in range(0, len(data) - 1, 2)).decode("euc_jis_2004", "replace")
        case "$A":
            return _high(data).decode("gb2312", "replace")
        case "$(C":
            return _high(data).decode("cp949", "replace")
        case _:
            return data.decode("ascii", "replace")


def _high(data: bytes) -> bytes:
    return bytes(byte | 0x80 for byte in data)


def _to_shift_jis(data: bytes) -> bytes:
    # Of cp932, as that has the rows of NEC and IBM at these places, which no codec for ISO-2022-JP has.
    out = bytearray()
    for i in range(0, len(data) - 1, 2):
        row, cell = data[i], data[i + 1]
        if not (0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E):
            out += b"\x81"  # no character: it is replaced
            continue
        out.append(((row - 1) >> 1) + (0x71 if row <= 0x5E else 0xB1))
        out.append(cell + (0x7E if row % 2 == 0 else 0x1F if cell < 0x60 else 0x20))
    return bytes(out)
