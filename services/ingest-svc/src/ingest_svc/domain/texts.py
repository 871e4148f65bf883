"""Text that is safe for PostgreSQL, JSON and Kafka: no NUL, no control characters, no half of a surrogate pair, not too long."""

import re

BODY_BYTES = 64 * 1024
"""More text than this is not carried in an event; the raw message has it all."""

_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_]")
_ATOM = r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff@<>\"(),:;\\\[\]]+"
_QUOTED = r'"(?:[^\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"\\]|\\["\\])+"'
_EMAIL = re.compile(rf"\A(?:{_ATOM}|{_QUOTED})@{_ATOM}\Z")
_LOCAL_OCTETS, _DOMAIN_OCTETS = 64, 255


def clean(text: str) -> str:
    """Without what must not be stored, with line ends as LF."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x85" in text:
        text = text.replace("\x85", "\n")  # NEL, where other machines end a line
    return _UNSAFE.sub("", text)


def one_line(text: str, limit: int) -> str:
    """Cleaned, white space folded, at most `limit` characters."""
    return _SPACES.sub(" ", clean(text)).strip()[:limit]


def cut(text: str, limit: int = BODY_BYTES) -> tuple[str, bool]:
    """The first `limit` bytes (UTF-8) of a text, and whether there was more."""
    if len(text) * 4 <= limit:
        return text, False
    encoded = text.encode()
    if len(encoded) <= limit:
        return text, False
    return encoded[:limit].decode(errors="ignore"), True


def has_words(text: str | None) -> bool:
    """Whether a text says anything: blanks do not, nor signs that cannot be seen, nor a rule of hyphens."""
    return text is not None and _WORD.search(text) is not None


def is_email(address: str) -> bool:
    """Whether this can be somebody's address: a dot-atom-like or quoted local part, and a domain (RFC 5322 §3.4.1).

    Its lengths are those of RFC 5321 §4.5.3.1, in octets.
    """
    if _EMAIL.match(address) is None:
        return False
    local, _, domain = address.rpartition("@")
    return len(local.encode()) <= _LOCAL_OCTETS and len(domain.encode()) <= _DOMAIN_OCTETS
