"""The actions of several rules, merged: an earlier rule's word stands, a later one fills what is unset."""

from dataclasses import dataclass, field

from routing_svc.domain.rules import Actions, Priority, Strategy


@dataclass(slots=True)
class Merged:
    """What all the rules that matched ask for together."""

    team: str | None = None
    agent: str | None = None
    strategy: Strategy | None = None
    priority: Priority | None = None
    raise_priority: bool = False
    ticket_type: str | None = None
    tags: list[str] = field(default_factory=list)
    custom_fields: dict[str, str] = field(default_factory=dict)
    sla_policy: str | None = None
    notify: list[str] = field(default_factory=list)
    escalate: bool = False

    def take(self, actions: Actions) -> None:
        """Takes the actions of the next rule that matched."""
        # An agent or a strategy that was meant for another team does not fit the team that is set.
        if self.team is None or actions.team in (None, self.team):
            self.team = self.team or actions.team
            self.agent = self.agent or actions.agent
            self.strategy = self.strategy or actions.strategy
        self.raise_priority = self.raise_priority or (actions.raise_priority and self.priority is None)
        self.priority = self.priority or (None if self.raise_priority else actions.priority)
        self.ticket_type = self.ticket_type or actions.ticket_type
        self.sla_policy = self.sla_policy or actions.sla_policy
        self.escalate = self.escalate or actions.escalate
        self.tags += [tag for tag in actions.tags if tag not in self.tags]
        self.notify += [who for who in actions.notify if who not in self.notify]
        for name, value in actions.custom_fields.items():
            self.custom_fields.setdefault(name, value)
