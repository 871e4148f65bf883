"""What a condition looks at, and what it may cost on the largest ticket: its tree, walked once with the sizes that values can have.

Costs are microseconds of CPU, estimated from above: they were measured (tests/unit/test_condition_limits.py holds them against
the clock). Sizes are characters. Kinds are told apart as far as they are certain, so that what can never match is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from routing_svc.adapters.cel_pattern import pattern_cost
from routing_svc.adapters.cel_syntax import (
    Call,
    Comprehension,
    Constant,
    Field,
    Index,
    ListOf,
    MapOf,
    Name,
    Node,
    Operation,
    Unreadable,
)
from routing_svc.domain.conditions import FIELDS, MOST_ENTRIES, MOST_TAGS, most_characters

MAX_COST: Final = 20_000.0
"""Microseconds for one condition."""

_STEP: Final = 0.5
_CHARACTER: Final = 0.002

_TEXT_TESTS: Final = frozenset({"contains", "startsWith", "endsWith", "matches"})
_RESULTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("mentions", "has", *_TEXT_TESTS), "bool"),
    **dict.fromkeys(("size", "int", "uint", "double"), "number"),
    **dict.fromkeys(("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"), "number"),
    **dict.fromkeys(("getHours", "getMinutes", "getSeconds"), "number"),
    **dict.fromkeys(("max", "min", "type", "dyn", "bytes", "timestamp", "duration"), "any"),
    "string": "text",
}
_WORDS: Final = {"bool": "true or false", "text": "a text", "list": "a list", "map": "a map", "number": "a number", "null": "null"}
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Value:
    """What is known of a value beforehand: its kind, the most characters in all of it, and how many things it holds.

    `of` is the kind of what it holds, and `each` the most characters in one of those.
    """

    kind: str
    size: float = 1
    items: float = 1
    of: str = "any"
    each: float = 1

    def one(self) -> "Value":
        """One of what it holds, which may hold as many things as it has characters."""
        return Value(self.of, self.each, max(self.items, self.each), "any", self.each)


def _field(root: str, name: str) -> Value:
    example = FIELDS[root][name]
    if isinstance(example, list):
        return Value("list", MOST_TAGS * most_characters("tag"), MOST_TAGS, "text", most_characters("tag"))
    if isinstance(example, dict):
        longest = most_characters("custom_fields")
        # Of which kind one is, its definition says, which may change.
        return Value("map", MOST_ENTRIES * 2 * longest, MOST_ENTRIES, "any", longest)
    return Value("text", most_characters(name)) if isinstance(example, str) else Value("number")


class Look:
    """Walks a tree: what it needs, the paths that explanations show, its cost. Raises Unreadable for what no ticket can answer."""

    def __init__(self, tree: Node, roots: frozenset[str]) -> None:
        self._roots = roots
        self._bound: dict[str, Value] = {}
        self._times = 1.0
        self.cost = 0.0
        self.needs: dict[tuple[str, str], None] = {}
        self.paths: dict[tuple[str, ...], None] = {}
        result = self._of(tree)
        if result.kind not in ("bool", "any"):
            raise Unreadable(f"it gives {_WORDS[result.kind]}, and must give true or false")

    def _pay(self, cost: float) -> None:
        self.cost += self._times * cost
        if self.cost > MAX_COST:
            raise Unreadable("it may take too long on a large ticket: ask less of each tag or word, or with fewer texts")

    def _of(self, node: Node) -> Value:
        self._pay(_STEP)
        match node:
            case Constant():
                return Value(node.kind, len(node.source) + 1)
            case Name():
                return self._name(node)
            case Field():
                return self._path(node)
            case Index():
                held, _ = self._of(node.of), self._of(node.key)
                self._pay(held.size * _CHARACTER)
                return held.one()
            case Call():
                return self._call(node)
            case Comprehension():
                return self._each(node)
            case ListOf() | MapOf():
                return self._held(node)
            case Operation():
                return self._operation(node)

    def _name(self, node: Name) -> Value:
        if node.name in self._bound:
            return self._bound[node.name]
        if node.name not in self._roots:
            hint = "only escalation rules know sla" if node.name == "sla" else f"there are {', '.join(sorted(self._roots))}"
            raise Unreadable(f"{node.name} is not known here: {hint}")
        # The whole of it: anything may be looked at.
        self.needs.update(dict.fromkeys((node.name, name) for name in FIELDS[node.name]))
        fields = [_field(node.name, name) for name in FIELDS[node.name]]
        size = sum(f.size for f in fields)
        self._pay(size * _CHARACTER)
        return Value("map", size, len(fields), "any", max(f.size for f in fields))

    def _path(self, node: Field) -> Value:
        names, of = [node.name], node.of
        while isinstance(of, Field):
            names.append(of.name)
            of = of.of
        names.reverse()
        if not isinstance(of, Name) or of.name in self._bound or of.name not in self._roots:
            held = self._of(node.of)
            self._pay(held.size * _CHARACTER)
            return held.one()
        if names[0] not in FIELDS[of.name]:
            raise Unreadable(f"{of.name} has no {names[0]}; it has {', '.join(FIELDS[of.name])}")
        self.needs[of.name, names[0]] = None
        self.paths[(of.name, *names)] = None
        found = _field(of.name, names[0])
        # A map is copied to look into it.
        self._pay(found.size * _CHARACTER if len(names) > 1 or found.kind != "text" else _STEP)
        return found if len(names) == 1 else found.one()

    def _held(self, node: ListOf | MapOf) -> Value:
        held = [self._of(item) for item in node.items]
        kinds = {h.kind for h in held}
        size = sum(h.size for h in held)
        self._pay(size * _CHARACTER)
        kind, of = "list" if isinstance(node, ListOf) else "map", kinds.pop() if len(kinds) == 1 else "any"
        return Value(kind, size, len(held), of, max((h.size for h in held), default=1))

    def _each(self, node: Comprehension) -> Value:
        if self._times > 1 or self._bound:
            raise Unreadable(f"{node.macro} stands inside another of its kind")
        if node.variable in FIELDS:
            raise Unreadable(f"{node.variable} is the name of something else: call each of them otherwise")
        over = self._of(node.over)
        if over.kind not in ("list", "map", "any"):
            raise Unreadable(f"{node.macro} asks each of a list, and this is {_WORDS[over.kind]}")
        # Of a map it is asked of each key; what a list of lists holds is not told apart.
        self._bound = {node.variable: replace(over.one(), kind=over.of if over.kind == "list" else "any")}
        self._times = max(over.items, 1.0)
        results = [self._of(body) for body in node.body]
        self._times, self._bound = 1.0, {}
        if node.macro not in ("map", "filter"):
            return Value("bool")
        made = results[-1] if node.macro == "map" else replace(over.one(), kind=over.of)
        # The list that is made is copied for each that is added to it.
        self._pay(over.items * (over.items + 1) / 2 * made.size * _CHARACTER)
        if node.macro == "filter":
            return over if over.kind == "list" else replace(over, kind="list", of="any")
        return Value("list", over.items * made.size, over.items, made.kind, made.size)

    def _call(self, node: Call) -> Value:
        if node.function not in _RESULTS:
            raise Unreadable(f"there is no function {node.function}")
        arguments = [self._of(argument) for argument in node.arguments]
        size = sum(a.size for a in arguments)
        self._pay(size * _CHARACTER)
        if node.function == "mentions":
            self._mentions(node, arguments)
        elif node.function in _TEXT_TESTS and any(a.kind not in ("text", "any") for a in arguments):
            raise Unreadable(f"{node.function} looks for a text in a text; for one of a list there is: 'vip' in ticket.tags")
        if node.function == "matches":
            self._pay(pattern_cost(_pattern(node), arguments[0].size))
        items, each = max((a.items for a in arguments), default=1), max((a.each for a in arguments), default=1)
        return Value(_RESULTS[node.function], size, items, "any", max(each, size))

    def _mentions(self, node: Call, arguments: list[Value]) -> None:
        usage = "mentions(ticket.content, ['invoice', 'Rechnung'])"
        if len(arguments) != 2 or arguments[0].kind not in ("text", "any"):
            raise Unreadable(f"mentions takes a text, and a list of words to look for: {usage}")
        words = arguments[1]
        if words.kind not in ("list", "any") or (words.kind == "list" and words.of not in ("text", "any") and words.items):
            raise Unreadable(f"mentions looks for the words of a list: {usage}")
        written = node.arguments[1]
        if isinstance(written, ListOf):
            for word in written.items:
                if isinstance(word, Constant) and (word.kind != "text" or not word.source):
                    raise Unreadable(f"a word to look for is a text, and not empty: {usage}")
        self._pay(2 + (words.items + 1) * arguments[0].size * _CHARACTER)

    def _operation(self, node: Operation) -> Value:
        operands = [self._of(operand) for operand in node.operands]
        match node.operator:
            case "&&" | "||" | "!":
                self._only(node.operator, operands, "bool")
                return Value("bool")
            case "?":
                return self._choice(*operands)
            case "in":
                return self._membership(*operands)
            case "==" | "!=" | "<" | "<=" | ">" | ">=":
                return self._comparison(node.operator, operands)
            case "+":
                return self._sum(operands)
            case operator:
                self._only(operator, operands, "number")
                return Value("number" if any(o.kind == "number" for o in operands) else "any")

    def _choice(self, condition: Value, this: Value, that: Value) -> Value:
        self._only("?", [condition], "bool")
        same = this.kind == that.kind
        return Value(
            this.kind if same else "any",
            max(this.size, that.size),
            max(this.items, that.items),
            this.of if same and this.of == that.of else "any",
            max(this.each, that.each),
        )

    def _membership(self, one: Value, held: Value) -> Value:
        if held.kind not in ("list", "map", "any"):
            raise Unreadable(f"`in` looks into a list, and this is {_WORDS[held.kind]}: use contains or mentions")
        if held.kind == "list" and {held.of, one.kind}.isdisjoint({"any", "null"}) and held.of != one.kind:
            raise Unreadable(f"{_WORDS[one.kind]} is never in a list that holds {_WORDS[held.of]} each")
        self._pay((held.size + held.items * one.size) * _CHARACTER)
        return Value("bool")

    def _comparison(self, operator: str, operands: list[Value]) -> Value:
        kinds = {o.kind for o in operands} - {"any", "null"}
        if len(kinds) > 1:
            one, other = sorted(_WORDS[kind] for kind in kinds)
            raise Unreadable(f"{one} is never {operator} {other}")
        self._pay(sum(o.size for o in operands) * _CHARACTER)
        return Value("bool")

    def _sum(self, operands: list[Value]) -> Value:
        kinds, of = {o.kind for o in operands} - {"any"}, {o.of for o in operands}
        kind = next((k for k in ("text", "list") if k in kinds), "number")
        self._only("+", operands, kind)
        size = sum(o.size for o in operands)
        self._pay(size * _CHARACTER * len(operands))
        return Value(
            kind if kinds else "any",
            size,
            sum(o.items for o in operands),
            of.pop() if len(of) == 1 else "any",
            max(o.each for o in operands),
        )

    def _only(self, operator: str, operands: list[Value], kind: str) -> None:
        for operand in operands:
            if operand.kind not in (kind, "any"):
                raise Unreadable(f"{operator} is not for {_WORDS[operand.kind]}")


def _pattern(node: Call) -> str:
    """The pattern that a text is to match, as the library gets it."""
    pattern = node.arguments[1] if len(node.arguments) == 2 else None
    if not isinstance(pattern, Constant):
        raise Unreadable("matches takes a pattern that is written out: ticket.subject.matches('(?i)order \\\\d+')")
    source = pattern.source
    if not pattern.raw:
        escapes = set(_ESCAPE.findall(source))
        if escapes & set("xXuU01234567"):
            raise Unreadable("a pattern's characters are written as they are, without \\x, \\u or octal numbers")
        source = _ESCAPE.sub(r"\1", source)
    if re.search(r"\(\?[A-Za-z-]*x", source):
        raise Unreadable("a pattern has no flag x")
    return source
