"""Internal tokens: short-lived JWTs (RFC 7519, EdDSA) that every service verifies itself. No service trusts the network."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from fastapi import Request
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OctKey, OKPKey

from deskstream_chassis.refusals import Forbidden, Unauthenticated
from deskstream_chassis.run.clock import Clock, SystemClock
from deskstream_chassis.web.subjects import Customer, Program, Role, Staff, Subject
from deskstream_contracts.visibility import EVERYTHING, Visibility

AUDIENCE: Final = "deskstream-internal"
_ALGORITHMS: Final = ["Ed25519", "EdDSA"]

Claims = Mapping[str, Any]
"""What a token says (RFC 7519 §4): JSON, of which nothing is believed before its signature is."""


class TokenSigner:
    """Makes internal tokens; only the gateway and the operator's command line hold the private key."""

    def __init__(self, private_jwk: str, issuer: str, clock: Clock | None = None) -> None:
        self._key = OKPKey.import_key(json.loads(private_jwk))
        self._issuer = issuer
        self._clock = clock or SystemClock()

    def token(self, subject: Subject, lifetime_seconds: int = 60) -> str:
        """A token that says who asks, and what of the tickets they see."""
        now = int(self._clock.now().timestamp())
        claims: dict[str, object] = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": subject.id,
            "name": subject.name,
            "kind": type(subject).__name__.lower(),
            "roles": sorted(subject.roles),
            "iat": now,
            "exp": now + lifetime_seconds,
        }
        if subject.visibility != EVERYTHING:
            claims["visibility"] = subject.visibility.model_dump(mode="json", exclude_defaults=True)
        return jwt.encode({"alg": "Ed25519"}, claims, self._key, algorithms=_ALGORITHMS)


class TokenVerifier:
    """`public_jwks`: a JWK, or a JWK Set (RFC 7517 §5), any of whose keys will do: while keys are changed there are two."""

    def __init__(self, public_jwks: str, clock: Clock | None = None) -> None:
        given = json.loads(public_jwks)
        self._keys = [OKPKey.import_key(jwk) for jwk in given.get("keys", [given])]
        now = (clock or SystemClock()).now
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now().timestamp()),
            leeway=5,
            aud={"essential": True, "value": AUDIENCE},
            exp={"essential": True},
            sub={"essential": True},
        )

    def subject(self, token: str) -> Subject:
        """Raises Unauthenticated for a token that is not ours, has ended, or is for somebody else."""
        try:
            claims = decoded(token, self._keys, _ALGORITHMS)
            self._claims.validate(claims)
            return _subject(claims)
        except (JoseError, ValueError) as error:
            raise Unauthenticated("The token is not valid.") from error


def _subject(claims: Claims) -> Subject:
    """Raises ValueError (pydantic's too) for a kind, a role or a visibility that is not ours."""
    id_, name = str(claims["sub"]), str(claims.get("name", ""))
    told = claims.get("visibility")
    if claims.get("kind") == "customer":
        # Only what is said is seen: a customer's token without a visibility shows nothing.
        return Customer(id_, name, Visibility.model_validate(told or {}))
    visibility = EVERYTHING if told is None else Visibility.model_validate(told)
    roles = frozenset(map(Role, claims.get("roles", [])))
    match claims.get("kind"):
        case "staff":
            return Staff(id_, name, roles, visibility)
        case "program":
            return Program(id_, name, roles, visibility)
        case other:
            raise ValueError(f"nobody is a {other!r}")


def decoded(token: str, keys: Sequence[OKPKey | OctKey], algorithms: list[str]) -> dict[str, Any]:
    """The claims of a token that one of these keys has signed. Raises JoseError or ValueError."""
    for key in keys[:-1]:
        with suppress(BadSignatureError):
            return jwt.decode(token, key, algorithms=algorithms).claims
    return jwt.decode(token, keys[-1], algorithms=algorithms).claims


def bearer(request: Request) -> str:
    """The bearer token of a request (RFC 6750 §2.1). Raises Unauthenticated where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("A bearer token is needed.")
    return token.strip()


def subject_of(request: Request) -> Subject:
    """Who asks, by the bearer token. Raises Unauthenticated."""
    verifier: TokenVerifier = request.app.state.verifier
    return verifier.subject(bearer(request))


def require(*roles: Role, customers: bool = False) -> Callable[[Request], Awaitable[Subject]]:
    """A FastAPI dependency: who asks, who must have one of these roles; with `customers`, customers may ask as well.

    What they may see is for the route to hold them to, by `visibility`.
    """

    async def dependency(request: Request) -> Subject:
        subject = subject_of(request)
        if isinstance(subject, Customer):
            if not customers:
                raise Forbidden("This is for the staff.")
        elif not subject.roles & set(roles):
            raise Forbidden(f"This needs one of the roles {', '.join(sorted(roles))}.")
        return subject

    return dependency
