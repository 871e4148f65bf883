"""Policies: which targets a ticket has, and the configuration that holds policies and calendars as of one version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from deskstream_contracts.wire import Priority
from sla_svc.domain.calendar import BusinessCalendar, CalendarDefinition
from sla_svc.domain.ticket import Ticket

ClockKind = Literal["first_response", "next_response", "resolution"]
KINDS: Final[tuple[ClockKind, ...]] = ("first_response", "next_response", "resolution")


@dataclass(frozen=True, slots=True)
class Targets:
    """Seconds of the policy's calendar; None: no such clock."""

    first_response: int | None = None
    next_response: int | None = None
    resolution: int | None = None

    def of(self, kind: ClockKind) -> timedelta | None:
        """The target of a kind of clock; None: no such clock."""
        seconds = getattr(self, kind)
        return None if seconds is None else timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Each list that is not empty must have the ticket's value (for tags: one of them). Organizations and teams: names or ids."""

    priorities: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """How many values they name."""
        return sum(map(len, (self.priorities, self.types, self.organizations, self.teams, self.tags)))

    def match(self, ticket: Ticket) -> bool:
        """Whether all that is asked for holds, without regard to case."""
        return (
            _has(self.priorities, ticket.priority)
            and _has(self.types, ticket.ticket_type)
            and _has(self.organizations, ticket.organization_name, ticket.organization_id)
            and _has(self.teams, ticket.team_name, ticket.team_id)
            and _has(self.tags, *ticket.tags)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """`warn_before` (seconds of business time before the due time) goes before `warn_fraction` (of the target)."""

    name: str
    version: int
    targets: Mapping[Priority, Targets]
    conditions: Conditions = Conditions()
    is_default: bool = False
    calendar: str = "24x7"
    pause_while_waiting: bool = True
    warn_fraction: float = 0.8
    warn_before: int | None = None

    def target(self, priority: Priority, kind: ClockKind) -> timedelta | None:
        """Business time within which a clock is to end; None: no such clock."""
        targets = self.targets.get(priority)
        return None if targets is None else targets.of(kind)

    def warn_after(self, target: timedelta) -> timedelta:
        """After how much business time a clock of this target warns."""
        if self.warn_before is not None:
            return max(target - timedelta(seconds=self.warn_before), timedelta(0))
        return target * self.warn_fraction


@dataclass(frozen=True, slots=True)
class SlaConfiguration:
    """Policies in their order and calendars by name, as of one version."""

    version: int
    policies: tuple[Policy, ...]
    calendars: Mapping[str, BusinessCalendar]
    definitions: tuple[CalendarDefinition, ...] = field(default=())

    def policy(self, name: str) -> Policy | None:
        """By name, without regard to case."""
        return next((p for p in self.policies if p.name.casefold() == name.casefold()), None)

    def choose(self, ticket: Ticket) -> Policy | None:
        """The policy that was asked for by name, else the first whose conditions match, else the default."""
        if ticket.sla_policy and (asked := self.policy(ticket.sla_policy)):
            return asked
        default: Policy | None = None
        for policy in self.policies:
            if policy.is_default:
                default = policy
            elif policy.conditions.match(ticket):
                return policy
        return default


def _has(wanted: Sequence[str], *values: object) -> bool:
    if not wanted:
        return True
    there = {str(v).casefold() for v in values if v is not None}
    return any(w.casefold() in there for w in wanted)
