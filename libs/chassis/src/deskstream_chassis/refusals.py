"""Refusals: a command or a message that is understood and not accepted. Each kind maps to one HTTP status (RFC 9110)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class Refusal(Exception):
    """Base of all refusals. The message is shown to the caller.

    `type` is for programs, where the status does not say enough; `members` are what such a problem has beside the usual (RFC 9457
    §3.2), as JSON.
    """

    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request was refused"
    type: ClassVar[str] = "about:blank"
    members: Mapping[str, object] = {}

    def __init__(self, detail: str, *, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer


class Unauthenticated(Refusal):
    status = 401
    title = "Not authenticated"


class Forbidden(Refusal):
    status = 403
    title = "Not allowed"


class NotFound(Refusal):
    status = 404
    title = "Not found"


class Conflict(Refusal):
    status = 409
    title = "In conflict with the present state"


class ChangedSince(Conflict):
    """What undoing would restore is not as the act has left it. `changed`: names of the fields."""

    title = "It has changed since"
    type = "deskstream:problem:changed-since"

    def __init__(self, detail: str, changed: Sequence[str]) -> None:
        super().__init__(detail)
        self.members = {"changed": list(changed)}


class PreconditionFailed(Refusal):
    """What the caller has seen is not what there is (RFC 9110 §13.1.1)."""

    status = 412
    title = "Changed in the meantime"


class PreconditionRequired(Refusal):
    """RFC 6585 §3: whoever replaces something says what he has seen."""

    status = 428
    title = "Say which version is to be replaced"


class Gone(Refusal):
    """It was there, and is not kept any more."""

    status = 410
    title = "No longer kept"


class TooLarge(Refusal):
    status = 413
    title = "Too large"


class Invalid(Refusal):
    """A value that is well-formed but cannot be accepted; `pointer` names it (RFC 6901)."""

    status = 422
    title = "Invalid value"


class TooMany(Refusal):
    """Whoever asks has as many of something as one may have (RFC 6585 §4)."""

    status = 429
    title = "Too many requests"


class Unavailable(Refusal):
    """Cannot be done now; trying again later is right."""

    status = 503
    title = "Try again later"
