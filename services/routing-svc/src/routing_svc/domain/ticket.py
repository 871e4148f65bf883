"""What routing knows of a ticket: enough to count it, to decide on it once, and to escalate each clock's event once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from routing_svc.domain.decide import Subject
from routing_svc.domain.rules import Priority


@dataclass(frozen=True, slots=True)
class Escalation:
    """Something that a clock told. `run` is when the clock was started: a clock that starts anew may escalate anew."""

    clock: str
    event: str
    policy: str
    late_seconds: int
    run: datetime

    @property
    def key(self) -> str:
        return f"{self.clock} {self.event} {self.run.isoformat()}"

    @property
    def occasion(self) -> str:
        clock = self.clock.replace("_", " ")
        happened = "is about to be missed" if self.event == "warned" else "was missed"
        return f"The {clock} target of policy “{self.policy}” {happened}."


@dataclass(frozen=True, slots=True)
class Seen:
    """A ticket as an event shows it."""

    id: UUID
    version: int
    number: int
    open: bool
    priority: Priority
    team_id: UUID | None
    agent_id: UUID | None
    facts: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RoutedTicket:
    """`version` is the ticket's own; 0 where only a clock has told of it yet, and `pending` waits for the ticket itself.

    `reserved` is true from a decision until ticket-svc tells of an assignment: events that were under way do not undo it.
    """

    id: UUID
    version: int = 0
    number: int | None = None
    open: bool = False
    priority: Priority = "medium"
    team_id: UUID | None = None
    agent_id: UUID | None = None
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    decided: bool = False
    reserved: bool = False
    escalated: tuple[str, ...] = ()
    pending: tuple[Escalation, ...] = ()

    @property
    def counted_for(self) -> UUID | None:
        """Whose load it is part of."""
        return self.agent_id if self.open else None

    def subject(self, escalation: Escalation | None = None) -> Subject:
        facts = self.facts
        occasion = ""
        if escalation is not None:
            sla = {
                "clock": escalation.clock,
                "event": escalation.event,
                "policy": escalation.policy,
                "late_seconds": escalation.late_seconds,
            }
            facts, occasion = {**facts, "sla": sla}, escalation.occasion
        return Subject(self.id, self.version, self.priority, self.team_id, self.agent_id, facts, occasion)


def follow(known: RoutedTicket | None, seen: Seen, *, assigned: bool) -> RoutedTicket:
    """The ticket after an event; an older event than the newest seen changes nothing. `assigned`: the event is an assignment."""
    before = known or RoutedTicket(seen.id)
    if seen.version <= before.version:
        return before
    reserved = before.reserved and not assigned
    keeps = reserved and seen.agent_id is None
    facts = seen.facts
    if "text" not in facts["ticket"]:
        text = before.facts["ticket"]["text"] if before.facts else ""
        facts = {**facts, "ticket": {**facts["ticket"], "text": text}}
    return replace(
        before,
        version=seen.version,
        number=seen.number,
        open=seen.open,
        priority=seen.priority,
        team_id=before.team_id if keeps else seen.team_id,
        agent_id=before.agent_id if keeps else seen.agent_id,
        facts=facts,
        reserved=reserved,
    )


def reserve(ticket: RoutedTicket, team_id: UUID | None, agent_id: UUID | None) -> RoutedTicket:
    return replace(ticket, team_id=team_id, agent_id=agent_id, reserved=True)
