"""Who is at the other end: an address, and whom it is counted as."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_HOST_BITS: Final = 64


def address_of(peer: str) -> IPv4Address | IPv6Address | None:
    """An IPv4 address that a socket for both has written as an IPv6 one (RFC 4291 §2.5.5.2) is itself; None for what is none."""
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def counted_as(peer: str) -> str:
    """Whom a peer is counted as: its address; of IPv6 its network, a /64, in which a single host has any address that it likes."""
    address = address_of(peer)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address) >> _HOST_BITS << _HOST_BITS, _HOST_BITS)))
    return peer if address is None else str(address)
