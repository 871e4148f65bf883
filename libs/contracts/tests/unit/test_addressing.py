"""How addresses are compared."""

import pytest

from deskstream_contracts.addressing import folded


@pytest.mark.parametrize(
    ("address", "as_compared"),
    [
        ("Ann@ACME.example", "ann@acme.example"),
        ("JÖRG@Bücher.example", "jörg@bücher.example"),
        # The Kelvin sign, whose small letter is a k.
        ("\u212aim@free.example", "\u212aim@free.example"),
        ("J\xd6RG.\u212a@Free.example", "j\xf6rg.\u212a@free.example"),
        # The Ångström sign is another letter of the same kind, and no ASCII becomes of it.
        ("\u212b@free.example", "\xe5@free.example"),
        ("\u0130@free.example", "i\u0307@free.example"),
    ],
)
def test_letters_are_small_and_nobody_becomes_somebody_else(address: str, as_compared: str) -> None:
    assert folded(address) == as_compared
    assert folded(as_compared) == as_compared
