"""Bearer tokens of people, programs and customers (JWT, HS256), and what a route asks of whoever comes with one."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol
from uuid import UUID

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from deskstream_chassis.refusals import Forbidden, Unauthenticated, Unavailable
from deskstream_chassis.run.clock import Clock
from deskstream_chassis.web.auth import Claims, decoded
from deskstream_chassis.web.subjects import Customer, Program, Role, Staff, Subject
from deskstream_contracts.visibility import EVERYTHING, NOTHING, Visibility
from gateway.domain.policy import widened
from gateway.domain.session import Session

ISSUER: Final = "deskstream"
AUDIENCE: Final = "deskstream-api"
PORTAL_AUDIENCE: Final = "deskstream-portal"
"""Of customers' tokens: neither opens what the other does."""
MOST_DAYS: Final = 366
"""So long a token may be good for, a program's too."""
_LONGEST_JTI: Final = 200
_ALGORITHMS: Final = ["HS256"]


def _nobody(_: Session) -> None:
    """Nobody keeps a list of what is used."""


class Revoked(Protocol):
    """The revoked tokens, by their `jti` (RFC 7519 §4.1.7) or by whose they are; before it is `ready`, nobody can be let in."""

    @property
    def ready(self) -> bool: ...

    def covers(self, session: Session) -> bool: ...


class Accounts:
    """Reads tokens. Raises Unauthenticated for one that is not ours, is for somebody else, has ended or was revoked.

    Whoever holds the secret can make one, so that a token nobody has heard of is taken; one that is good for longer than
    MOST_DAYS is not. `note` is told of each that staff and programs use.
    """

    def __init__(self, secrets: Sequence[str], revoked: Revoked, clock: Clock, note: Callable[[Session], None] = _nobody) -> None:
        self._note = note
        self._keys = [OctKey.import_key(secret) for secret in secrets]
        self._revoked = revoked
        self._clock = clock
        self._claims = {
            audience: jwt.JWTClaimsRegistry(
                now=lambda: int(clock.now().timestamp()),
                leeway=5,
                iss={"essential": True, "value": ISSUER},
                aud={"essential": True, "value": audience},
                exp={"essential": True},
                sub={"essential": True},
                jti={"essential": True},
            )
            for audience in (AUDIENCE, PORTAL_AUDIENCE)
        }

    def session(self, token: str, correlation_id: str, audience: str = AUDIENCE) -> Session:
        """A session on the face of `audience`: of staff and programs, or of customers."""
        try:
            claims = decoded(token, self._keys, _ALGORITHMS)
            self._claims[audience].validate(claims)
            subject = _customer(claims) if audience == PORTAL_AUDIENCE else _staff_or_program(claims)
            session = _session(subject, claims, correlation_id)
        except (JoseError, ValueError, TypeError, OverflowError) as error:
            raise Unauthenticated("The token is not valid.") from error
        if session.expires_at > self._clock.now().timestamp() + MOST_DAYS * 86400:
            raise Unauthenticated(f"A token is good for {MOST_DAYS} days at most.")
        if not self._revoked.ready:
            raise Unavailable("It is not known yet which tokens are revoked.")
        if not self.holds(session):
            raise Unauthenticated("The token has been revoked.")
        if audience == AUDIENCE:
            self._note(session)
        return session

    def holds(self, session: Session) -> bool:
        """Whether the session may go on: for streams, which outlive their first look at the token."""
        return not self._revoked.covers(session) and self._clock.now().timestamp() < session.expires_at + 5


def _session(subject: Subject, claims: Claims, correlation_id: str) -> Session:
    jti, roles = str(claims["jti"]), () if isinstance(subject, Customer) else claims.get("roles", ())
    if not 1 <= len(jti) <= _LONGEST_JTI:
        raise ValueError(f"a jti has 1 to {_LONGEST_JTI} characters")
    issued_at = max(float(claims.get("iat", 0)), 0.0)
    return Session(subject, jti, float(claims["exp"]), correlation_id, issued_at, tuple(map(str, roles)))


def _customer(claims: Claims) -> Subject:
    # What they see is looked up for each request: a token says only who they are.
    return Customer(str(UUID(claims["sub"])), str(claims.get("name", "")), NOTHING)


def _staff_or_program(claims: Claims) -> Subject:
    roles = claims.get("roles")
    if not isinstance(roles, list):
        raise ValueError("roles is a list")
    widest = widened(map(str, roles))
    kind = Program if claims.get("kind") == "program" else Staff
    return kind(str(claims["sub"]), str(claims.get("name", "")), widest, visibility_of(widest))


def visibility_of(roles: frozenset[Role]) -> Visibility:
    """What staff and programs see: everything, or, who runs the desk and reads nobody's mail, nothing."""
    return EVERYTHING if Role.VIEWER in roles else NOTHING


def session_of(request: Request) -> Session:
    """The session that the guard has put there; without one nothing is answered."""
    session = request.scope.get("state", {}).get("session")
    if not isinstance(session, Session):
        raise Unauthenticated("A bearer token is needed.")
    return session


def requires(*roles: Role) -> Callable[[Request], Awaitable[Session]]:
    """A FastAPI dependency: the session, whose subject must have one of these roles (or one that includes it)."""

    async def dependency(request: Request) -> Session:
        session = session_of(request)
        if not session.subject.roles & set(roles):
            raise Forbidden(f"This needs one of the roles {', '.join(sorted(roles))}.")
        return session

    return dependency
