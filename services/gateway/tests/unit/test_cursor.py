"""Cursors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.cursor import BadCursor, Cursors
from gateway.domain.filters import TicketFilters

SECRET = "s" * 40


@given(st.lists(st.text(max_size=30), max_size=4), st.text(max_size=30))
def test_what_was_sealed_is_opened_for_the_same_list(keys: list[str], scope: str) -> None:
    cursors = Cursors([SECRET])
    assert cursors.open(scope, cursors.seal(scope, keys)) == keys


def test_a_cursor_of_another_list_or_of_other_filters_is_refused() -> None:
    cursors = Cursors([SECRET])
    sealed = cursors.seal(TicketFilters(sort="due").scope("tickets"), ["a", "b"])
    for other in (TicketFilters().scope("tickets"), TicketFilters(sort="due").scope("customer 1")):
        with pytest.raises(BadCursor):
            cursors.open(other, sealed)
    with pytest.raises(BadCursor):
        Cursors(["t" * 40]).open(TicketFilters(sort="due").scope("tickets"), sealed)


def test_the_size_of_the_page_may_change_between_pages() -> None:
    assert TicketFilters(limit=10).scope("tickets") == TicketFilters(limit=20, cursor="x").scope("tickets")


@given(st.text(max_size=60))
def test_what_is_no_cursor_is_refused_and_nothing_worse(text: str) -> None:
    with pytest.raises(BadCursor):
        Cursors([SECRET]).open("tickets", text)


def test_while_the_secret_is_changed_cursors_of_the_old_one_are_opened_and_the_new_one_seals() -> None:
    old, changing, new = Cursors(["s" * 40]), Cursors(["t" * 40, "s" * 40]), Cursors(["t" * 40])
    assert changing.open("tickets", old.seal("tickets", ["a"])) == ["a"]
    assert new.open("tickets", changing.seal("tickets", ["a"])) == ["a"]
    with pytest.raises(BadCursor):
        new.open("tickets", old.seal("tickets", ["a"]))
