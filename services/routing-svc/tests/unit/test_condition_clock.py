"""Conditions against the clock: as many as may be put, on texts written for them, in the process that is killed after 2 s."""

import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import pytest

from routing_svc.adapters.expressions import CelExpressions
from routing_svc.adapters.trials import Trials
from routing_svc.domain.conditions import FIELDS, MOST_ENTRIES, MOST_TAGS, BadExpression, most_characters
from routing_svc.domain.decide import Case
from routing_svc.domain.roster import Roster
from routing_svc.domain.rules import MOST_MICROSECONDS, Actions, Rule
from routing_svc.domain.workforce import Workforce

pytestmark = pytest.mark.anyio
CEL: Final = CelExpressions()
NOW: Final = datetime(2026, 5, 4, 9, tzinfo=UTC)
SOME: Final = random.Random(1)
LARGE: Final = 25_000


def of(letters: str) -> str:
    return "".join(SOME.choice(letters) for _ in range(LARGE))


def pattern(written: Callable[[int], str]) -> Callable[[int], str]:
    return lambda n: f"ticket.text.matches(r'{written(n)}')"


CASES: Final = {
    # A text in which what has matched so far is another set of positions at each character.
    "alternatives": (pattern(lambda n: "(a|b)*a" + "(a|b)" * n + "Z"), of("ab")),
    "alternatives, counted": (pattern(lambda n: f"(a|b)*a(a|b){{{n}}}Z"), of("ab")),
    "alternatives, nested": (pattern(lambda n: f"(a|b)*a((a|b){{{n}}}){{2}}Z"), of("ab")),
    "characters of four bytes": (pattern(lambda n: "(😀|😁)*😀" + "(😀|😁)" * n + "Z"), of("😀😁")),
    "a class": (pattern(lambda n: f"[ab]*a[ab]{{{n}}}Z"), of("ab")),
    "a class of letters": (pattern(lambda n: rf"\w*a\w{{{n}}}Z"), of("abé中")),
    "a class in a class": (pattern(lambda n: rf"[[a]\w]{{{n}}}Z"), of("abé中")),
    "boundaries": (pattern(lambda n: r"\b(a|b)*a" + "(a|b)" * n + "Z"), of("ab")),
    "optional": (pattern(lambda n: "a?" * n + "Z"), of("a")),
    "optional, counted": (pattern(lambda n: f"(a?){{{n}}}Z"), of("a")),
    "repeated": (pattern(lambda n: "a*" * n + "Z"), of("a")),
    "counted": (pattern(lambda n: f"a{{0,{n}}}Z"), of("a")),
    "in any case": (pattern(lambda n: f"(?i)(k|s)*k(k|s){{{n}}}Z"), of("ksKSſ")),
    "a list that is made": (lambda n: f"size(ticket.tags.map(t, [{', '.join(['ticket.text'] * n)}])) == 0", of("😀")),
    "a list that is filtered": (lambda n: f"size([{', '.join(['ticket.text'] * n)}].filter(t, t != '')) == 0", of("😀")),
    "fields that are made": (lambda n: f"size(ticket.custom_fields.map(k, [{', '.join(['k'] * n)}])) == 0", of("😀")),
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def trials() -> AsyncIterator[Trials]:
    made = Trials()
    yield made
    await made.pool.close()


def largest(written: Callable[[int], str]) -> tuple[str, float]:
    """The largest of a kind that is taken, with its estimated cost."""
    for n in (1500, 900, 600, 400, 200, 100, 60, 40, 30, 20, 10, 8, 6, 5, 4, 3, 2, 1):
        try:
            return written(n), CEL.compile(written(n), "assignment").cost
        except BadExpression:
            continue
    raise AssertionError("none of them is taken")


@pytest.mark.parametrize("kind", list(CASES))
async def test_rules_that_may_be_put_are_decided_in_time_whatever_somebody_writes(trials: Trials, kind: str) -> None:
    written, text = CASES[kind]
    expression, cost = largest(written)
    fields = {f"{n:03}{text[: most_characters('custom_fields') - 3]}": "v" for n in range(MOST_ENTRIES)}
    facts = {root: dict(values) for root, values in FIELDS.items() if root != "sla"}
    facts["ticket"] |= {
        "text": text,
        "subject": text,
        "tags": [text[: most_characters("tag")]] * MOST_TAGS,
        "custom_fields": fields,
    }
    count = min(int(MOST_MICROSECONDS / cost), 90_000 // len(expression), 1000)
    rules = [Rule(UUID(int=n), f"{n}", 1, "assignment", (expression,), Actions(tags=("x",))) for n in range(count)]
    case = Case(UUID(int=1), 0, "high", None, None, facts)
    decision = await trials.case(UUID(int=2), rules, case, Roster(Workforce(), {}, {}), {}, NOW)
    assert count > 5
    assert [rule.matched for rule in decision.rules] == [False] * count
