"""Who may do and see what. `sight` is the one place that says what of the desk a caller sees; everything that shows asks it."""

from enum import Enum
from typing import Final

VIEWER: Final = "viewer"
AGENT: Final = "agent"
LEAD: Final = "lead"
ADMIN: Final = "admin"
OPERATOR: Final = "operator"

_INCLUDES: Final[dict[str, frozenset[str]]] = {
    VIEWER: frozenset({VIEWER}),
    AGENT: frozenset({VIEWER, AGENT}),
    LEAD: frozenset({VIEWER, AGENT, LEAD}),
    ADMIN: frozenset({VIEWER, AGENT, LEAD, ADMIN}),
    # Runs the desk, and reads nobody's mail.
    OPERATOR: frozenset({OPERATOR}),
}
ROLES: Final = tuple(_INCLUDES)


def widened(roles: frozenset[str]) -> frozenset[str]:
    """The roles with all that they include; unknown ones give nothing."""
    return frozenset().union(*(_INCLUDES.get(role, frozenset()) for role in roles))


class Sight(Enum):
    """How much of the desk somebody sees. Whoever shows tickets, or anything of them, goes by it."""

    ALL = "all"
    NOTHING = "nothing"

    def condition(self) -> str:
        """The SQL condition on tickets, as `t`, for lists and counts."""
        return "true" if self is Sight.ALL else "false"

    def covers(self, ticket_id: str | None) -> bool:
        """Whether a ticket is seen, with its conversation, its attachments and what happens to it."""
        return self is Sight.ALL


def sight(caller: Subject) -> Sight:
    """Staff sees all. A customer's sight (own tickets, or their organization's) belongs here."""
    return Sight.ALL if VIEWER in widened(caller.roles) else Sight.NOTHING
