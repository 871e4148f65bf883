"""What must be so for a request to be carried out (RFC 9110 §13): the version that a configuration has."""

from typing import Annotated

from fastapi import Header

from deskstream_chassis.refusals import PreconditionRequired

IfMatch = Annotated[str | None, Header(description="The version that is to be replaced.", pattern=r'^(W/)?"?[0-9]{1,9}"?$')]


RequiredIfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The version that is to be replaced; * for any.", pattern=r'^(\*|(W/)?"?[0-9]{1,9}"?)$'),
]


def required_version(if_match: str | None) -> int | None:
    """The version that is to be replaced, or None where any may be (`*`). Raises PreconditionRequired where nothing is said."""
    if if_match is None:
        raise PreconditionRequired("If-Match is needed: the version that is to be replaced, or * for any.", pointer="If-Match")
    return None if if_match == "*" else int(if_match.removeprefix("W/").strip('"'))


def expected_version(if_match: str | None, in_body: int | None) -> int | None:
    """The version that is to be replaced, or None where any may be: If-Match (§13.1.1) goes before what the body says."""
    return in_body if if_match is None else int(if_match.removeprefix("W/").strip('"'))
