"""What somebody sees of the read model, as a condition on its tickets (as `t`)."""

from typing import Final

from deskstream_chassis.store.visibility import Columns, Condition, condition
from deskstream_contracts.visibility import Visibility

_TICKETS: Final = Columns(customer="t.customer_id", organization="t.organization_id", team="t.team_id")


def visible_tickets(visibility: Visibility) -> Condition:
    """The condition for lists, counts and details alike."""
    return condition(visibility, _TICKETS)


_COUNTS: Final = Columns(customer="NULL", team="t.team_id")


def visible_counts(visibility: Visibility) -> Condition:
    """The condition on kept counts (as `t`), which are by team: for whoever sees everything, but for closed teams."""
    return condition(visibility, _COUNTS)
