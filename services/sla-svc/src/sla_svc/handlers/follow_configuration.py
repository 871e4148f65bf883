"""Policies or calendars were edited, and tickets that are open already are to go by them.

They may be many, so that it is long work: one step a ticket.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from deskstream_chassis.store.database import Connection
from deskstream_chassis.store.processes import Step
from deskstream_contracts.wire import Actor
from sla_svc.domain.policy import SlaConfiguration
from sla_svc.domain.sla import follow_configuration
from sla_svc.persistence import queries
from sla_svc.persistence.unit import SlaUnit


class PutInForce(NamedTuple):
    """The configuration after a command, and the job in which open tickets follow to it; None without one."""

    configuration: SlaConfiguration
    job_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class FollowConfiguration:
    """The clocks of one ticket go by this version of the configuration, if they still go by an older one."""

    ticket_id: UUID
    version: int

    def needs(self, unit: SlaUnit) -> None:
        unit.slas.need(self.ticket_id)
        unit.configurations.need(self.version)

    def handle(self, unit: SlaUnit) -> None:
        sla, configurations = unit.slas.get(self.ticket_id), unit.configurations
        if sla is not None:
            unit.keep(*follow_configuration(sla, unit.now, configurations.of(self.version), configurations.of))


@dataclass(frozen=True, slots=True)
class OpenTicketsFollow:
    """The process. A ticket's id is the cursor."""

    kind: ClassVar[str] = "open_tickets_follow"
    version: int

    @staticmethod
    def of(version: int) -> "OpenTicketsFollow":
        """Made of its arguments again."""
        return OpenTicketsFollow(version)

    @property
    def subject(self) -> str:
        return f"configuration/{self.version}"

    def arguments(self) -> Mapping[str, Any]:
        return {"version": self.version}

    async def total(self, connection: Connection) -> int:
        """Counted at the beginning."""
        return await queries.behind_count(connection, self.version)

    async def steps(self, connection: Connection, after: str | None, limit: int) -> list[Step]:
        """Looks for tickets that are open still; those that go by this version or a newer one by now have followed already."""
        tickets = await queries.behind(connection, self.version, UUID(after) if after else None, limit)
        return [Step(str(id_), FollowConfiguration(id_, self.version)) for id_ in tickets]


def let_open_tickets_follow(unit: SlaUnit, configuration: SlaConfiguration, by: Actor) -> UUID:
    """Begins the process. Returns its id."""
    return unit.begin_process(OpenTicketsFollow(configuration.version), by)
