"""The syntax of conditions: a tree of CEL text (https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax).

The library that evaluates them shows no tree, and what a condition costs cannot be told without one. This reader takes less than
the language has; what it does not take is refused before the library sees it, so that nothing deep or odd reaches its parser.
"""

import re
from dataclasses import dataclass
from typing import Final

MAX_DEPTH: Final = 12
"""How deep brackets, signs and `?:` may stand in each other, and how long a chain of `.field` may be."""
MAX_ITEMS: Final = 200
"""How many values a list, a map or a call may hold."""
MACROS: Final = frozenset({"all", "exists", "exists_one", "map", "filter"})

_LONGEST_NUMBER: Final = 40
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<raw>[rR](?:"[^"\n]*"|'[^'\n]*'))
    |(?P<text>\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?[uU]?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_PRECEDENCE: Final = (("||",), ("&&",), ("<", "<=", ">", ">=", "==", "!=", "in"), ("+", "-"), ("*", "/", "%"))
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_CONSTANTS: Final = {"true": "bool", "false": "bool", "null": "null"}
_RESERVED: Final = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "in",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)


class Unreadable(Exception):
    """Text that is no condition, with the reason for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is written out. `source` is the text between the quotes as it was written; `raw`: it has no escapes."""

    kind: str
    source: str
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """`of.name`, and `of["name"]` too."""

    of: "Node"
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    of: "Node"
    key: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of its `arguments`, of which the first is what stands before the dot where there is one."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`over.macro(variable, body…)`: what is asked of each of many."""

    macro: str
    over: "Node"
    variable: str
    body: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """Keys and values in turn."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator on what it stands between or before; `a && b && c` is one. `?` is the choice of three."""

    operator: str
    operands: tuple["Node", ...]


Node = Constant | Name | Field | Index | Call | Comprehension | ListOf | MapOf | Operation


def read(expression: str) -> Node:
    """The tree of a condition, in time linear in its length. Raises Unreadable."""
    reader = _Reader(_tokens(expression))
    found = reader.choice()
    if reader.kind != "end":
        raise Unreadable(f"it goes on where it should end, at {reader.text!r}")
    return found


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(expression):
        found = _TOKEN.match(expression, at)
        if found is None:
            raise Unreadable(f"{expression[at : at + 20]!r} cannot be read")
        at = found.end()
        kind = str(found.lastgroup)
        if kind == "raw" and found[0][-2] == "\\":
            raise Unreadable("a raw text does not end with a backslash")
        if kind == "number" and len(found[0]) > _LONGEST_NUMBER:
            raise Unreadable("a number is too long")
        if kind != "space":
            tokens.append((kind, found[0]))
    return [*tokens, ("end", "the end")]


class _Reader:
    """Recursive descent; how deep it goes is bounded by MAX_DEPTH."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def text(self) -> str:
        return self._tokens[self._at][1]

    def _next(self) -> str:
        text = self.text
        self._at += 1
        return text

    def _takes(self, *signs: str) -> bool:
        return self.kind in ("sign", "name") and self.text in signs

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise Unreadable(f"there is {self.text!r} where {sign!r} should stand")
        self._next()

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable(f"it is nested more than {MAX_DEPTH} deep")

    def choice(self) -> Node:
        """`condition ? this : that`, or anything that binds tighter."""
        condition = self._binary(0)
        if not self._takes("?"):
            return condition
        self._deeper()
        self._next()
        this = self._binary(0)
        self._expect(":")
        that = self.choice()
        self._depth -= 1
        return Operation("?", (condition, this, that))

    def _binary(self, level: int) -> Node:
        if level == len(_PRECEDENCE):
            return self._unary()
        left = self._binary(level + 1)
        while self._takes(*_PRECEDENCE[level]):
            operator = self._next()
            operands = [left, self._binary(level + 1)]
            while self._takes(operator):
                self._next()
                operands.append(self._binary(level + 1))
            left = self._joined(operator, operands)
        return left

    def _joined(self, operator: str, operands: list[Node]) -> Node:
        # 1 < 2 < 3 is what it says, (1 < 2) < 3; nobody means it.
        if operator in _PRECEDENCE[2] and (len(operands) > 2 or self._takes(*_PRECEDENCE[2])):
            raise Unreadable(f"one comparison follows another at {operator!r}: join them by &&")
        if len(operands) > MAX_ITEMS:
            raise Unreadable(f"more than {MAX_ITEMS} parts are joined by {operator!r}")
        return Operation(operator, tuple(operands))

    def _unary(self) -> Node:
        if not self._takes("!", "-"):
            return self._member()
        self._deeper()
        operator = self._next()
        operand = self._unary()
        self._depth -= 1
        return Operation(operator, (operand,))

    def _member(self) -> Node:
        found, links = self._primary(), 0
        while self._takes(".", "["):
            links += 1
            if links > MAX_DEPTH:
                raise Unreadable(f"a chain of fields and calls has more than {MAX_DEPTH} links")
            if self._next() == "[":
                found = self._index(found)
            elif self.kind != "name" or self.text in _RESERVED:
                raise Unreadable(f"there is {self.text!r} where a field's name should stand")
            else:
                name = self._next()
                found = self._method(found, name) if self._takes("(") else Field(found, name)
        return found

    def _index(self, of: Node) -> Node:
        self._deeper()
        key = self.choice()
        self._expect("]")
        self._depth -= 1
        if isinstance(key, Constant) and key.kind == "text":
            return Field(of, key.source)
        return Index(of, key)

    def _method(self, of: Node, name: str) -> Node:
        arguments = self._several("(")
        if name not in MACROS:
            return Call(name, (of, *arguments))
        variable, *body = arguments or [of]
        if not isinstance(variable, Name) or not 1 <= len(body) <= (2 if name == "map" else 1):
            raise Unreadable(f"{name} takes a name for each of them, and what is asked: tags.{name}(tag, tag == 'vip')")
        return Comprehension(name, of, variable.name, tuple(body))

    def _primary(self) -> Node:
        match self.kind, self.text:
            case "sign", "(":
                self._deeper()
                self._next()
                found = self.choice()
                self._expect(")")
                self._depth -= 1
                return found
            case "sign", "[":
                return ListOf(self._several("["))
            case "sign", "{":
                return MapOf(self._several("{"))
            case "number", text:
                self._next()
                return Constant("number", text)
            case "text", text:
                quotes = 3 if text[:3] in ('"""', "'''") else 1
                self._next()
                return Constant("text", text[quotes:-quotes])
            case "raw", text:
                self._next()
                return Constant("text", text[2:-1], raw=True)
            case "name", text if text in _CONSTANTS:
                self._next()
                return Constant(_CONSTANTS[text], text)
            case "name", text if text not in _RESERVED:
                self._next()
                return Call(text, self._several("(")) if self._takes("(") else Name(text)
            case _, text:
                raise Unreadable(f"there is {text!r} where a value should stand")

    def _several(self, opening: str) -> tuple[Node, ...]:
        """What stands between brackets, apart by commas (and, in a map, by colons). A comma at the end is allowed in lists."""
        self._deeper()
        self._expect(opening)
        closing, found = _CLOSING[opening], list[Node]()
        while not self._takes(closing):
            found.append(self.choice())
            if opening == "{":
                self._expect(":")
                found.append(self.choice())
            if len(found) > MAX_ITEMS:
                raise Unreadable(f"more than {MAX_ITEMS} values stand in one list")
            if not self._takes(closing):
                self._expect(",")
        self._expect(closing)
        self._depth -= 1
        return tuple(found)
