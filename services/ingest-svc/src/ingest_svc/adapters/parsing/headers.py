"""Header fields of foreign mail: raw values to clean text, addresses, dates and Message-IDs. Nothing here raises."""

import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.headerregistry import HeaderRegistry
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

from deskstream_contracts.wire import MAX_ADDRESS_CHARACTERS, MAX_ADDRESSES, Address
from ingest_svc.adapters.parsing.charsets import decode
from ingest_svc.domain.texts import is_email, one_line

_MAX_HEADER = 16 * 1024
_MAX_REFERENCES = 50
_ATOM = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+"
_PLAIN = re.compile(
    rf'\A\s*(?:(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<words>[^"<>()\[\]\\,;:@]*))\s*<\s*(?P<angled>{_ATOM})\s*>|(?P<bare>{_ATOM}))\s*\Z'
)
_ESCAPED = re.compile(r"\\(.)")
_FOLD = re.compile(r"\r?\n[ \t]?|\r")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_registry = HeaderRegistry()


def unfolded(raw: str) -> str:
    """A raw value on one line, its 8-bit characters decoded (UTF-8 first, as senders who break the rules mostly mean it)."""
    if not raw.isascii():
        raw = decode(raw.encode("ascii", "surrogateescape") if _is_escaped(raw) else raw.encode("utf-8", "replace"), None)[0]
    return _FOLD.sub(" ", raw) if "\n" in raw or "\r" in raw else raw


def _is_escaped(raw: str) -> bool:
    try:
        raw.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def plain(raw: str, limit: int) -> str:
    """A structured field as it stands, on one line."""
    return one_line(unfolded(raw[:limit]), limit)


def text(raw: str, limit: int = 998) -> str:
    """An unstructured field, its encoded words (RFC 2047) decoded."""
    value = unfolded(raw[:_MAX_HEADER])
    return one_line(words(value) if "=?" in value else value, limit)


def words(value: str) -> str:
    """Decodes RFC 2047 encoded words; what cannot be decoded stays as it is."""
    try:
        parts = decode_header(value)
    except (HeaderParseError, binascii.Error, ValueError):
        return value
    return "".join(p if isinstance(p, str) else decode(p, charset)[0] for p, charset in parts)


def addresses(values: Iterable[str]) -> list[Address]:
    """All mailboxes of some address fields, groups flattened (RFC 5322 §3.4), each once, at most MAX_ADDRESSES."""
    found: dict[str, Address] = {}
    room = MAX_ADDRESS_CHARACTERS
    for raw in values:
        for name, email in _mailboxes(unfolded(raw[:_MAX_HEADER])):
            email = email.strip().lower()
            if not is_email(email) or email in found:
                continue
            address = Address(email=email, name=one_line(words(name) if "=?" in name else name, 200) or None)
            room -= len(email) + len(address.name or "")
            if room < 0 or len(found) >= MAX_ADDRESSES:
                return list(found.values())
            found[email] = address
    return list(found.values())


def sender(values: list[str]) -> tuple[Address | None, str]:
    """The single mailbox of a single From field, or None and why there is none."""
    if not values:
        return None, "it has no From field"
    if len(values) > 1:
        return None, f"it has {len(values)} From fields"
    found = addresses(values)
    if not found:
        return None, "its From field names no address" if values[0].strip() else "its From field is empty"
    # Read in any other way, an @ too many could be the address that somebody else sees.
    if len(found) > 1 or (len(_mailboxes(unfolded(values[0]))) > 1):
        return None, f"its From field names several addresses: {', '.join(a.email for a in found[:3])}"
    return found[0], ""


def _mailboxes(value: str) -> list[tuple[str, str]]:
    if (one := _plain(value)) is not None:
        return [one]
    if "," in value and '"' not in value and "(" not in value and ":" not in value:
        several = [_plain(part) for part in value.split(",") if part.strip()]
        if all(entry is not None for entry in several):
            return [entry for entry in several if entry is not None]
    return _by_the_book(value)


def _plain(value: str) -> tuple[str, str] | None:
    match = _PLAIN.match(value)
    if match is None:
        return None
    if match["bare"]:
        return "", match["bare"]
    return _ESCAPED.sub(r"\1", match["quoted"]) if match["quoted"] is not None else (match["words"] or "").strip(), match["angled"]


def _by_the_book(value: str) -> list[tuple[str, str]]:
    try:
        parsed: Any = _registry("to", value)
        return [(a.display_name, a.addr_spec) for a in parsed.addresses if a.addr_spec not in ("", "<>")]
    except (MessageError, ValueError, IndexError, AttributeError, TypeError, LookupError, RecursionError, AssertionError):
        # The strict parser trips over a few broken fields; the older one takes what it can get.
        try:
            return [(name, email) for name, email in getaddresses([value]) if email]
        except (ValueError, IndexError, TypeError, RecursionError):
            return []


def message_ids(*values: str | None) -> list[str]:
    """The Message-IDs of some fields, in this order, each once (RFC 5322 §3.6.4)."""
    found: dict[str, None] = {}
    for value in values:
        if value and "<" in value:
            for id_ in _MESSAGE_ID.findall(one_line(unfolded(value[-_MAX_HEADER:]), _MAX_HEADER)):
                found.setdefault(id_)
    return list(found)[:_MAX_REFERENCES]


def references(in_reply_to: str | None, refs: str | None) -> list[str]:
    """Parents, the likeliest first: In-Reply-To, then References from its end, where the parent stands."""
    return list(dict.fromkeys([*message_ids(in_reply_to), *reversed(message_ids(refs)[-_MAX_REFERENCES:])]))[:_MAX_REFERENCES]


def date(raw: str | None) -> datetime | None:
    """The Date field in UTC; None where it cannot be read, or names no moment that a database can hold."""
    if not raw:
        return None
    try:
        found = parsedate_to_datetime(unfolded(raw[:200]))
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if 1900 < found.year < 9999 else None
