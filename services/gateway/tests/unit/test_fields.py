"""Custom fields as the read model has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.fields import searchable, texts_of


@given(st.dictionaries(st.text(), st.text() | st.lists(st.text()).map(str)))
def test_texts_come_back_as_they_were(texts: dict[str, str]) -> None:
    assert texts_of(searchable(texts)) == texts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('["a","b"]', ["a", "b"]), ('["ø"]', ["ø"]), ('["a", "b"]', '["a", "b"]'), ('["a",1]', '["a",1]'), ('["a"', '["a"'),
        ("[]", "[]"), ("a", "a"), ('["\\u00f8"]', '["\\u00f8"]'), ('["' * 50_000, '["' * 50_000),
    ],
)  # fmt: skip
def test_only_a_list_in_its_canonical_form_is_one(text: str, found: object) -> None:
    assert searchable({"key": text}) == {"key": found}
    assert texts_of(searchable({"key": text})) == {"key": text}
