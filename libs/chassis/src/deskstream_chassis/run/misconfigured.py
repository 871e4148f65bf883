"""Settings that a service cannot, or must not, be run with: said in a sentence each to whoever runs it, and never with a value."""

from collections.abc import Sequence
from ipaddress import IPv6Network, ip_address, ip_network
from typing import Final

from pydantic import ValidationError

_SHORTEST_SECRET: Final = 16
_FEWEST_CHARACTERS: Final = 8
_UNIQUE_LOCAL: Final = IPv6Network("fc00::/7")
_WIDEST_IPV4: Final = 8
_WIDEST_IPV6: Final = 32


class Misconfigured(ValueError):
    """The message is a sentence for whoever runs the service; it names settings, and no secret."""


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach what listens, or is reached, at `host`."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def refuse_guessable(setting: str, secrets: Sequence[str]) -> None:
    """Raises Misconfigured where one of the secrets can be guessed: for services that are reached from outside."""
    for secret in secrets:
        if len(secret) < _SHORTEST_SECRET or len(set(secret)) < _FEWEST_CHARACTERS:
            raise Misconfigured(
                f"{setting} can be guessed, and this service is reached from outside: make one with `openssl rand -hex 32`"
            )


def refuse_everybody(setting: str, networks: Sequence[str]) -> None:
    """Raises Misconfigured where a network is so wide that strangers are in it, and ValueError for what is no network (CIDR)."""
    for given in networks:
        network = ip_network(given, strict=False)
        if isinstance(network, IPv6Network):
            wide = network.prefixlen < _WIDEST_IPV6 and not network.subnet_of(_UNIQUE_LOCAL)
        else:
            wide = network.prefixlen < _WIDEST_IPV4
        if wide:
            raise Misconfigured(
                f"{setting} has {given}, and this service is reached from outside: whoever sends mail could say who they are; "
                "name the networks of your relays"
            )


def sentences(error: ValueError, prefix: str) -> list[str]:
    """What is wrong, a line each. `prefix`: what the service's environment variables begin with."""
    if not isinstance(error, ValidationError):
        return [str(error)]
    found = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        words = problem["msg"].removeprefix("Value error, ")
        where = ".".join(map(str, problem["loc"]))
        found.append(f"{prefix}{where.upper()}: {words}" if where else words)
    return found
