"""Header fields of foreign mail: raw values to clean text, addresses, dates and Message-IDs. Nothing here raises."""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from deskstream_contracts.addressing import folded
from deskstream_contracts.wire import MAX_ADDRESS_CHARACTERS, MAX_ADDRESSES, Address
from ingest_svc.adapters.parsing.charsets import decode
from ingest_svc.adapters.parsing.encoded_words import words
from ingest_svc.domain.texts import is_email, one_line

_MAX_HEADER = 16 * 1024
_MAX_ADDRESS_FIELD = 8 * 1024
_MAX_REFERENCES = 50
_ATOM = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+"
_PLAIN = re.compile(
    rf'\A\s*(?:(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<words>[^"<>()\[\]\\,;:@]*))\s*<\s*(?P<angled>{_ATOM})\s*>|(?P<bare>{_ATOM}))\s*\Z'
)
_QUOTED_LOCAL = re.compile(r'\s*"((?:[^"\\]|\\.)*)"\s*(@.*)', re.DOTALL)
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+)*")
_USUAL = 500
_MOST_FROM = 5
_MOST_SIGNS = 1000
# One token of an address-list; what fits nowhere is passed by, one character at a time.
_TOKEN = re.compile(
    r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"?|<(?P<angled>(?:[^<>,;"]|"(?:[^"\\]|\\.)*")*)>?|(?P<comment>\()|(?P<colon>:)|(?P<end>[,;])'
    r'|(?P<atom>[^\s"<>(),;:]+)|(?P<other>\S))',
    re.DOTALL,
)
_IN_COMMENT = re.compile(r"[()]|\\.", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
_FOLD = re.compile(r"\r?\n[ \t]?|\r")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")


def unfolded(raw: str) -> str:
    """A raw value on one line, its 8-bit characters decoded (UTF-8 first, as senders who break the rules mostly mean it)."""
    if not raw.isascii() or "\x1b" in raw:
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


def addresses(values: Iterable[str]) -> list[Address]:
    """All mailboxes of some address fields, groups flattened (RFC 5322 §3.4), each once, at most MAX_ADDRESSES."""
    found: dict[str, Address] = {}
    room = MAX_ADDRESS_CHARACTERS
    for raw in values:
        for name, email in _mailboxes(unfolded(raw[:_MAX_ADDRESS_FIELD])):
            email = folded(email.strip())
            if not is_email(email) or email in found:
                continue
            address = Address(email=email, name=one_line(words(name) if "=?" in name else name, 200) or None)
            room -= len(email) + len(address.name or "")
            if room < 0 or len(found) >= MAX_ADDRESSES:
                return list(found.values())
            found[email] = address
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Author:
    """Whom the From field names: nobody (`why`, in words), or somebody; `is_sure` where it can be read in one way only."""

    address: Address | None
    why: str = ""
    is_sure: bool = True


def author(values: Sequence[str], sender: Sequence[str] = ()) -> Author:
    """Who wrote it (RFC 5322 §3.6.2). `sender` is the field Sender, which says who of several authors sent it.

    A comma in a name without quotes, and an address without brackets, are read as everybody means them.
    """
    if not values:
        return Author(None, "it has no From field")
    found = [addresses([value]) for value in values[:_MOST_FROM]]
    if len(values) > 1 and len({tuple(a.email for a in of) for of in found}) > 1:
        return Author(None, f"it has {len(values)} From fields")
    authors = found[0]
    if not authors:
        return Author(None, "its From field names no address" if values[0].strip() else "its From field is empty")
    parts = _mailboxes(unfolded(values[0][:_MAX_ADDRESS_FIELD]))
    # Read in any other way, an @ too many could be the address that somebody else sees.
    with_signs = [email for _, email in parts if "@" in email]
    if len(authors) == 1 and len(with_signs) == 1:
        names = [name for name, email in parts if "@" in email and name]
        before = [email for _, email in itertools.takewhile(lambda part: "@" not in part[1], parts)]
        name = one_line(words(", ".join([*before, *names])), 200) or None
        is_usual = name is None or "<" in values[0] or "(" in values[0]
        return Author(Address(email=authors[0].email, name=name), is_sure=len(values) == 1 and is_usual)
    sent_by = addresses(sender[:1]) if len(authors) == len(with_signs) else []
    if len(sent_by) == 1:
        chosen = next((a for a in authors if a.email == sent_by[0].email), authors[0])
        return Author(chosen, is_sure=False)
    return Author(None, f"its From field names several addresses: {', '.join(a.email for a in authors[:3])}")


def _mailboxes(value: str) -> list[tuple[str, str]]:
    """Names and addresses of an address-list (RFC 5322 §3.4), as far as it can be understood: in one pass, whatever it is."""
    if len(value) <= _USUAL and (one := _plain(value)) is not None:
        return [one]
    scanner = _Scanner(value)
    while scanner.step():
        pass
    scanner.end_of_mailbox()
    return scanner.found


def _plain(value: str) -> tuple[str, str] | None:
    match = _PLAIN.match(value)
    if match is None:
        return None
    if match["bare"]:
        return "", match["bare"]
    return _ESCAPED.sub(r"\1", match["quoted"]) if match["quoted"] is not None else (match["words"] or "").strip(), match["angled"]


class _Quoted(str):
    """A word that stood in quotes."""

    __slots__ = ()


def _without_brackets(found: list[str], comments: list[str]) -> tuple[str, str]:
    """Name and address of a mailbox that has no angle brackets."""
    if len(found) > 1 and found[-1].startswith("@") and isinstance(found[-2], _Quoted):
        return " ".join([*found[:-2], *comments]), _quoted(found[-2]) + found[-1]
    signed = [word for word in found if "@" in word]
    if not signed:
        return "", " ".join(found)
    if len(found) > 1 and len(signed) == 1 and is_email(signed[0]):
        others = [word for word in found if word is not signed[0]]
        # Blanks around the signs of an address are allowed, if old (RFC 5322 §4.4).
        if not any(word.startswith(".") or word.endswith(".") for word in found[-2:]):
            return " ".join([*others, *comments]), signed[0]
    return " ".join(comments), "".join(found)


def _address(angled: str) -> str:
    match = _QUOTED_LOCAL.match(angled)
    if match is None:
        address = "".join(angled.split())
        return address[1:-1] if address[:1] == address[-1:] == "'" else address
    return _quoted(_ESCAPED.sub(r"\1", match[1])) + "".join(match[2].split())


def _quoted(local: str) -> str:
    """A local part in quotes, if it needs them (RFC 5321 §4.1.2)."""
    if _DOT_ATOM.fullmatch(local):
        return local
    return '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'


class _Scanner:
    """Reads an address-list token by token. Comments are read by counting, as they may be nested as deep as their author likes."""

    def __init__(self, value: str) -> None:
        self.found: list[tuple[str, str]] = []
        self._value = value
        self._position = 0
        self._words: list[str] = []
        self._comments: list[str] = []
        self._angled: str | None = None

    def step(self) -> bool:
        """Reads the next token; false at the end, and where there are more mailboxes than anybody writes to."""
        match = _TOKEN.match(self._value, self._position)
        if match is None or len(self.found) > MAX_ADDRESSES:
            return False
        self._position = match.end()
        match match.lastgroup:
            case "quoted":
                self._words.append(_Quoted(_ESCAPED.sub(r"\1", match["quoted"][:_USUAL])))
            case "angled":
                # A second one in the same mailbox is no part of it (RFC 5322 §3.4): it is a mailbox of its own.
                if self._angled is not None:
                    self.end_of_mailbox()
                self._angled = match["angled"].rpartition(":")[2] if match["angled"].startswith("@") else match["angled"]
            case "comment":
                self._comments.append(self._comment())
            case "colon" if self._angled is None and not any("@" in word for word in self._words):
                self._words.clear()  # the name of a group; its members follow
            case "end":
                self.end_of_mailbox()
            case "atom":
                self._words.append(match["atom"])
        return True

    def end_of_mailbox(self) -> None:
        words, self._words = self._words, []
        comments, self._comments = self._comments, []
        angled, self._angled = self._angled, None
        if angled is not None:
            self.found.append((" ".join(words) or " ".join(comments), _address(angled)))
        elif words:
            self.found.append(_without_brackets(words, comments))

    def _comment(self) -> str:
        start, depth, signs = self._position, 1, 0
        while depth and signs < _MOST_SIGNS and (match := _IN_COMMENT.search(self._value, self._position)) is not None:
            self._position, signs = match.end(), signs + 1
            depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth:
            self._position = len(self._value)
            return self._value[start : start + _USUAL]
        return self._value[start : self._position - 1]


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
