"""Words in a text: what most rules ask for."""

import pytest

from routing_svc.adapters.expressions import CelExpressions, mentions


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("My INVOICE is wrong", ["invoice"], True),
        ("Die Rechnungsnummer fehlt", ["rechnung"], True),
        ("Straße", ["STRASSE"], True),
        ("Hello", ["invoice", "refund"], False),
        ("I want a refund", ["invoice", "refund"], True),
        ("Hello", [], False),
    ],
)
def test_a_word_is_found_without_regard_to_case_and_inside_longer_ones(text: str, words: list[str], expected: bool) -> None:
    assert mentions(text, words) is expected


def test_a_condition_can_ask_for_words() -> None:
    expressions = CelExpressions()
    condition = expressions.compile("mentions(ticket.content, ['invoice'])", "assignment")
    facts = {"ticket": {"subject": "My INVOICE", "text": ""}, "requester": {}, "organization": {}}
    assert condition.evaluate(expressions.prepare(facts, condition.needs)).matched
