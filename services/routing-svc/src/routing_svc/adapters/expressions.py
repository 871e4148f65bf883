"""Conditions in CEL (Common Expression Language, https://cel.dev): the adapter of the port in `domain/conditions.py`.

An expression is checked before it is taken: it must parse (`cel_syntax.py`), ask only for what the documented context has and cost
little on the largest ticket (`cel_cost.py`), and give true or false on an example. CEL has no loops but those over a list, and its
regular expressions run in linear time.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import cel

from routing_svc.adapters.cel_cost import Look
from routing_svc.adapters.cel_syntax import Unreadable, read
from routing_svc.domain.conditions import FIELDS, BadExpression, ConditionOutcome, Facts, bounded
from routing_svc.domain.fields import Defined, Fields

MAX_LENGTH: Final = 2000
CUSTOM: Final = "custom_fields"
_SHOWN: Final = 120
_ERROR_SHOWN: Final = 300


def mentions(text: str, words: Collection[str]) -> bool:
    """Whether any of the words stands in the text, without regard to case, also inside a longer word (Rechnungsnummer).

    CEL's own `matches` compiles its pattern on every call, at up to a millisecond; this takes microseconds.
    """
    if not isinstance(text, str) or isinstance(words, str):
        raise TypeError("mentions takes a text, and a list of words to look for")
    folded = text.casefold()
    return any(word.casefold() in folded for word in words)


def _context(facts: dict[str, Any]) -> Any:
    context = cel.Context(facts)
    context.add_function("mentions", mentions)
    return context


@dataclass(frozen=True, slots=True)
class CelCondition:
    expression: str
    program: Any
    paths: tuple[tuple[str, tuple[str, ...]], ...]
    needs: frozenset[tuple[str, str]]
    cost: float

    @property
    def explained_bytes(self) -> int:
        # Values and errors are foreign text: in UTF-8 a character takes up to four bytes.
        shown = sum(len(name) + 4 * _SHOWN for name, _ in self.paths)
        return len(json.dumps(self.expression, ensure_ascii=False).encode()) + shown + _ERROR_SHOWN + 100

    def evaluate(self, prepared: Any) -> ConditionOutcome:
        """Never raises: what goes wrong inside the expression is in the outcome."""
        error: str | None = None
        matched = False
        try:
            matched = self.program.execute(prepared.context) is True
        except Exception as problem:  # whatever goes wrong inside an expression is its author's to see, not ours to fall over
            # Of a field that is defined, no value is nothing wrong: there is only nothing to match.
            if not prepared.lacks(self.paths):
                error = f"{type(problem).__name__}: {problem}"[:_ERROR_SHOWN]
        return ConditionOutcome(self.expression, {name: prepared.shown(name, path) for name, path in self.paths}, matched, error)


class Prepared:
    """Facts as CEL takes them, made once a decision; and as people are shown them, each made once.

    Only what is needed is handed over: copying every text of a ticket costs more than all the conditions. Of what is larger than
    anybody writes rules about, the beginning is seen.
    """

    __slots__ = ("_custom", "_facts", "_shown", "_typed", "context")

    def __init__(self, facts: Facts, needs: Collection[tuple[str, str]], custom: Fields) -> None:
        picked: dict[str, dict[str, Any]] = {name: {} for name in facts}
        for root, name in needs:
            fields = facts.get(root, {})
            if name in fields:
                picked[root][name] = bounded(name, fields[name])
            elif (root, name) == ("ticket", "content"):
                picked[root][name] = bounded(name, content(fields))
        self._facts = picked
        self._custom = custom
        self._shown: dict[str, str] = {}
        self._typed = {root: self._of_their_kinds(root, of, facts) for root, of in picked.items()}
        self.context = _context(self._typed)

    def _of_their_kinds(self, root: str, picked: dict[str, Any], facts: Facts) -> dict[str, Any]:
        if CUSTOM not in picked or not self._custom.are_defined(root):
            return picked
        return {**picked, CUSTOM: bounded(CUSTOM, self._custom.typed(root, facts[root][CUSTOM]))}

    def lacks(self, paths: Collection[tuple[str, tuple[str, ...]]]) -> bool:
        """Whether one of these is a custom field that is defined, and has no value here."""
        return any(
            len(path) > 2
            and path[1] == CUSTOM
            and self._custom.is_defined(path[0], path[2])
            and path[2] not in self._typed[path[0]][CUSTOM]
            for _, path in paths
        )

    def shown(self, name: str, path: tuple[str, ...]) -> str:
        """The value of a path as people are shown it, cut at 120 characters."""
        found = self._shown.get(name)
        if found is None:
            found = self._shown[name] = _shown(self._facts, path)
        return found


class CelExpressions:
    def __init__(self, defined: Defined | None = None) -> None:
        self._custom = Fields(defined or {})

    def typed_by(self, defined: Defined) -> Self:
        """The same, for other definitions: what is compiled knows nothing of them."""
        return type(self)(defined)

    def compile(self, expression: str, kind: str) -> CelCondition:
        """Makes a condition of CEL text. Raises BadExpression for what no ticket can answer, and what would cost too much."""
        if not 0 < len(expression) <= MAX_LENGTH:
            raise BadExpression(expression, f"an expression has 1 to {MAX_LENGTH} characters")
        roots = frozenset(name for name in FIELDS if kind == "escalation" or name != "sla")
        try:
            look = Look(read(expression), roots)
            program = cel.compile(expression)
        except Unreadable as problem:
            raise BadExpression(expression, str(problem)) from problem
        except Exception as problem:
            raise BadExpression(expression, str(problem)[:500]) from problem
        self._try(expression, program, {name: FIELDS[name] for name in roots})
        paths = tuple((".".join(path), path) for path in look.paths)
        return CelCondition(expression, program, paths, frozenset(look.needs), look.cost)

    def prepare(self, facts: Facts, needs: Collection[tuple[str, str]]) -> Prepared:
        """Makes of facts what the conditions of one decision are evaluated on."""
        return Prepared(facts, needs, self._custom)

    def _try(self, expression: str, program: Any, example: Facts) -> None:
        try:
            result = program.execute(_context(dict(example)))
        except (KeyError, IndexError):
            return  # a custom field or a tag that the example does not have
        except Exception as problem:
            raise BadExpression(expression, str(problem)[:500]) from problem
        if not isinstance(result, bool):
            raise BadExpression(expression, f"it gives {type(result).__name__}, and must give true or false")


def content(ticket: Mapping[str, Any]) -> str:
    """Subject and text in lower case: what rules on words look at."""
    subject, text = bounded("subject", ticket.get("subject", "")), bounded("text", ticket.get("text", ""))
    return f"{subject}\n{text}".lower()


def _shown(facts: Facts, path: tuple[str, ...]) -> str:
    value: Any = facts
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
