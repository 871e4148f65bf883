"""The actions of several rules, merged: an earlier rule's word stands, a later one fills what is unset."""

from dataclasses import dataclass, field

from deskstream_contracts.wire import MAX_FIELD_CHARACTERS, MAX_FIELDS, MAX_TAGS, Priority
from routing_svc.domain.rules import Actions, Strategy


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
        # What is more than a decision can hold is left out: what an earlier rule asked for goes before.
        self.tags = list(dict.fromkeys((*self.tags, *actions.tags)))[:MAX_TAGS]
        self.notify += [who for who in actions.notify if who not in self.notify]
        for name, value in actions.custom_fields.items():
            if name not in self.custom_fields and self._has_room(name, value):
                self.custom_fields[name] = value

    def _has_room(self, name: str, value: str) -> bool:
        held = sum(len(n) + len(v) for n, v in self.custom_fields.items())
        return len(self.custom_fields) < MAX_FIELDS and held + len(name) + len(value) <= MAX_FIELD_CHARACTERS
