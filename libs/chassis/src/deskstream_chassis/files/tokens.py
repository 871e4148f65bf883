"""What opens one file to a service of the desk that sends it on: signed with a secret that only it and the file's owner have.

Internal tokens say who asks, and only the gateway makes them (ADR 8). This one says which file, and opens nothing else.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from deskstream_chassis.refusals import Unauthenticated
from deskstream_chassis.web.auth import decoded

_AUDIENCE: Final = "deskstream-file"
_LEEWAY_SECONDS: Final = 5
_LIFETIME_SECONDS: Final = 60


def file_token(secret: str, file: UUID, now: datetime) -> str:
    """A bearer token (JWT, HS256) for this file, good for a minute."""
    claims = {"aud": _AUDIENCE, "sub": str(file), "exp": int(now.timestamp()) + _LIFETIME_SECONDS}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))


def check_file_token(secrets: Sequence[str], token: str, file: UUID, now: datetime) -> None:
    """Raises Unauthenticated for a token that none of the secrets has signed, has ended, or opens something else."""
    try:
        claims: dict[str, Any] = decoded(token, [OctKey.import_key(secret) for secret in secrets], ["HS256"])
        jwt.JWTClaimsRegistry(
            now=lambda: int(now.timestamp()),
            leeway=_LEEWAY_SECONDS,
            aud={"essential": True, "value": _AUDIENCE},
            sub={"essential": True, "value": str(file)},
            exp={"essential": True},
        ).validate(claims)
    except (JoseError, ValueError) as error:
        raise Unauthenticated("The token is not valid for this file.") from error
