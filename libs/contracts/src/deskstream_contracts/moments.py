"""Moments that people name in a question (`since`, `before`)."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime


def _that_can_be_kept(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("UTC has no such moment") from error


Moment = Annotated[AwareDatetime, AfterValidator(_that_can_be_kept)]
"""RFC 3339 with an offset, as UTC has it; one that UTC does not have (the end of the year 9999 far in the west) is refused, and not
left to the database."""
