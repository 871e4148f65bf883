"""Who asks: somebody of the staff, a customer, or a program. The one list of roles."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from deskstream_contracts.visibility import EVERYTHING, Visibility
from deskstream_contracts.wire import Actor


class Role(StrEnum):
    """What one of the staff, or a program, may do. Customers have no roles: they have a face of their own."""

    VIEWER = "viewer"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"
    OPERATOR = "operator"


READERS: Final = (Role.VIEWER, Role.AGENT, Role.LEAD, Role.ADMIN)
"""Who may look at tickets, customers and configuration."""
AGENTS: Final = (Role.AGENT, Role.LEAD, Role.ADMIN)
"""Who may work on tickets and customers."""
LEADS: Final = (Role.LEAD, Role.ADMIN)
"""Who may change rules, policies, teams and organizations."""
OPERATORS: Final = (Role.OPERATOR, Role.ADMIN)
"""Who runs the desk."""
ACCOUNTABLE: Final = (Role.VIEWER, Role.AGENT, Role.LEAD, Role.ADMIN, Role.OPERATOR)
"""Who may see what became of what was received and sent; an operator sees no content."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A person of the desk. `roles` holds all that the person's roles include."""

    id: str
    name: str
    roles: frozenset[Role]
    visibility: Visibility = EVERYTHING


@dataclass(frozen=True, slots=True)
class Program:
    """Something that asks with a key of its own."""

    id: str
    name: str
    roles: frozenset[Role]
    visibility: Visibility = EVERYTHING


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer who has signed in; `id` is that of the customer."""

    id: str
    name: str
    visibility: Visibility

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset()


Subject = Staff | Program | Customer


def actor(subject: Subject) -> Actor:
    """The subject as events and histories name it."""
    match subject:
        case Staff():
            return Actor(kind="agent", id=subject.id, name=subject.name)
        case Program():
            return Actor(kind="program", id=subject.id, name=subject.name)
        case Customer():
            return Actor(kind="customer", id=subject.id, name=subject.name)
        case _:
            assert_never(subject)
