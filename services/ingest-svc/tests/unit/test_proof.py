"""The short way to read Authentication-Results, held against the whole grammar."""

import pytest

from ingest_svc.adapters.parsing import authentication


@pytest.mark.parametrize(
    "value",
    [
        "mx.desk.example; dmarc=pass header.from=sample.com",
        "mx.desk.example 1; spf=pass smtp.mailfrom=a.b; dkim=pass header.d=sample.com; dmarc=fail header.from=sample.com",
        "mx.desk.example; dmarc=pass header.from=other.com; dmarc=pass header.from=sample.com",
        "mx.desk.example; dmarc=none",
        "MX.desk.example;dmarc=PASS header.from=SAMPLE.com.",
    ],
)
def test_the_short_way_and_the_whole_grammar_agree(value: str) -> None:
    assert authentication._PLAIN.fullmatch(value)
    assert authentication._plain(value) == authentication._parsed(value)


@pytest.mark.parametrize(
    "value",
    ["mx; dmarc=pass (a; dmarc=fail) header.from=b.c", 'mx; dmarc="pass" header.from=b.c', "mx; dmarc = pass"],
)
def test_comments_quotes_and_blanks_are_left_to_the_whole_grammar(value: str) -> None:
    assert not authentication._PLAIN.fullmatch(value)


@pytest.mark.parametrize(("length", "counts"), [(2000, True), (2001, False)])
def test_a_field_that_is_cut_says_nothing_and_nor_does_what_stands_below_it(length: int, counts: bool) -> None:
    field = "mx.desk.example; dmarc=pass header.from=a.example; spf=pass smtp.mailfrom=b.example; "
    field += "x=" + "y" * (length - len(field) - 2)
    below = "mx.desk.example; dmarc=pass header.from=b.example"
    found = authentication.verdicts([field, below], "mx.desk.example")
    assert [v.domains for v in found] == ([["a.example"]] if counts else [])
