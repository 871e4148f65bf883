"""What is kept of a ticket's clocks."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sla_svc.domain.clocks import Clock
from sla_svc.domain.policy import KINDS, ClockKind, Policy, SlaConfiguration
from sla_svc.domain.ticket import Mode, Ticket


class Since(NamedTuple):
    """From when on who had the next move."""

    at: datetime
    mode: Mode


@dataclass(frozen=True, slots=True)
class TicketSla:
    """`version` counts what others could see of its clocks, and is 0 before anything was; `ticket` is the newest state heard.

    `policy` is the newest that was for the ticket, as of a version of the configuration; `covered` says whether one is still.
    `asked_at` is since when the customer waits for another answer. `moves` is its whole history, for clocks that start late.
    """

    id: UUID
    version: int
    ticket: Ticket
    policy: str
    policy_version: int
    configuration_version: int
    calendar: str
    clocks: tuple[Clock, ...] = ()
    correlation_id: str = ""
    covered: bool = True
    asked_at: datetime | None = None
    moves: tuple[Since, ...] = ()

    def clock(self, kind: ClockKind) -> Clock | None:
        """The clock of this kind; None where there is none."""
        return next((c for c in self.clocks if c.kind == kind), None)

    def with_clock(self, clock: Clock) -> "TicketSla":
        """The clock takes the place of the one of its kind."""
        clocks = {c.kind: c for c in (*self.clocks, clock)}
        return replace(self, clocks=tuple(clocks[kind] for kind in KINDS if kind in clocks))

    def under(self, policy: Policy | None, configuration: SlaConfiguration) -> "TicketSla":
        """By this policy from now on; None: by none, and the last one stays for the records."""
        if policy is None:
            return replace(self, covered=False)
        return replace(
            self,
            policy=policy.name,
            policy_version=policy.version,
            configuration_version=configuration.version,
            calendar=policy.calendar,
            covered=True,
        )

    @property
    def latest(self) -> datetime:
        """The newest moment that is part of its history: nothing can happen to it before."""
        moments = [self.ticket.opened_at, *(move.at for move in self.moves[-1:])]
        return max(moments + [s.end or s.start for c in self.clocks for s in c.spans[-1:]])

    def waited_since(self, kind: ClockKind) -> datetime | None:
        """Since when this is waited for: from us, unless the policy lets it rest meanwhile. None where it is not."""
        if not self.ticket.open:
            return None
        if kind == "next_response":
            return self.asked_at
        answered = kind == "first_response" and self.ticket.first_responded_at is not None
        return None if answered else self.ticket.opened_at

    def counted(self, modes: tuple[Mode, ...], since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches from `since` to `until` in which one of `modes` was so; those that touch are one."""
        begin: datetime | None = None
        for move in self.moves or (Since(self.ticket.opened_at, "working"),):
            counts = move.mode in modes
            if counts and begin is None:
                begin = max(move.at, since)
            elif not counts and begin is not None:
                if begin < move.at:
                    yield begin, move.at
                begin = None
        if begin is not None and begin < until:
            yield begin, until
