"""Who is asking, with which token."""

from dataclasses import dataclass

from deskstream_chassis.web.subjects import Subject


@dataclass(frozen=True, slots=True)
class Session:
    """A subject with the token that they came with; `correlation_id` follows the request through every service.

    `expires_at`: Unix seconds. The subject's roles are all that the token's roles include.
    """

    subject: Subject
    jti: str
    expires_at: float
    correlation_id: str
