"""Refusals: a command or a message that is understood and not accepted. Each kind maps to one HTTP status (RFC 9110)."""

import inspect
import re
from collections.abc import Mapping, Sequence, Set
from typing import Any, ClassVar


class Refusal(Exception):
    """Base of all refusals. The message is shown to the caller.

    `type` is for programs, where the status does not say enough; `members` are what such a problem has beside the usual (RFC 9457
    §3.2), as JSON. `code` names the refusal and `arguments` are what it was made of, so that others can say it in their words.
    """

    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request was refused"
    type: ClassVar[str] = "about:blank"
    members: Mapping[str, object] = {}
    arguments: Mapping[str, object] = {}

    def __new__(cls, *given: Any, **named: Any) -> "Refusal":
        made = super().__new__(cls, *given)
        # One without words of its own is made of its sentence.
        if cls.__init__ is not Refusal.__init__:
            bound = inspect.signature(cls.__init__).bind(made, *given, **named).arguments
            made.arguments = {name: _json(value) for name, value in bound.items() if name not in ("self", "detail", "pointer")}
        return made

    @classmethod
    def code(cls) -> str:
        """The name of the class in kebab case; docs/problems.md has all of them."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    def __init__(self, detail: str, *, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer


def token(part: object) -> str:
    """A reference token of a JSON Pointer (RFC 6901 §3)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def pointer(*parts: object) -> str:
    """Where something is in a request: a JSON Pointer as a fragment (RFC 6901 §6)."""
    return "#/" + "/".join(map(token, parts))


def _json(value: object) -> object:
    if value is None or isinstance(value, str | int | float):
        return value
    return [_json(one) for one in value] if isinstance(value, Sequence | Set) else str(value)


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


class OtherVersion(Conflict):
    """What is to be changed has another version than the caller expects. Expected by If-Match, it is PreconditionFailed."""


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
