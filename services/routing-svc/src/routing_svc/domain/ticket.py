"""A ticket as routing sees it: enough to count it, to decide on it once, and to escalate each clock's event once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from deskstream_contracts.wire import Priority
from routing_svc.domain.decide import Case, Deadline


@dataclass(frozen=True, slots=True)
class Escalation:
    """A clock has warned or was breached. `run` is when the clock was started: a clock that starts anew may escalate anew.

    So may one that warns again, for another `due_at`; None: heard by a release that did not keep it.
    """

    clock: str
    event: str
    policy: str
    late_seconds: int
    run: datetime
    due_at: datetime | None = None  # what waits since before it was kept has none

    @property
    def key(self) -> str:
        """Names the run of the clock, which of the two it was, and what it warned of, so that it escalates once."""
        of = f" {self.due_at.isoformat()}" if self.event == "warned" and self.due_at else ""
        return f"{self.clock} {self.event} {self.run.isoformat()}{of}"

    @property
    def deadline(self) -> Deadline | None:
        """For those who are told of it."""
        late = self.late_seconds if self.event == "breached" else 0
        return Deadline(self.clock, self.event, self.policy, self.due_at, late) if self.due_at else None

    @property
    def occasion(self) -> str:
        """What happened, as a sentence for people."""
        clock = self.clock.replace("_", " ")
        happened = "is about to be missed" if self.event == "warned" else "was missed"
        return f"The {clock} target of policy “{self.policy}” {happened}.{self._when}"

    @property
    def _when(self) -> str:
        if self.due_at is None:
            return ""
        due = f"{self.due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        if self.event == "warned":
            return f" It is due at {due}."
        hours, minutes = divmod(self.late_seconds // 60, 60)
        late = f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else "less than a minute"
        return f" It was due at {due} and is {late} late."


@dataclass(frozen=True, slots=True)
class HeardTicket:
    """A ticket as an event shows it."""

    id: UUID
    version: int
    number: int
    open: bool
    priority: Priority
    customer_id: UUID
    organization_id: UUID | None
    team_id: UUID | None
    agent_id: UUID | None
    facts: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RoutedTicket:
    """`version` is the ticket's own; 0 where only its clocks were heard of yet, and `pending` waits for the ticket itself.

    `reserved` is true from a decision until ticket-svc says that it has assigned the ticket: events that were under way meanwhile
    do not undo it; and so is a priority, from the decision `prioritised_by` on. `customer_id` and `organization_id` say whose it
    is; None also where it was last heard of before they were kept.
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
    customer_id: UUID | None = None
    organization_id: UUID | None = None
    prioritised_by: UUID | None = None

    @property
    def counted_for(self) -> UUID | None:
        """Whose load it is part of."""
        return self.agent_id if self.open else None

    def case(self, escalation: Escalation | None = None) -> Case:
        """What there is to decide on: the ticket as it is, or what a clock makes of it."""
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
        return Case(self.id, self.version, self.priority, self.team_id, self.agent_id, facts, occasion)

    def case_as_new(self) -> Case:
        """The ticket as if it had just been opened, so that an assignment can be tried on it again."""
        return Case(self.id, self.version, self.priority, self.team_id, None, self.facts)


@dataclass(frozen=True, slots=True)
class Prioritised:
    """An event is about the priority: set by a decision of ours, or by somebody else (None)."""

    decision_id: UUID | None


def follow(
    before: RoutedTicket | None, heard: HeardTicket, *, assigned: bool, prioritised: Prioritised | None = None
) -> RoutedTicket:
    """The ticket after an event; an event that is older than the newest heard changes nothing. `assigned`: it is an assignment."""
    before = before or RoutedTicket(heard.id)
    if heard.version <= before.version:
        return before
    reserved = before.reserved and not assigned
    keeps = reserved and heard.agent_id is None
    facts = heard.facts
    if "text" not in facts["ticket"]:
        text = before.facts["ticket"]["text"] if before.facts else ""
        facts = {**facts, "ticket": {**facts["ticket"], "text": text}}
    under_way = before.prioritised_by
    if not heard.open or (prioritised is not None and prioritised.decision_id in (None, under_way)):
        under_way = None
    followed = replace(
        before,
        version=heard.version,
        number=heard.number,
        open=heard.open,
        priority=heard.priority,
        customer_id=heard.customer_id,
        organization_id=heard.organization_id,
        team_id=before.team_id if keeps else heard.team_id,
        agent_id=before.agent_id if keeps else heard.agent_id,
        facts=facts,
        reserved=reserved,
        prioritised_by=under_way,
    )
    return followed if under_way is None else _with_priority(followed, before.priority)


def escalate(ticket: RoutedTicket, escalation: Escalation) -> RoutedTicket:
    """The ticket, marked as escalated for this; the very same where it has been. One that is not known yet lets it wait."""
    if escalation.key in ticket.escalated:
        return ticket
    # Topics overtake each other: at version 0 the ticket itself is still under way.
    pending = (*ticket.pending, escalation) if ticket.version == 0 else ticket.pending
    return replace(ticket, escalated=(*ticket.escalated, escalation.key), pending=pending)


def prioritise(ticket: RoutedTicket, priority: Priority | None, decision_id: UUID) -> RoutedTicket:
    """The ticket with the priority that a decision gives it (None: none), until that is heard: so the next one goes on from there.

    Of two clocks that are breached at one moment each raises the priority, although no event of the first rise has come back yet.
    """
    if priority is None or priority == ticket.priority:
        return ticket
    return replace(_with_priority(ticket, priority), prioritised_by=decision_id)


def _with_priority(ticket: RoutedTicket, priority: Priority) -> RoutedTicket:
    return replace(ticket, priority=priority, facts={**ticket.facts, "ticket": {**ticket.facts["ticket"], "priority": priority}})


def reserve(ticket: RoutedTicket, team_id: UUID | None, agent_id: UUID | None) -> RoutedTicket:
    """The ticket as a decision gives it away, until its assignment is heard."""
    return replace(ticket, team_id=team_id, agent_id=agent_id, reserved=True)
