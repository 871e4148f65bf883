"""What must be so for a request to be carried out (RFC 9110 §13): the version that a configuration has."""

from typing import Annotated, Final

from fastapi import Header

from deskstream_chassis.refusals import PreconditionRequired

_VERSION: Final = r'^(\*|(W/)?"?[0-9]{1,9}"?)$'
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The version that is to be changed: where there is another, the request is refused (412). Left out, or *: any.",
        pattern=_VERSION,
    ),
]
REQUIRED: Final = "x-required"
"""Marks the header in the document: without it the request is refused, and not as a value that is wrong (RFC 6585 §3)."""
RequiredIfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="The version that is to be replaced; * for any. Left out, the request is refused (428).",
        pattern=_VERSION,
        json_schema_extra={REQUIRED: True},
    ),
]


def required_version(if_match: str | None) -> int | None:
    """The version that is to be replaced, or None where any may be (`*`). Raises PreconditionRequired where nothing is said."""
    if if_match is None:
        raise PreconditionRequired("If-Match is needed: the version that is to be replaced, or * for any.", pointer="If-Match")
    return expected_version(if_match)


def expected_version(if_match: str | None, in_body: int | None = None) -> int | None:
    """The version that is to be replaced, or None where any may be: If-Match (§13.1.1) goes before what the body says."""
    if if_match is None:
        return in_body
    return None if if_match == "*" else int(if_match.removeprefix("W/").strip('"'))
