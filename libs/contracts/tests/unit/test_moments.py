"""Moments that people name in a question."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from deskstream_contracts.moments import Moment

MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


def test_a_moment_is_taken_as_utc_has_it() -> None:
    found = MOMENT.validate_python("2026-03-02T09:00:00+02:00")
    assert (found, found.tzinfo) == (datetime(2026, 3, 2, 7, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-03-02T09:00:00", "2026-02-30T00:00:00Z", "soon"]
)
def test_a_moment_that_cannot_be_kept_or_is_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(text)
