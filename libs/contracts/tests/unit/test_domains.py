"""Domains of addresses, as they are compared."""

import pytest

from deskstream_contracts.domains import canonical, holders, readable


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ACME.example", "acme.example"),
        (" acme.example. ", "acme.example"),
        ("Bücher.Example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("*.Bücher.example", "*.xn--bcher-kva.example"),
        ("bücher.example\u3002", "xn--bcher-kva.example"),
        ("büro_1.example", "büro_1.example"),
        ("", ""),
    ],
)
def test_a_domain_has_one_form_however_it_is_written(written: str, kept: str) -> None:
    assert canonical(written) == kept
    assert canonical(kept) == kept


def test_it_is_shown_as_people_write_it() -> None:
    assert readable("xn--bcher-kva.example") == "bücher.example"
    assert readable("acme.example") == "acme.example"
    assert readable("xn--nonsense-.example") == "xn--nonsense-.example"


def test_the_most_particular_holder_comes_first_and_nobody_holds_a_whole_top_level() -> None:
    assert holders("mail.eu.acme.example") == ("mail.eu.acme.example", "*.eu.acme.example", "*.acme.example")
    assert holders("acme.example") == ("acme.example",)
