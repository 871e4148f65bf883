"""Bearer tokens of people and programs (JWT, HS256), and what a route asks of its caller."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, Protocol

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from deskstream_chassis.refusals import Forbidden, Unauthenticated, Unavailable
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.web.auth import Staff, decoded
from gateway.domain.policy import widened
from gateway.domain.session import Session

ISSUER: Final = "deskstream"
AUDIENCE: Final = "deskstream-api"
_ALGORITHMS: Final = ["HS256"]


class Revoked(Protocol):
    ready: bool

    def __contains__(self, jti: str) -> bool: ...


class Accounts:
    """Reads tokens. Raises Unauthenticated for one that is not ours, is for somebody else, has ended or was revoked."""

    def __init__(self, secrets: Sequence[str], revoked: Revoked, clock: Clock) -> None:
        self._keys = [OctKey.import_key(secret) for secret in secrets]
        self._revoked = revoked
        self._clock = clock
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(clock.now().timestamp()),
            leeway=5,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
            jti={"essential": True},
        )

    def session(self, token: str, correlation_id: str) -> Session:
        try:
            claims = decoded(token, self._keys, _ALGORITHMS)
            self._claims.validate(claims)
            caller = _caller(claims)
        except (JoseError, ValueError, TypeError) as error:
            raise Unauthenticated("The token is not valid.") from error
        if not self._revoked.ready:
            raise Unavailable("It is not known yet which tokens are revoked.")
        session = Session(caller, str(claims["jti"]), float(claims["exp"]), correlation_id)
        if not self.holds(session):
            raise Unauthenticated("The token has been revoked.")
        return session

    def holds(self, session: Session) -> bool:
        """Whether the session may go on: for streams, which outlive their first look at the token."""
        return session.jti not in self._revoked and self._clock.now().timestamp() < session.expires_at + 5


def _caller(claims: Mapping[str, Any]) -> Subject:
    roles = claims.get("roles")
    if not isinstance(roles, list):
        raise ValueError("roles is a list")
    return Staff(str(claims["sub"]), str(claims.get("name", "")), widened(frozenset(map(str, roles))))


def session_of(request: Request) -> Session:
    """The session that the guard has put there; without one nothing is answered."""
    session = request.scope.get("state", {}).get("session")
    if not isinstance(session, Session):
        raise Unauthenticated("A bearer token is needed.")
    return session


def needs(*roles: str) -> Callable[[Request], Coroutine[Any, Any, Session]]:
    """A FastAPI dependency: the session, whose caller must have one of these roles (or one that includes it)."""

    async def dependency(request: Request) -> Session:
        session = session_of(request)
        if not session.caller.roles & set(roles):
            raise Forbidden(f"This needs one of the roles {', '.join(sorted(roles))}.")
        return session

    return dependency
