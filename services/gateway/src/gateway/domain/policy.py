"""Who may do what: the roles that a role includes. What somebody sees of the tickets is their visibility (contracts)."""

from collections.abc import Iterable
from typing import Final

from deskstream_chassis.web.subjects import Role

_INCLUDES: Final[dict[Role, frozenset[Role]]] = {
    Role.VIEWER: frozenset({Role.VIEWER}),
    Role.AGENT: frozenset({Role.VIEWER, Role.AGENT}),
    Role.LEAD: frozenset({Role.VIEWER, Role.AGENT, Role.LEAD}),
    Role.ADMIN: frozenset({Role.VIEWER, Role.AGENT, Role.LEAD, Role.ADMIN}),
    # Runs the desk, and reads nobody's mail.
    Role.OPERATOR: frozenset({Role.OPERATOR}),
}


def widened(roles: Iterable[str]) -> frozenset[Role]:
    """The roles with all that they include; unknown ones give nothing."""
    known = [Role(role) for role in roles if role in Role.__members__.values()]
    return frozenset().union(*(_INCLUDES[role] for role in known))
