"""The port of the language that conditions are written in, and the context they may look at."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol, Self

from deskstream_contracts.wire import MAX_LINE_CHARACTERS, MAX_PARAGRAPH_CHARACTERS
from routing_svc.domain.fields import Defined

Facts = Mapping[str, Mapping[str, Any]]
"""The documented context: ticket, requester, organization and, for escalations, sla. Absent texts are empty, not null."""

FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ticket": {
        "priority": "medium",
        "type": "Question",
        "subject": "subject",
        "text": "text",
        "content": "subject\ntext",  # subject and text, in lower case: what rules on words look at
        "tags": ["tag"],
        "channel": "email",
        "mailbox": "support",
        "language": "en",
        "status": "open",
        "custom_fields": {"field": "value"},
    },
    "requester": {
        "email": "ada@example.com",
        "domain": "example.com",
        "language": "en",
        "tags": ["tag"],
        "custom_fields": {"field": "value"},
    },
    "organization": {"name": "Example", "custom_fields": {"field": "value"}},
    "sla": {"clock": "resolution", "event": "breached", "policy": "Standard", "late_seconds": 0},
}
"""What there is to ask for, each with a value of its kind."""

MOST_TAGS: Final = 50
MOST_ENTRIES: Final = 100
_MOST_CHARACTERS: Final = {
    "text": MAX_PARAGRAPH_CHARACTERS,  # no event has more of it
    "subject": MAX_LINE_CHARACTERS,
    "content": MAX_LINE_CHARACTERS + 1 + MAX_PARAGRAPH_CHARACTERS,
    "tag": 100,
    "custom_fields": 1_000,
}


def most_characters(field: str) -> int:
    """So much of a text conditions see, from its beginning, and so much is assumed of what one costs. `tag` is one of `tags`."""
    return _MOST_CHARACTERS.get(field, 300)


def bounded(field: str, value: Any) -> Any:
    """The part of a field's value that conditions see: whole, but for what is larger than anybody writes rules about."""
    most = most_characters(field)
    match value:
        case str():
            return value[:most]
        case list() | tuple():
            return [str(tag)[: most_characters("tag")] for tag in value[:MOST_TAGS]]
        case dict():
            entries = islice(value.items(), MOST_ENTRIES)
            return {str(k)[:most]: v[:most] if isinstance(v, str) else v for k, v in entries}
        case _:
            return value


@dataclass(frozen=True, slots=True)
class ConditionOutcome:
    """One condition as it was evaluated: what it saw and what came out. An error counts as not matched."""

    expression: str
    values: Mapping[str, str]
    matched: bool
    error: str | None = None


class BadExpression(Exception):
    """An expression that cannot be taken, with the reason for the person who wrote it."""

    def __init__(self, expression: str, reason: str) -> None:
        super().__init__(reason)
        self.expression = expression
        self.reason = reason


class Condition(Protocol):
    """A condition, ready to be evaluated any number of times."""

    @property
    def expression(self) -> str:
        """Its text, as its author wrote it."""
        ...

    @property
    def needs(self) -> frozenset[tuple[str, str]]:
        """The fields it looks at, e.g. ("ticket", "tags")."""
        ...

    @property
    def cost(self) -> float:
        """Microseconds of CPU that evaluating it takes at most, as estimated from its text."""
        ...

    @property
    def explained_bytes(self) -> int:
        """How long its part of an explanation is at most."""
        ...

    def evaluate(self, prepared: Any) -> ConditionOutcome:
        """Evaluates it on what `Expressions.prepare` made. Never raises: an error is part of the outcome."""
        ...


@dataclass(frozen=True, slots=True)
class RefusedCondition:
    """A condition that was kept once and would not be taken today: it never matches, and says why."""

    expression: str
    reason: str
    needs: frozenset[tuple[str, str]] = frozenset()
    cost: float = 0.0

    @property
    def explained_bytes(self) -> int:
        return 4 * (len(self.expression) + len(self.reason)) + 100

    def evaluate(self, prepared: Any) -> ConditionOutcome:
        """Not matched, with the reason."""
        return ConditionOutcome(self.expression, {}, False, f"It is not taken any more: {self.reason}")


class Expressions(Protocol):
    """The language: an adapter of it is in `adapters/expressions.py`."""

    def compile(self, expression: str, kind: str) -> Condition:
        """Raises BadExpression. `kind` is the rule's: only escalations know `sla`."""
        ...

    def prepare(self, facts: Facts, needs: Collection[tuple[str, str]]) -> Any:
        """Turns the fields that are needed into what conditions are evaluated on; done once a decision."""
        ...

    def typed_by(self, defined: Defined) -> Self:
        """The same language, in which custom fields that are defined are of their kinds."""
        ...
