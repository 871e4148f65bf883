"""Who is asking, with which token."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """A caller with the token that they came with; `correlation_id` follows the request through every service.

    `expires_at`: Unix seconds. `caller.roles` holds all that the token's roles include.
    """

    caller: Subject
    jti: str
    expires_at: float
    correlation_id: str
