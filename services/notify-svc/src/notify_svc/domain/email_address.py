"""An address as mail servers take it: one spelling for all that mean the same mailbox, or why there is none.

RFC 5321 §4.1.2 (its form), RFC 5890 and UTS #46 (domains of any script become their xn-- form), RFC 6531 (local parts of any
script).
"""

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

import idna

from notify_svc.domain.wording import REPLACEMENT

_LONGEST_OCTETS: Final = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
_LONGEST_DOMAIN: Final = 253
_LONGEST_SHOWN: Final = 320
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_DOT_ATOM: Final = re.compile(rf"\A{_ATOM}(\.{_ATOM})*\Z")
# Underscores are in no host's name, and in some domains that do take mail.
_LABEL: Final = re.compile(r"\A[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")


class Unusable(ValueError):
    """No mail server would take this for an address; the message says why, in words for people."""


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """`local` is quoted where it must be; `domain` is in lower case and ASCII."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only a server that offers SMTPUTF8 (RFC 6531) can be given it."""
        return not self.local.isascii()


def parse(text: str) -> EmailAddress:
    """The address that a text means, whatever its case and whichever form its domain is in. Raises Unusable."""
    local, at, domain = text.strip(" \t").rpartition("@")
    if not at or not local or not domain:
        raise Unusable("it is no mail address" if text.strip() else "there is no mail address")
    found = EmailAddress(_local(local), _domain(domain))
    if len(str(found).encode()) > _LONGEST_OCTETS:
        raise Unusable(f"the address is longer than the {_LONGEST_OCTETS} octets that mail servers take")
    return found


def _local(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    content = re.sub(r"\\(.)", r"\1", text[1:-1]) if quoted else text
    if not content.isprintable() or REPLACEMENT in content or any(map(_is_disguised, content)):
        raise Unusable("the part before the @ has characters that no address can have")
    content = unicodedata.normalize("NFC", content.lower())
    if _DOT_ATOM.match(content):
        return content
    if not content.strip():
        raise Unusable("there is nothing before the @")
    return '"' + re.sub(r'(["\\])', r"\\\1", content) + '"'


def _is_disguised(character: str) -> bool:
    # The Kelvin sign (U+212A) is a K to Unicode, and another mailbox to the mail server.
    return not character.isascii() and unicodedata.normalize("NFC", character.lower()).isascii()


def _domain(text: str) -> str:
    if text.startswith("[") and text.endswith("]"):
        return _literal(text[1:-1])
    try:
        # Only what is not in it is mapped by its rules: names that DNS has, and IDNA would not let in, are left alone.
        name = text.lower() if text.isascii() else idna.uts46_remap(text, std3_rules=False, transitional=False)
        labels = [label if label.isascii() else idna.alabel(label).decode() for label in name.removesuffix(".").split(".")]
    except (idna.IDNAError, UnicodeError) as error:
        raise Unusable("the part after the @ cannot be written as a domain (IDNA 2008)") from error
    domain = ".".join(labels).lower()
    if len(domain) > _LONGEST_DOMAIN or not all(_LABEL.match(label) for label in labels):
        raise Unusable("the part after the @ is no domain")
    return domain


def _literal(text: str) -> str:
    version_6 = text.lower().startswith("ipv6:")
    try:
        ip = ip_address(text[5:] if version_6 else text)
    except ValueError as error:
        raise Unusable("the part after the @ is no domain") from error
    if (ip.version == 6) != version_6:
        raise Unusable("the part after the @ is no domain")
    return f"[IPv6:{ip}]" if version_6 else f"[{ip}]"


def spelling(text: str) -> str:
    """What an address is known by: the same for each way to write it. Of what is no address: itself, fit to be kept and shown,
    and still no address."""
    try:
        return str(parse(text))
    except Unusable:
        return "".join(c if c.isprintable() else REPLACEMENT for c in text[:_LONGEST_SHOWN])
