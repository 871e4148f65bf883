"""What a pattern of `matches` costs: its positions are counted as they are when all its repetitions are written out.

The library compiles a pattern on each call, and runs it (https://docs.rs/regex) as an automaton whose states it makes as the text
asks for them. Made once a state costs nothing; a pattern that can be in very many makes one for each character of a text that was
written for it.
"""

import re
from dataclasses import dataclass
from math import exp2
from typing import Final

_POSITION_COMPILED: Final = 3.0
_CLASS_COMPILED: Final = 300.0  # \w is a table of Unicode's
_CHARACTER: Final = 0.02
_AT_A_BOUNDARY: Final = 0.5  # \b is looked for without an automaton
_STATE_MADE: Final = 3.0  # a character has up to four bytes, each a state
_POSITION_IN_STATE: Final = 0.004
_MOST_CHOICES: Final = 40
_MOST: Final = 1e9

_ATOM: Final = re.compile(
    r"""(?P<flags>\(\?[A-Za-z-]*\))|(?P<begin>\((?:\?(?:P?<[^>]*>|[A-Za-z-]*:))?)|(?P<end>\))|(?P<or>\|)
    |(?P<boundary>\\[bB])|(?P<class>\\[wWdDsS]|\\[pP](?:\{[^}]*\}|[A-Za-z])|\.|\[)|\\.|.""",
    re.DOTALL | re.VERBOSE,
)
_REPEATED: Final = re.compile(r"[*+?]|\{[\d\s,]*\}")


@dataclass(slots=True)
class _Part:
    """Of a pattern: its automaton's positions, those that are classes of characters, and how often it may go on in two ways."""

    positions: float = 0.0
    classes: float = 0.0
    choices: float = 0.0
    branches: bool = False

    def add(self, other: "_Part") -> None:
        self.positions = min(self.positions + other.positions, _MOST)
        self.classes = min(self.classes + other.classes, _MOST)
        self.choices = min(self.choices + other.choices, _MOST)

    def repeated(self, operator: str) -> "_Part":
        """`{2,5}` is written out five times, and may end after each; `*`, `+` and `?` are one choice."""
        counts = [int(n[:9]) for n in re.findall(r"\d+", operator)]
        if not counts:
            return _Part(self.positions + 2, self.classes, self.choices + 1)
        times = max(*counts, 1)
        more = 0 if len(counts) == 1 and "," not in operator else 1
        return _Part((self.positions + 2 * more) * times, self.classes * times, (self.choices + more) * times)

    def closed(self) -> "_Part":
        """As a group, which is remembered where it begins and ends."""
        return _Part(self.positions + 3, self.classes, self.choices + self.branches)


def pattern_cost(pattern: str, characters: float) -> float:
    """Microseconds to compile a pattern and to look for it in a text of so many characters; an estimate from above."""
    part, at_boundaries = _read(pattern)
    # Patterns of plain words come to no more states than they have letters; each choice may double that.
    states = part.positions * exp2(min(part.choices + part.classes, _MOST_CHOICES))
    compiled = part.positions * _POSITION_COMPILED + part.classes * _CLASS_COMPILED
    in_state = part.positions * _POSITION_IN_STATE
    searched = characters * (_AT_A_BOUNDARY + in_state if at_boundaries else _CHARACTER)
    return compiled + searched + min(states, characters) * (_STATE_MADE + in_state)


def _read(pattern: str) -> tuple[_Part, bool]:
    """All of a pattern, and whether it looks for the boundaries of words. One that is no pattern the library refuses."""
    # With the flag i a letter stands for several, and one that is not ASCII has several bytes.
    any_case = re.search(r"\(\?[A-Za-z]*i", pattern) is not None
    open_groups, at_boundaries, at = [_Part()], False, 0
    while at < len(pattern):
        found = _ATOM.match(pattern, at)
        assert found is not None
        at = found.end()
        match found.lastgroup:
            case "flags":
                continue
            case "begin":
                open_groups.append(_Part())
                continue
            case "or":
                open_groups[-1].add(_Part(2))
                open_groups[-1].branches = True
                continue
            case "end" if len(open_groups) > 1:
                part = open_groups.pop().closed()
            case "class":
                at = _end_of_class(pattern, at) if found[0] == "[" else at
                part = _Part(1, 1)
            case "boundary":
                at_boundaries, part = True, _Part(1)
            case _:
                part = _Part(2 if any_case or not found[0].isascii() else 1)
        while (operator := _REPEATED.match(pattern, at)) is not None:
            part, at = part.repeated(operator[0]), operator.end()
        open_groups[-1].add(part)
    whole = open_groups[0]
    for group in open_groups[1:]:
        whole.add(group.closed())
    return whole, at_boundaries


def _end_of_class(pattern: str, at: int) -> int:
    """Behind the bracket that closes a class; classes stand in each other. A closing one that comes first is text."""
    depth, first = 1, True
    while at < len(pattern) and depth:
        sign = pattern[at]
        at += 2 if sign == "\\" else 1
        if sign == "[":
            depth, first = depth + 1, True
        elif sign == "]" and not first:
            depth, first = depth - 1, False
        elif sign != "^":
            first = False
        else:
            first = first and pattern[at - 2] == "["
    return at
