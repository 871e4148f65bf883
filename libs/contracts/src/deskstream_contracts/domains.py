"""Domains of addresses: one form in which they are compared, and what may hold one.

A domain is kept as it stands in DNS: A-labels (IDNA 2008, RFC 5890 §2.3.2.1) in small letters. `*.acme.example` stands for all
domains below `acme.example`, and not for itself (as in RFC 6125 §6.4.3, but at any depth).
"""

from typing import Final

import idna

BELOW: Final = "*."
"""What a domain begins with that stands for all below another."""


def canonical(domain: str) -> str:
    """`Bücher.Example.` as `xn--bcher-kva.example`. What IDNA does not know stays as it is, in small letters."""
    name = domain.strip().lower().rstrip(".")
    prefix, name = (BELOW, name[2:]) if name.startswith(BELOW) else ("", name)
    if name.isascii():
        return prefix + name
    try:
        # What stands for a dot in other scripts may end it, too.
        return prefix + idna.encode(name, uts46=True).decode().rstrip(".")
    except idna.IDNAError:
        return prefix + name


def readable(domain: str) -> str:
    """As people write it: `xn--bcher-kva.example` is `bücher.example`. What IDNA does not know stays as it is."""
    try:
        return idna.decode(domain)
    except idna.IDNAError:
        return domain


def holders(domain: str) -> tuple[str, ...]:
    """What may hold a domain in its canonical form, the most particular first: itself, then all below what is above it. There are
    at least two labels to each."""
    labels = domain.split(".")
    return (domain, *(BELOW + ".".join(labels[n:]) for n in range(1, len(labels) - 1)))
