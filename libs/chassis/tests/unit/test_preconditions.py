"""Which version a request expects."""

import pytest

from deskstream_chassis.refusals import PreconditionRequired
from deskstream_chassis.web.preconditions import expected_version, required_version


@pytest.mark.parametrize(
    ("if_match", "in_body", "expected"),
    [(None, None, None), (None, 5, 5), ('"7"', 5, 7), ('W/"8"', None, 8), ("9", 5, 9), ("*", 5, None)],
)
def test_if_match_goes_before_the_version_that_the_body_expects(
    if_match: str | None, in_body: int | None, expected: int | None
) -> None:
    assert expected_version(if_match, in_body) == expected


def test_what_is_replaced_as_a_whole_is_named() -> None:
    assert (required_version('"3"'), required_version("*")) == (3, None)
    with pytest.raises(PreconditionRequired):
        required_version(None)
