"""Who is asking, with which token."""

from dataclasses import dataclass

from deskstream_chassis.web.subjects import Subject


@dataclass(frozen=True, slots=True)
class Session:
    """A subject with the token that they came with; `correlation_id` follows the request through every service.

    `expires_at` and `issued_at` (0 where the token does not say): Unix seconds. `roles` are those of the token; the subject's are
    all that these include.
    """

    subject: Subject
    jti: str
    expires_at: float
    correlation_id: str
    issued_at: float = 0.0
    roles: tuple[str, ...] = ()


def known_as(id_: str, name: str) -> frozenset[str]:
    """What whoever revokes may call a subject: their id or their name, without regard to case."""
    return frozenset({id_.casefold(), name.casefold()}) - {""}
