"""What of the desk's tickets somebody sees: resolved once, by the gateway, and carried to every owner in the internal token."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from deskstream_contracts.wire import WireModel

Part = Literal["conversation", "files", "progress", "notes", "decisions", "deliveries", "raw"]
"""Parts of a ticket that are shown or not; `raw` is a message as it was received, with all its headers."""
_OF_EVERYBODY: frozenset[Part] = frozenset({"conversation", "files", "progress"})


class Visibility(WireModel):
    """Either everything but the tickets of closed teams (the staff), or the tickets of some customers, organizations, projects.

    Nothing is given: nothing is seen.
    """

    everything: bool = Field(default=False, description="All tickets but those of `closed_team_ids`.")
    closed_team_ids: frozenset[UUID] = Field(default=frozenset(), description="Teams whose tickets stay unseen by `everything`.")
    customer_ids: frozenset[UUID] = Field(default=frozenset(), description="Customers whose tickets are seen.")
    organization_ids: frozenset[UUID] = Field(default=frozenset(), description="Organizations whose tickets are seen.")
    project_ids: frozenset[UUID] = Field(default=frozenset(), description="Projects whose tickets are seen.")

    def covers(
        self,
        *,
        customer_id: UUID | None,
        organization_id: UUID | None = None,
        team_id: UUID | None = None,
        project_id: UUID | None = None,
    ) -> bool:
        """Whether a ticket is seen that is of this customer, organization, team and project (None: of none)."""
        if self.everything:
            return team_id not in self.closed_team_ids
        return customer_id in self.customer_ids or organization_id in self.organization_ids or project_id in self.project_ids

    def shows(self, part: Part) -> bool:
        """Whether a part of a ticket that is covered is shown. Notes, decisions and deliveries are the staff's alone."""
        return self.everything or part in _OF_EVERYBODY


EVERYTHING = Visibility(everything=True)
NOTHING = Visibility()
