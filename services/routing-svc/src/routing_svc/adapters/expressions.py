"""Conditions in CEL (Common Expression Language, https://cel.dev): the adapter of the port in `domain/conditions.py`.

An expression is checked before it is taken: it must parse, ask only for what the documented context has, call only functions that
exist, and give true or false on an example. CEL has no loops, and its regular expressions run in linear time.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import cel

from routing_svc.domain.conditions import FIELDS, BadExpression, ConditionOutcome, Facts

MAX_LENGTH: Final = 2000
_SHOWN = 120
_LITERAL = re.compile(r'"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', re.DOTALL)
_PATH = re.compile(r"(?<![\w.])(ticket|requester|organization|sla)((?:\s*\.\s*[A-Za-z_]\w*)*)(\s*\()?")
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_FUNCTIONS: Final = {
    "mentions",
    *("contains", "startsWith", "endsWith", "matches", "size", "max", "min", "has", "type", "dyn"),
    *("int", "uint", "double", "string", "bytes", "timestamp", "duration"),
    *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"),
    *("getHours", "getMinutes", "getSeconds"),
}


def mentions(text: str, words: Collection[str]) -> bool:
    """Whether any of the words stands in the text, without regard to case, also inside a longer word (Rechnungsnummer).

    CEL's own `matches` compiles its pattern on every call, at up to a millisecond; this takes microseconds.
    """
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

    def evaluate(self, prepared: Any) -> ConditionOutcome:
        """Never raises: what goes wrong inside the expression is in the outcome."""
        error: str | None = None
        matched = False
        try:
            matched = self.program.execute(prepared.context) is True
        except Exception as problem:  # whatever goes wrong inside an expression is its author's to see, not ours to fall over
            error = f"{type(problem).__name__}: {problem}"[:300]
        return ConditionOutcome(self.expression, {name: prepared.shown(name, path) for name, path in self.paths}, matched, error)


class Prepared:
    """Facts as CEL takes them, made once a decision; and as people are shown them, each made once.

    Only what is needed is handed over: copying every text of a ticket costs more than all the conditions.
    """

    __slots__ = ("_facts", "_shown", "context")

    def __init__(self, facts: Facts, needs: Collection[tuple[str, str]]) -> None:
        picked: dict[str, dict[str, Any]] = {name: {} for name in facts}
        for root, name in needs:
            fields = facts.get(root, {})
            if name in fields:
                picked[root][name] = fields[name]
            elif (root, name) == ("ticket", "content"):
                picked[root][name] = content(fields)
        self._facts = picked
        self._shown: dict[str, str] = {}
        self.context = _context(picked)

    def shown(self, name: str, path: tuple[str, ...]) -> str:
        """The value of a path as people are shown it, cut at 120 characters."""
        found = self._shown.get(name)
        if found is None:
            found = self._shown[name] = _shown(self._facts, path)
        return found


class CelExpressions:
    def compile(self, expression: str, kind: str) -> CelCondition:
        """Makes a condition of CEL text. Raises BadExpression where it says what no ticket can answer."""
        if not 0 < len(expression) <= MAX_LENGTH:
            raise BadExpression(expression, f"an expression has 1 to {MAX_LENGTH} characters")
        try:
            program = cel.compile(expression)
        except Exception as problem:
            raise BadExpression(expression, str(problem)[:500]) from problem
        bare = _LITERAL.sub('""', expression)
        roots = {name for name in FIELDS if kind == "escalation" or name != "sla"}
        for name in set(program.variables()) - set(_BOUND.findall(bare)) - roots:
            hint = "only escalation rules know sla" if name == "sla" else f"there are {', '.join(sorted(roots))}"
            raise BadExpression(expression, f"{name} is not known here: {hint}")
        for name in program.functions():
            if name.isidentifier() and name not in _FUNCTIONS:
                raise BadExpression(expression, f"there is no function {name}")
        paths, needs = _paths(expression, bare)
        self._try(expression, program, {name: FIELDS[name] for name in roots})
        return CelCondition(expression, program, paths, needs)

    def prepare(self, facts: Facts, needs: Collection[tuple[str, str]]) -> Prepared:
        """Makes of facts what the conditions of one decision are evaluated on."""
        return Prepared(facts, needs)

    def _try(self, expression: str, program: Any, example: Facts) -> None:
        try:
            result = program.execute(_context(dict(example)))
        except (KeyError, IndexError):
            return  # a custom field or a tag that the example does not have
        except Exception as problem:
            raise BadExpression(expression, str(problem)[:500]) from problem
        if not isinstance(result, bool):
            raise BadExpression(expression, f"it gives {type(result).__name__}, and must give true or false")


def _paths(expression: str, bare: str) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], frozenset[tuple[str, str]]]:
    """The paths that are shown in explanations, and the fields they begin with. Raises BadExpression for an unknown field."""
    paths: dict[tuple[str, ...], None] = {}
    needs: set[tuple[str, str]] = set()
    for root, rest, call in _PATH.findall(bare):
        names = [name.strip() for name in rest.split(".")[1:]]
        if call and names:
            names.pop()
        if not names:
            # The whole of it, as in ticket["priority"]: anything may be looked at.
            needs.update((root, name) for name in FIELDS[root])
        elif names[0] not in FIELDS[root]:
            raise BadExpression(expression, f"{root} has no {names[0]}; it has {', '.join(FIELDS[root])}")
        else:
            needs.add((root, names[0]))
            paths[(root, *names)] = None
    return tuple((".".join(path), path) for path in paths), frozenset(needs)


def content(ticket: Mapping[str, Any]) -> str:
    """Subject and text in lower case: what rules on words look at."""
    return f"{ticket.get('subject', '')}\n{ticket.get('text', '')}".lower()


def _shown(facts: Facts, path: tuple[str, ...]) -> str:
    value: Any = facts
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
