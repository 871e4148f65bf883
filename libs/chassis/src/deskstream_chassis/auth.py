"""Internal tokens: short-lived JWTs (RFC 7519, EdDSA) that every service verifies itself. No service trusts the network."""

import json
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OctKey, OKPKey

from deskstream_chassis.clock import Clock, SystemClock
from deskstream_chassis.refusals import Forbidden, Unauthenticated

AUDIENCE: Final = "deskstream-internal"
_ALGORITHMS: Final = ["Ed25519", "EdDSA"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: a person's or a program's account, and what it may do."""

    id: str
    name: str
    roles: frozenset[str]


class TokenSigner:
    """Makes internal tokens; only the gateway and the operator's command line hold the private key."""

    def __init__(self, private_jwk: str, issuer: str, clock: Clock | None = None) -> None:
        self._key = OKPKey.import_key(json.loads(private_jwk))
        self._issuer = issuer
        self._clock = clock or SystemClock()

    def token(self, caller: Caller, lifetime_seconds: int = 60) -> str:
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": caller.id,
            "name": caller.name,
            "roles": sorted(caller.roles),
            "iat": now,
            "exp": now + lifetime_seconds,
        }
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

    def caller(self, token: str) -> Caller:
        """Raises Unauthenticated for a token that is not ours, has ended, or is for somebody else."""
        try:
            claims = decoded(token, self._keys, _ALGORITHMS)
            self._claims.validate(claims)
        except (JoseError, ValueError) as error:
            raise Unauthenticated("The token is not valid.") from error
        return Caller(str(claims["sub"]), str(claims.get("name", "")), frozenset(map(str, claims.get("roles", []))))


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


def require(*roles: str) -> Callable[[Request], Coroutine[Any, Any, Caller]]:
    """A FastAPI dependency: the caller, who must have one of these roles."""

    async def dependency(request: Request) -> Caller:
        verifier: TokenVerifier = request.app.state.verifier
        caller = verifier.caller(bearer(request))
        if not caller.roles & set(roles):
            raise Forbidden(f"This needs one of the roles {', '.join(sorted(roles))}.")
        return caller

    return dependency
