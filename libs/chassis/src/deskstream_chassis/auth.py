"""Internal tokens: short-lived JWTs (RFC 7519, EdDSA) that every service verifies itself. No service trusts the network."""

import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

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

    def __init__(self, private_jwk: str, issuer: str) -> None:
        self._key = OKPKey.import_key(json.loads(private_jwk))
        self._issuer = issuer

    def token(self, caller: Caller, lifetime_seconds: int = 60) -> str:
        now = int(time.time())
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
    def __init__(self, public_jwk: str) -> None:
        self._key = OKPKey.import_key(json.loads(public_jwk))
        self._claims = jwt.JWTClaimsRegistry(
            leeway=5, aud={"essential": True, "value": AUDIENCE}, exp={"essential": True}, sub={"essential": True}
        )

    def caller(self, token: str) -> Caller:
        """Raises Unauthenticated for a token that is not ours, has ended, or is for somebody else."""
        try:
            decoded = jwt.decode(token, self._key, algorithms=_ALGORITHMS)
            self._claims.validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise Unauthenticated("The token is not valid.") from error
        claims = decoded.claims
        return Caller(str(claims["sub"]), str(claims.get("name", "")), frozenset(map(str, claims.get("roles", []))))


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
